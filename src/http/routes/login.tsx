import { LoginPage } from '../../../views/login/page.tsx'
import type { Setup } from '../../auth/setup.ts'
import type { SignIn } from '../../auth/sign-in.ts'
import { paths } from '../../paths.ts'
import { tooManyAttempts } from '../confirm-password.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { safeNext } from '../next.ts'
import { type AppContext, anyone, Routes, signedIn } from '../routing.ts'
import { forgetSession, sessionToken, setSession } from '../session.ts'

type Dependencies = { readonly signIn: SignIn; readonly setup: Pick<Setup, 'isDone'> }

/** Signing in and out. */
export function loginRoutes({ signIn, setup }: Dependencies): Routes {
  const routes = new Routes()

  routes.get('/login', anyone, async (c) => {
    if (c.get('actor') !== null) return c.redirect(nextOf(c) ?? paths.home(), 303)
    if (!(await setup.isDone())) return c.redirect(paths.home(), 303)
    return c.render(<LoginPage next={nextOf(c)} email="" />)
  })

  routes.post(
    '/login',
    anyone,
    async (c) => {
      const fields = await readForm(c)
      const email = fields.text('email')
      const origin = { address: c.get('address'), requestId: c.get('requestId') }
      const outcome = await signIn.signIn({ email, password: fields.secret('password') }, origin, sessionToken(c))
      if (outcome.kind === 'signed-in') {
        setSession(c, outcome.session)
        return c.redirect(nextOf(c) ?? paths.home(), 303)
      }
      if (outcome.kind === 'throttled') c.header('Retry-After', String(outcome.retryAfterSeconds))
      c.status(outcome.kind === 'throttled' ? 429 : 422)
      const error = outcome.kind === 'throttled' ? tooManyAttempts(outcome.retryAfterSeconds) : wrong
      return c.render(<LoginPage next={nextOf(c)} email={email} error={error} />)
    },
    { maximumBody: 64 * 1024 },
  )

  routes.post('/logout', signedIn, async (c, actor) => {
    await signIn.signOut(actor, sessionToken(c) ?? '')
    forgetSession(c)
    setFlash(c, 'signed-out')
    return c.redirect(paths.login(), 303)
  })

  return routes
}

const wrong = 'E-mail and password do not fit together. Check both and try again.'

function nextOf(c: AppContext): string | undefined {
  return safeNext(c.req.query('next'))
}
