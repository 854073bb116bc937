import { inArray } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { datasets, type datasetVersions } from '../db/schema/catalog.ts'
import { scheduleRuns } from '../db/schema/schedules.ts'
import { notify } from '../notifications/notify.ts'
import { additionsOf, patienceMilliseconds, tellAddition } from './tell-addition.ts'

type Ended = Pick<
  typeof datasetVersions.$inferSelect,
  | 'id'
  | 'organizationId'
  | 'datasetId'
  | 'number'
  | 'status'
  | 'createdBy'
  | 'rows'
  | 'startedAt'
  | 'finishedAt'
  | 'cancelRequestedBy'
>

/**
 * Tells who asked for versions that they have ended, in the transaction that ends them; not of deleted datasets, and of those
 * that were added together once for all of them.
 */
export async function tellEnded(tx: Transaction, versions: readonly Ended[]): Promise<void> {
  const ids = versions.map(({ datasetId }) => datasetId)
  if (ids.length === 0) return
  const { id, deletedAt } = datasets
  const rows = await tx.select({ id, deletedAt }).from(datasets).where(inArray(id, ids))
  const deleted = new Set(rows.filter((row) => row.deletedAt !== null).map((row) => row.id))
  const scheduled = await scheduledOf(tx, versions)
  const together = await additionsOf(tx, versions)
  for (const version of versions) {
    const isElsewhere = deleted.has(version.datasetId) || scheduled.has(version.id) || together.has(version.datasetId)
    if (!isElsewhere) await tell(tx, version)
  }
  // In one order, so that no two wait for each other.
  for (const additionId of [...new Set(together.values())].sort()) await tellAddition(tx, additionId)
}

/** What a schedule began, it tells itself: once for all its attempts, and nothing where it went well. */
async function scheduledOf(tx: Transaction, versions: readonly Ended[]): Promise<ReadonlySet<string | null>> {
  const { versionId } = scheduleRuns
  const its = inArray(
    versionId,
    versions.filter(({ status }) => status !== 'cancelled').map(({ id }) => id),
  )
  const rows = await tx.select({ versionId }).from(scheduleRuns).where(its)
  return new Set(rows.map((row) => row.versionId))
}

async function tell(tx: Transaction, version: Ended): Promise<void> {
  const { organizationId, datasetId, createdBy: userId, number, rows } = version
  const event = eventOf(version)
  if (event === undefined) return
  const byId = event === 'snapshot.cancelled' ? version.cancelRequestedBy : null
  const details = { version: number, rows }
  const about = { type: 'dataset', id: datasetId } as const
  await notify(tx, { organizationId, userId, event, about, details, key: version.id, byId })
}

/** What is told of a version; undefined where nothing is. */
function eventOf({ status, startedAt, finishedAt, cancelRequestedBy }: Ended) {
  if (status === 'failed') return 'snapshot.failed'
  if (status === 'cancelled') return cancelRequestedBy === null ? undefined : 'snapshot.cancelled'
  const took = startedAt === null || finishedAt === null ? 0 : finishedAt.getTime() - startedAt.getTime()
  return took > patienceMilliseconds ? 'snapshot.finished' : undefined
}
