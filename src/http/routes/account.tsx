import { PasswordPage } from '../../../views/account/password.tsx'
import type { Users } from '../../access/users.ts'
import type { SignIn } from '../../auth/sign-in.ts'
import { paths } from '../../paths.ts'
import { confirmPassword } from '../confirm-password.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { Routes, signedIn } from '../routing.ts'

/** What people change about their own account. */
export function accountRoutes({ signIn, users }: { signIn: SignIn; users: Users }): Routes {
  const routes = new Routes()

  routes.get('/account/password', signedIn, (c, actor) => c.render(<PasswordPage email={actor.email} errors={{}} />))

  routes.post(
    '/account/password',
    signedIn,
    async (c, actor) => {
      const fields = await readForm(c)
      const confirmation = await confirmPassword(c, signIn, actor, fields.secret('current-password'))
      if (!confirmation.ok) {
        c.status(confirmation.status)
        return c.render(<PasswordPage email={actor.email} errors={{ 'current-password': confirmation.error }} />)
      }
      const outcome = await users.changeOwnPassword(actor, confirmation.sessionId, fields.secret('new-password'))
      if (!outcome.ok) {
        c.status(422)
        return c.render(<PasswordPage email={actor.email} errors={{ 'new-password': outcome.error }} />)
      }
      setFlash(c, 'password-changed')
      return c.redirect(paths.ownPassword(), 303)
    },
    { maximumBody: 64 * 1024 },
  )

  return routes
}
