import { CredentialShareRemovalPage } from '../../../views/credentials/share-removal.tsx'
import { SharedCredentialsPage } from '../../../views/credentials/shared.tsx'
import { SharedReturnPage } from '../../../views/credentials/shared-return.tsx'
import { type CredentialShareForm, CredentialSharing } from '../../../views/credentials/sharing.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import type { SharedAccounts } from '../../credentials/shared-accounts.ts'
import type { CredentialSharing as Sharing } from '../../credentials/sharing.ts'
import { credentialTypes } from '../../credentials/types/registry.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'
import { selectedPage } from './credentials.tsx'

type Dependencies = {
  readonly credentialQueries: CredentialQueries
  readonly credentialSharing: Sharing
  readonly shared: SharedAccounts
}

/** The tab **Sharing** of a credential, and the list of what others share with the actor. */
export function credentialSharingRoutes(deps: Dependencies): Routes {
  const { credentialQueries: queries, credentialSharing: sharing, shared } = deps
  const routes = new Routes()

  routes.get('/credentials/shared', withStoredCredentials, async (c, actor) => {
    const after = c.req.query('after')
    const page = await shared.list(actor, after)
    return c.render(<SharedCredentialsPage page={page} after={after} types={credentialTypes} />)
  })

  routes.get('/credentials/shared/:id/return', withStoredCredentials, async (c, actor) =>
    c.render(<SharedReturnPage credential={await shared.show(actor, idOf(c))} />),
  )

  routes.post('/credentials/shared/:id/return', withStoredCredentials, async (c, actor) => {
    await sharing.giveBack(actor, idOf(c))
    setFlash(c, 'credentials-given-back')
    return c.redirect(paths.sharedCredentials(), 303)
  })

  async function sharingPage(c: AppContext, actor: UserActor, form: CredentialShareForm) {
    const detail = await queries.show(actor, idOf(c))
    const people = await sharing.people(actor, detail.id)
    const content = <CredentialSharing id={detail.id} people={people} form={form} />
    const invalid = form.error !== undefined
    return selectedPage(c, actor, queries, detail, { tab: 'Sharing', content, invalid })
  }

  routes.get('/credentials/:id/sharing', withStoredCredentials, async (c, actor) =>
    c.render(await sharingPage(c, actor, { email: '' })),
  )

  routes.post('/credentials/:id/sharing', withStoredCredentials, async (c, actor) => {
    const email = (await readForm(c)).text('email')
    const outcome = await sharing.share(actor, idOf(c), email)
    if (outcome.ok) {
      setFlash(c, 'credentials-shared')
      return c.redirect(paths.credentialSharing(idOf(c)), 303)
    }
    c.status(422)
    return c.render(await sharingPage(c, actor, { email, error: outcome.error }))
  })

  routes.get('/credentials/:id/sharing/:userId/removal', withStoredCredentials, async (c, actor) => {
    const credential = await queries.show(actor, idOf(c))
    const people = await sharing.people(actor, credential.id)
    const person = people.find(({ userId }) => userId === c.req.param('userId'))
    if (person === undefined) throw new NotFound()
    return c.render(<CredentialShareRemovalPage credential={credential} person={person} />)
  })

  routes.post('/credentials/:id/sharing/:userId/removal', withStoredCredentials, async (c, actor) => {
    await sharing.unshare(actor, idOf(c), c.req.param('userId') ?? '')
    setFlash(c, 'credentials-unshared')
    return c.redirect(paths.credentialSharing(idOf(c)), 303)
  })

  return routes
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}
