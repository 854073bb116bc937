import { DestinationConfirmationPage } from '../../../views/associations/confirmation.tsx'
import { NewAssociationPage } from '../../../views/associations/new.tsx'
import { AssociationRemovalPage, LastAssociationPage } from '../../../views/associations/removal.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { SignIn } from '../../auth/sign-in.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import type { Vault } from '../../credentials/vault.ts'
import { paths } from '../../paths.ts'
import { confirmPassword } from '../confirm-password.ts'
import { associatedFlash, setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'

type Dependencies = {
  readonly vault: Vault
  readonly credentialQueries: CredentialQueries
  readonly signIn: SignIn
}

/** The pages that bind credentials to connections and take the bond away. */
export function associationRoutes(deps: Dependencies): Routes {
  const { vault, credentialQueries: queries, signIn } = deps
  const routes = new Routes()

  async function bond(c: AppContext, actor: UserActor) {
    const credential = await queries.show(actor, c.req.param('id') ?? '')
    const connectionId = c.req.param('connectionId') ?? ''
    const association = credential.associations.find((one) => one.connectionId === connectionId)
    if (association === undefined) throw new NotFound()
    return { credential, association }
  }

  async function newPage(c: AppContext, actor: UserActor, error?: string) {
    const id = c.req.param('id') ?? ''
    const [{ name }, connections] = [await queries.show(actor, id), await queries.associable(actor, id)]
    return <NewAssociationPage credential={{ id, name }} connections={connections} {...(error ? { error } : {})} />
  }

  routes.get('/credentials/:id/associations/new', withStoredCredentials, async (c, actor) =>
    c.render(await newPage(c, actor)),
  )

  routes.post('/credentials/:id/associations/new', withStoredCredentials, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const fields = await readForm(c)
    const connectionId = fields.id('connection')
    if (connectionId === null) {
      c.status(422)
      return c.render(await newPage(c, actor, 'Choose a data connection.'))
    }
    const shown = fields.text(`destination-${connectionId}`) || undefined
    const outcome = await vault.associate(actor, id, connectionId, shown)
    setFlash(c, associatedFlash(outcome))
    const moved = !outcome.ok && outcome.reason === 'destination changed'
    return c.redirect(moved ? paths.newAssociation(id) : paths.credential(id), 303)
  })

  routes.get('/credentials/:id/associations/:connectionId/removal', withStoredCredentials, async (c, actor) => {
    const from = c.req.query('from') === 'connection' ? 'connection' : 'credential'
    return c.render(<AssociationRemovalPage {...(await bond(c, actor))} from={from} />)
  })

  routes.post('/credentials/:id/associations/:connectionId/removal', withStoredCredentials, async (c, actor) => {
    const [id, connectionId] = [c.req.param('id') ?? '', c.req.param('connectionId') ?? '']
    const from = (await readForm(c)).text('from')
    const { remaining } = await vault.dissociate(actor, id, connectionId)
    if (remaining === 0) return c.redirect(paths.lastAssociation(id), 303)
    setFlash(c, 'association-removed')
    return c.redirect(from === 'connection' ? paths.connectionCredentials(connectionId) : paths.credential(id), 303)
  })

  routes.get('/credentials/:id/last-association', withStoredCredentials, async (c, actor) => {
    const credential = await queries.show(actor, c.req.param('id') ?? '')
    // The question makes sense only while nothing is associated.
    if (credential.associations.length > 0) return c.redirect(paths.credential(credential.id), 303)
    return c.render(<LastAssociationPage credential={credential} />)
  })

  routes.post('/credentials/:id/last-association', withStoredCredentials, async (c, actor) => {
    const credential = await queries.show(actor, c.req.param('id') ?? '')
    const keep = (await readForm(c)).text('intent') === 'keep' || credential.associations.length > 0
    if (keep) {
      setFlash(c, 'credentials-kept')
      return c.redirect(paths.credential(credential.id), 303)
    }
    await vault.delete(actor, credential.id)
    setFlash(c, 'credentials-deleted')
    return c.redirect(paths.credentials(), 303)
  })

  routes.post('/credentials/:id/associations/:connectionId/default', withStoredCredentials, async (c, actor) => {
    const [id, connectionId] = [c.req.param('id') ?? '', c.req.param('connectionId') ?? '']
    const from = (await readForm(c)).text('from')
    await vault.makeDefault(actor, id, connectionId)
    setFlash(c, 'association-default')
    return c.redirect(from === 'connection' ? paths.connectionCredentials(connectionId) : paths.credential(id), 303)
  })

  routes.get('/credentials/:id/associations/:connectionId/confirmation', withStoredCredentials, async (c, actor) => {
    const found = await bond(c, actor)
    if (!found.association.destinationChanged) return c.redirect(paths.credential(found.credential.id), 303)
    return c.render(<DestinationConfirmationPage {...found} />)
  })

  routes.post('/credentials/:id/associations/:connectionId/confirmation', withStoredCredentials, async (c, actor) => {
    const found = await bond(c, actor)
    const fields = await readForm(c)
    const refuse = (status: 409 | 422 | 429, error: string) => {
      c.status(status)
      return c.render(<DestinationConfirmationPage {...found} error={error} />)
    }
    const confirmed = await confirmPassword(c, signIn, actor, fields.secret('password'))
    if (!confirmed.ok) return refuse(confirmed.status, confirmed.error)
    const { credential, association } = found
    const agreed = await vault.confirmDestination(
      actor,
      credential.id,
      association.connectionId,
      fields.text('destination'),
    )
    if (!agreed) return refuse(409, 'The destination changed again meanwhile. Check it, then confirm.')
    setFlash(c, 'destination-confirmed')
    return c.redirect(paths.credential(credential.id), 303)
  })

  return routes
}
