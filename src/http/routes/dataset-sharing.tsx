import { DatasetShareRemovalPage, DatasetShareRolePage, datasetSharingPaths } from '../../../views/catalog/roles.tsx'
import { DatasetSharingPage } from '../../../views/catalog/sharing.tsx'
import type { DatasetQueries } from '../../catalog/queries.ts'
import type { DatasetSharing } from '../../catalog/sharing.ts'
import { paths } from '../../paths.ts'
import { addSharingRoutes } from '../role-sharing.tsx'
import { Routes } from '../routing.ts'

type Dependencies = { readonly datasetQueries: DatasetQueries; readonly datasetSharing: DatasetSharing }

/** The pages on which a dataset is shared. */
export function datasetSharingRoutes(deps: Dependencies): Routes {
  const { datasetQueries: queries, datasetSharing: sharing } = deps
  const routes = new Routes()

  addSharingRoutes(routes, {
    under: '/catalog',
    sharing,
    show: (actor, id, toShare) => queries.show(actor, id, toShare ? 'dataset.share' : 'dataset.read'),
    at: datasetSharingPaths,
    list: paths.catalog(),
    flashes: {
      shared: 'dataset-shared',
      roleChanged: 'dataset-role-changed',
      left: 'dataset-left',
      removed: 'dataset-unshared',
    },
    page: (_, { thing, ...shown }) => <DatasetSharingPage dataset={thing} {...shown} />,
    rolePage: (dataset, person, error) => <DatasetShareRolePage dataset={dataset} person={person} error={error} />,
    removalPage: async (actor, dataset, userId) => {
      const person = await sharing.removable(actor, dataset.id, userId)
      return <DatasetShareRemovalPage dataset={dataset} person={person} isOwn={userId === actor.id} />
    },
  })

  return routes
}
