import { and, asc, eq, gt, isNotNull, isNull, like, notExists, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { datasetKeys } from '../db/schema/storage.ts'
import { versionKey } from '../secrets/dataset-key.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { Keys } from './key-store.ts'

/** What `keyward key verify` found of datasets. `failures` names at most a hundred. */
export type DatasetKeyReport = { readonly keys: number; readonly failed: number; readonly failures: readonly string[] }

const batch = 200
const mostNamed = 100

/** Opens the key of every dataset, and looks for sealed snapshots whose key is gone; bounded memory. */
export async function verifyDatasetKeys(db: Database, keys: Keys): Promise<DatasetKeyReport> {
  const lost = await withoutKey(db)
  const report = { keys: 0, failed: lost.length, failures: lost.slice(0, mostNamed) }
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await nextKeys(db, after)
    for (const row of rows) {
      report.keys += 1
      if (opens(keys, row)) continue
      report.failed += 1
      if (report.failures.length < mostNamed) report.failures.push(row.key.datasetId)
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < batch) return report
    after = last.key.datasetId
  }
}

async function withoutKey(db: Database): Promise<string[]> {
  const its = db.select().from(datasetKeys).where(eq(datasetKeys.datasetId, datasets.id))
  const sealed = and(isNotNull(datasetVersions.file), like(datasetVersions.file, '%.sealed'))
  const rows = await db
    .selectDistinct({ id: datasets.id })
    .from(datasets)
    .innerJoin(datasetVersions, eq(datasetVersions.datasetId, datasets.id))
    .where(and(isNull(datasets.deletedAt), eq(datasetVersions.status, sql`'completed'`), sealed, notExists(its)))
  return rows.map(({ id }) => id)
}

type KeyRow = Awaited<ReturnType<typeof nextKeys>>[number]

function nextKeys(db: Database, after: string) {
  return (
    db
      // The dataset's organization, not the key's own column: a key moved to another organization must not open.
      .select({ key: datasetKeys, organizationId: datasets.organizationId })
      .from(datasetKeys)
      .innerJoin(datasets, eq(datasets.id, datasetKeys.datasetId))
      .where(gt(datasetKeys.datasetId, after))
      .orderBy(asc(datasetKeys.datasetId))
      .limit(batch)
  )
}

function opens({ keyring, deploymentId }: Keys, { key, organizationId }: KeyRow): boolean {
  try {
    versionKey(keyring, { deploymentId, organizationId, datasetId: key.datasetId }, key, '').wipe()
    return true
  } catch (error) {
    if (error instanceof OpenFailed) return false
    throw error
  }
}
