import { tmpdir } from 'node:os'
import type { Deployment } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import type { FileStore } from '../storage/file-store.ts'
import { createFolderStore } from '../storage/folder-store.ts'
import { createPlainCopies } from '../storage/plain-copies.ts'
import { createAdditions } from './additions.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import { createDatasets } from './datasets.ts'
import { createDatasetDeletion } from './deletion.ts'
import { createDatasetDescription } from './description.ts'
import { createDatasetListing } from './listing.ts'
import { createDatasetLooks } from './looks.ts'
import { removeOrphans } from './orphans.ts'
import { createDatasetQueries } from './queries.ts'
import { createDatasetSharing } from './sharing.ts'
import { createSnapshotStore } from './snapshot-store.ts'
import { createSnapshots } from './snapshots.ts'
import { createStorage } from './storage.ts'
import { createSweep } from './sweep.ts'
import { createVersionRows } from './version-rows.ts'

export type Catalog = ReturnType<typeof createCatalog>

/** Returns the services of the catalog, wired to each other. */
export function createCatalog(deps: {
  db: Database
  guard: Guard
  use: Pick<ConnectionUse, 'run'>
  datasetKeys: DatasetKeys
  /** The folder for snapshots; the store itself unless `files` is another. */
  directory: string
  files?: FileStore
  /** Where opened snapshots go that memory has no room for. */
  scratch?: string
  /** Bytes that an organization's snapshots may take where it has no limit of its own. */
  quota?: number | null
  deployment?: Deployment
  log: Log
  beatMilliseconds?: number
}) {
  const { db, guard, use, datasetKeys, directory, log, beatMilliseconds } = deps
  const files = deps.files ?? createFolderStore(directory)
  const copies = createPlainCopies({ scratch: deps.scratch ?? tmpdir() })
  const store = createSnapshotStore({ files, copies, keys: datasetKeys, log })
  const standard = deps.quota ?? null
  const storage = createStorage({ db, guard, standard, deployment: deps.deployment ?? 'self-managed' })
  const versions = createVersionRows(db, storage)
  const beat = beatMilliseconds === undefined ? {} : { beatMilliseconds }
  const snapshots = createSnapshots({ use, versions, store, storage, log, ...beat })
  const deletion = createDatasetDeletion({ db, guard, snapshots, store, datasetKeys, log })
  const sweep = createSweep({ versions, deletion, store, removeOrphans: () => removeOrphans({ db, files, log }), log })
  const datasets = createDatasets({ guard, snapshots, storage, datasetKeys })
  return {
    store,
    storage,
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
      copies.close()
      files.close()
    },
  }
}
