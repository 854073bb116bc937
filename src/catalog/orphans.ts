import { inArray, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { organizations } from '../db/schema/organizations.ts'
import type { Log } from '../log.ts'
import type { FileStore, StoredFile } from '../storage/file-store.ts'
import { removeEach } from './remove-each.ts'

/**
 * Removes what lies in the store and no row names: left by a process that died between two steps, or by a database that
 * was put back to an earlier state. Resolves with how many were removed; what could not be is logged, and found again.
 *
 * A version's row names its file before anything of that name is written, and until it is removed. So what no row names is
 * nobody's, and nobody's it stays; a day more is for clocks that differ and databases that are being restored. Only names
 * that `snapshotFile` makes are looked at, in folders of organizations of this database.
 */
export async function removeOrphans(deps: { db: Database; files: FileStore; log: Log; now?: Date }): Promise<number> {
  const { db, files, log, now = new Date() } = deps
  const before = now.getTime() - patienceMilliseconds
  const known = await db.select({ id: organizations.id }).from(organizations)
  let removed = 0
  for await (const some of inBatches(files.list(known.map(({ id }) => id)), 500)) {
    const old = some.filter(({ changedAt }) => changedAt.getTime() < before).map(({ file }) => file)
    removed += await removeEach(
      await unnamed(db, [...new Set(old)]),
      (file) => files.remove(file),
      (file, error) => log.error('a file that no snapshot has was not removed', error, { file }),
    )
  }
  return removed
}

const patienceMilliseconds = 24 * 3_600_000

async function* inBatches(items: AsyncIterable<StoredFile>, size: number): AsyncGenerator<StoredFile[]> {
  let batch: StoredFile[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Asked anew for every batch, after it was listed: what has a row by then is spared. */
async function unnamed(db: Database, files: readonly string[]): Promise<readonly string[]> {
  if (files.length === 0) return []
  const ids = files.map((file) => file.slice(file.indexOf('/') + 1).replace(/\..*$/, ''))
  const rows = await db
    .select({ file: datasetVersions.file })
    .from(datasetVersions)
    .where(inArray(datasetVersions.id, sql`(select unnest(${sql.param(`{${ids.join(',')}}`)}::uuid[]))`))
  const named = new Set(rows.map(({ file }) => file))
  return files.filter((file) => !named.has(file))
}
