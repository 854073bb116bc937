import type { Guard } from '../access/guard.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { createAdditions } from './additions.ts'
import { createDatasets } from './datasets.ts'
import { createDatasetDeletion } from './deletion.ts'
import { createDatasetDescription } from './description.ts'
import { createDatasetListing } from './listing.ts'
import { createDatasetLooks } from './looks.ts'
import { createDatasetQueries } from './queries.ts'
import { createDatasetSharing } from './sharing.ts'
import { createSnapshotStore } from './snapshot-store.ts'
import { createSnapshots } from './snapshots.ts'
import { createSweep } from './sweep.ts'
import { createVersionRows } from './version-rows.ts'

export type Catalog = ReturnType<typeof createCatalog>

/** Returns the services of the catalog, wired to each other. `directory` is the snapshot store. */
export function createCatalog(deps: {
  db: Database
  guard: Guard
  use: Pick<ConnectionUse, 'run'>
  directory: string
  log: Log
  beatMilliseconds?: number
}) {
  const { db, guard, use, directory, log, beatMilliseconds } = deps
  const store = createSnapshotStore(directory)
  const versions = createVersionRows(db)
  const beat = beatMilliseconds === undefined ? {} : { beatMilliseconds }
  const snapshots = createSnapshots({ use, versions, store, log, ...beat })
  const deletion = createDatasetDeletion({ db, guard, snapshots, store, log })
  const sweep = createSweep({ versions, deletion, store, log })
  const datasets = createDatasets({ guard, snapshots })
  return {
    store,
    snapshots,
    datasets,
    additions: createAdditions({ db, datasets }),
    datasetDescription: createDatasetDescription({ guard }),
    datasetLooks: createDatasetLooks({ guard, use }),
    datasetQueries: createDatasetQueries({ db, guard }),
    datasetListing: createDatasetListing({ db }),
    datasetDeletion: deletion,
    datasetSharing: createDatasetSharing({ db, guard, snapshots }),
    sweep,

    /** Clears up after processes that died, now and from now on. For processes that serve, not for local commands. */
    start: () => sweep.start(),

    /** Ends what is being made here. Call it before the connector and the database are closed. */
    async close(): Promise<void> {
      await sweep.close()
      await snapshots.close()
    },
  }
}
