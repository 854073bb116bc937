import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { notify } from '../notifications/notify.ts'
import { isOpen } from './queries.ts'

/** Nobody waits on a page for longer: what takes longer is told when it is ready. */
export const patienceMilliseconds = 60_000

type First = Pick<typeof datasetVersions.$inferSelect, 'datasetId' | 'number'>

/**
 * Returns, by the id of their dataset, the additions of those versions that are the first of datasets that were added along
 * with others: of these one thing is told, and not of each.
 */
export async function additionsOf(tx: Transaction, versions: readonly First[]): Promise<ReadonlyMap<string, string>> {
  const ids = versions.filter(({ number }) => number === 1).map(({ datasetId }) => datasetId)
  if (ids.length === 0) return new Map()
  const { id, additionId } = datasets
  const others = sql`exists (select from datasets o where o.addition_id = ${additionId} and o.id <> ${id})`
  const rows = await tx
    .select({ id, additionId })
    .from(datasets)
    .where(and(inArray(id, ids), isNotNull(additionId), others))
  return new Map(rows.map((row) => [row.id, row.additionId ?? '']))
}

/**
 * Tells who added datasets together what came of them, in the transaction that ends the last of their first versions: that
 * some failed, or, where it took longer than a minute, that they are ready. Before that it tells nothing.
 */
export async function tellAddition(tx: Transaction, additionId: string): Promise<void> {
  // Of two that end at the same time the later one sees both.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`addition ${additionId}`}, 0))`)
  const versions = await versionsOf(tx, additionId)
  if (versions.some(({ status }) => isOpen(status))) return
  const completed = versions.filter(({ status }) => status === 'completed')
  const failed = versions.filter(isFailed)
  const [first] = failed.length > 0 ? failed : completed
  if (first === undefined || (failed.length === 0 && !tookLong(completed))) return
  const { organizationId, createdBy: userId, datasetId } = first
  const about = { type: 'dataset', id: datasetId } as const
  const told = { organizationId, userId, about, key: additionId }
  const counted = { additionId, datasets: completed.length + failed.length }
  if (failed.length === 0) await notify(tx, { ...told, event: 'addition.finished', details: counted })
  else await notify(tx, { ...told, event: 'addition.failed', details: { ...counted, failed: failed.length } })
}

type Version = typeof datasetVersions.$inferSelect

async function versionsOf(tx: Transaction, additionId: string): Promise<readonly Version[]> {
  const its = and(eq(datasets.additionId, additionId), isNull(datasets.deletedAt), eq(datasetVersions.number, 1))
  const rows = await tx
    .select({ version: datasetVersions })
    .from(datasets)
    .innerJoin(datasetVersions, eq(datasetVersions.datasetId, datasets.id))
    .where(its)
    .orderBy(datasets.id)
  return rows.map(({ version }) => version)
}

/** Without data, and not because who added it wanted so. */
function isFailed({ status, cancelRequestedBy, createdBy }: Version): boolean {
  if (status === 'cancelled') return cancelRequestedBy !== null && cancelRequestedBy !== createdBy
  return status === 'failed'
}

function tookLong(versions: readonly Version[]): boolean {
  const begun = Math.min(...versions.map(({ createdAt }) => createdAt.getTime()))
  const ended = Math.max(...versions.map(({ finishedAt }) => finishedAt?.getTime() ?? 0))
  return ended - begun > patienceMilliseconds
}
