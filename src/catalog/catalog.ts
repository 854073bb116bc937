import type { Guard } from '../access/guard.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { createDatasets } from './datasets.ts'
import { createDatasetQueries } from './queries.ts'
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
  const sweep = createSweep({ versions, store, log })
  return {
    store,
    snapshots,
    datasets: createDatasets({ guard, snapshots, store }),
    datasetQueries: createDatasetQueries({ db, guard }),
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
