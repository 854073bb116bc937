import { ConnectionActivityPage } from '../../../views/connections/activity.tsx'
import { connectionSharingPaths, ShareRolePage } from '../../../views/connections/roles.tsx'
import { ShareRemovalPage } from '../../../views/connections/share-removal.tsx'
import { ConnectionSharingPage } from '../../../views/connections/sharing.tsx'
import type { ConnectionActivity } from '../../connections/activity.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import type { Sharing } from '../../connections/sharing.ts'
import { paths } from '../../paths.ts'
import { addSharingRoutes } from '../role-sharing.tsx'
import { Routes, signedIn } from '../routing.ts'

type Dependencies = {
  readonly connectionQueries: ConnectionQueries
  readonly sharing: Sharing
  readonly connectionActivity: ConnectionActivity
}

/** The tabs **Sharing** and **Activity** of a data connection. */
export function sharingRoutes(deps: Dependencies): Routes {
  const { connectionQueries: queries, sharing, connectionActivity } = deps
  const routes = new Routes()

  addSharingRoutes(routes, {
    under: '/connections',
    sharing,
    show: (actor, id, toShare) => queries.show(actor, id, toShare ? 'connection.share' : 'connection.read'),
    at: connectionSharingPaths,
    list: paths.connections(),
    flashes: {
      shared: 'connection-shared',
      roleChanged: 'connection-role-changed',
      left: 'connection-left',
      removed: 'connection-unshared',
    },
    page: (c, { thing, ...shown }) => (
      <ConnectionSharingPage connection={thing} {...shown} storedCredentials={c.get('storedCredentials')} />
    ),
    rolePage: (connection, person, error) => <ShareRolePage connection={connection} person={person} error={error} />,
    removalPage: async (actor, connection, userId) => {
      const losses = await sharing.losses(actor, connection.id, userId)
      return <ShareRemovalPage connection={connection} losses={losses} isOwn={userId === actor.id} />
    },
  })

  routes.get('/connections/:id/activity', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
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
