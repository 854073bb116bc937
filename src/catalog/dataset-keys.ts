import { eq } from 'drizzle-orm'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { datasetKeys } from '../db/schema/storage.ts'
import { newDatasetKey, versionKey } from '../secrets/dataset-key.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { Secret } from '../secrets/secret.ts'
import type { StoredVersion } from './stored-version.ts'

export type DatasetKeys = ReturnType<typeof createDatasetKeys>

type Dataset = Pick<StoredVersion, 'organizationId' | 'datasetId'>

/** The keys that snapshots are sealed under, one a dataset. */
export function createDatasetKeys(deps: { db: Database; keyring: Keyring; deploymentId: string }) {
  const { db, keyring, deploymentId } = deps
  return {
    /** Makes the key of a dataset where it has none yet: a new one, or one of before snapshots were sealed. */
    async ensure(tx: Transaction, { organizationId, datasetId }: Dataset): Promise<void> {
      const [present] = await rowsOf(tx, datasetId)
      if (present !== undefined) return
      const key = newDatasetKey(keyring, { deploymentId, organizationId, datasetId })
      await tx
        .insert(datasetKeys)
        .values({ datasetId, organizationId, ...key })
        .onConflictDoNothing()
    },

    /** Returns the key of one version's file; wipe it. Throws OpenFailed where it is gone or does not open. */
    async ofVersion({ organizationId, datasetId, versionId }: Omit<StoredVersion, 'file'>): Promise<Secret> {
      const [row] = await rowsOf(db, datasetId)
      if (row === undefined) throw new OpenFailed()
      return versionKey(keyring, { deploymentId, organizationId, datasetId }, row, versionId)
    },

    /** Destroys the key of a dataset: from then on nothing opens what was sealed under it, wherever a copy of it is. */
    async destroy(tx: Transaction, datasetId: string): Promise<void> {
      await tx.delete(datasetKeys).where(eq(datasetKeys.datasetId, datasetId))
    },
  }
}

function rowsOf(reader: Reader, datasetId: string) {
  return reader.select().from(datasetKeys).where(eq(datasetKeys.datasetId, datasetId))
}
