import { ConnectionActivityPage } from '../../../views/connections/activity.tsx'
import { ShareRemovalPage } from '../../../views/connections/share-removal.tsx'
import { ShareRolePage } from '../../../views/connections/share-role.tsx'
import { ConnectionSharingPage, type ShareForm } from '../../../views/connections/sharing.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { ConnectionActivity } from '../../connections/activity.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import type { Sharing } from '../../connections/sharing.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Dependencies = {
  readonly connectionQueries: ConnectionQueries
  readonly sharing: Sharing
  readonly connectionActivity: ConnectionActivity
}

/** The tabs **Sharing** and **Activity** of a data connection. */
export function sharingRoutes(deps: Dependencies): Routes {
  const { connectionQueries: queries, sharing, connectionActivity } = deps
  const routes = new Routes()

  async function sharingPage(c: AppContext, actor: UserActor, form: ShareForm) {
    const connection = await queries.show(actor, idOf(c))
    return (
      <ConnectionSharingPage
        connection={connection}
        people={await sharing.people(actor, connection.id)}
        ownId={actor.id}
        form={form}
        storedCredentials={c.get('storedCredentials')}
      />
    )
  }

  routes.get('/connections/:id/sharing', signedIn, async (c, actor) =>
    c.render(await sharingPage(c, actor, { email: '', role: 'consumer' })),
  )

  routes.post('/connections/:id/sharing', signedIn, async (c, actor) => {
    const fields = await readForm(c)
    const form = { email: fields.text('email'), role: fields.text('role') }
    const outcome = await sharing.share(actor, idOf(c), form.email, form.role)
    if (!outcome.ok) {
      c.status(422)
      const { field, error: message } = outcome
      return c.render(await sharingPage(c, actor, { ...form, error: { field, message } }))
    }
    setFlash(c, 'connection-shared')
    return c.redirect(paths.connectionSharing(idOf(c)), 303)
  })

  /** The page of a role, for whom the connection is shared with; who added it keeps theirs. */
  async function rolePage(c: AppContext, actor: UserActor, error?: string) {
    const connection = await queries.show(actor, idOf(c), 'connection.share')
    const person = (await sharing.people(actor, connection.id)).find(({ userId }) => userId === userIdOf(c))
    if (person === undefined || person.isFirst) throw new NotFound()
    return <ShareRolePage connection={connection} person={person} {...(error === undefined ? {} : { error })} />
  }

  routes.get('/connections/:id/sharing/:userId/role', signedIn, async (c, actor) => c.render(await rolePage(c, actor)))

  routes.post('/connections/:id/sharing/:userId/role', signedIn, async (c, actor) => {
    const outcome = await sharing.changeRole(actor, idOf(c), userIdOf(c), (await readForm(c)).text('role'))
    if (outcome.ok) {
      setFlash(c, 'connection-role-changed')
      return c.redirect(paths.connectionSharing(idOf(c)), 303)
    }
    c.status(422)
    if (outcome.field === 'role') return c.render(await rolePage(c, actor, outcome.error))
    return c.render(await sharingPage(c, actor, refusedWith(outcome.error)))
  })

  routes.get('/connections/:id/sharing/:userId/removal', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, idOf(c))
    const losses = await sharing.losses(actor, connection.id, userIdOf(c))
    return c.render(<ShareRemovalPage connection={connection} losses={losses} isOwn={userIdOf(c) === actor.id} />)
  })

  routes.post('/connections/:id/sharing/:userId/removal', signedIn, async (c, actor) => {
    const outcome = await sharing.remove(actor, idOf(c), userIdOf(c))
    if (!outcome.ok) {
      c.status(422)
      return c.render(await sharingPage(c, actor, refusedWith(outcome.error)))
    }
    const left = userIdOf(c) === actor.id
    setFlash(c, left ? 'connection-left' : 'connection-unshared')
    return c.redirect(left ? paths.connections() : paths.connectionSharing(idOf(c)), 303)
  })

  routes.get('/connections/:id/activity', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, idOf(c))
    const asked = Number(c.req.query('before'))
    const before = Number.isSafeInteger(asked) && asked > 0 ? asked : null
    const { rows, next } = await connectionActivity.list(actor, connection.id, before ?? undefined)
    return c.render(
      <ConnectionActivityPage
        connection={connection}
        rows={rows}
        next={next}
        before={before}
        storedCredentials={c.get('storedCredentials')}
      />,
    )
  })

  return routes
}

function refusedWith(message: string): ShareForm {
  return { email: '', role: 'consumer', error: { field: null, message } }
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function userIdOf(c: AppContext): string {
  return c.req.param('userId') ?? ''
}
