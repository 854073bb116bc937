import { and, asc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Database, Reader } from '../db/client.ts'
import { bulkItems, bulkJobs } from '../db/schema/bulk-jobs.ts'
import type { BulkItem, ItemResult, ItemState } from './bulk-job.ts'

/** What a heartbeat learned: the jobs that are to go on, and those that somebody wants to end. */
export type Pulse = { readonly open: ReadonlySet<string>; readonly cancelled: ReadonlySet<string> }

export type JobRows = ReturnType<typeof createJobRows>

/**
 * The life of a confirmed job in the database. What became of a credential is written once: a process that was thought
 * dead cannot overrule what was decided meanwhile. Times are the database's.
 */
export function createJobRows(db: Database) {
  return {
    /** Returns the credentials whose turn has not come, in order. */
    waiting: (jobId: string): Promise<readonly BulkItem[]> => itemsOf(db, jobId, 'waiting', 1_000_000),

    /** Writes what became of one credential. */
    async write(jobId: string, position: number, { state, reason }: ItemResult): Promise<void> {
      await db
        .update(bulkItems)
        .set({ state, reason })
        .where(and(itemsWaiting(jobId), eq(bulkItems.position, position)))
    },

    /** Ends a job: whatever still waits is not attempted any more, for `reason`. */
    async finish(jobId: string, reason: string): Promise<void> {
      await db.transaction((tx) => finish(tx, jobId, reason))
    },

    /** Writes the heartbeat of a process's jobs and learns which of them are to end. */
    async beat(ids: readonly string[]): Promise<Pulse> {
      const rows = await db
        .update(bulkJobs)
        .set({ heartbeatAt: sql`now()` })
        .where(and(inArray(bulkJobs.id, [...ids]), isNull(bulkJobs.finishedAt)))
        .returning({ id: bulkJobs.id, cancelRequestedAt: bulkJobs.cancelRequestedAt })
      const ending = rows.filter(({ cancelRequestedAt }) => cancelRequestedAt !== null)
      return { open: new Set(rows.map(({ id }) => id)), cancelled: new Set(ending.map(({ id }) => id)) }
    },

    /** Ends every job whose process has not been heard of for 30 seconds; resolves with how many. */
    async endSilent(): Promise<number> {
      const open = and(isNotNull(bulkJobs.startedAt), isNull(bulkJobs.finishedAt))
      const silent = sql`${bulkJobs.heartbeatAt} < now() - interval '30 seconds'`
      const rows = await db.select({ id: bulkJobs.id }).from(bulkJobs).where(and(open, silent))
      for (const { id } of rows) await this.finish(id, interrupted)
      return rows.length
    },

    /** Forgets jobs that nobody confirmed within a day, and what came of others after 30 days. */
    async forgetOld(): Promise<void> {
      const over = sql`case when ${bulkJobs.startedAt} is null then interval '1 day' else interval '30 days' end`
      const idle = sql`${bulkJobs.startedAt} is null or ${bulkJobs.finishedAt} is not null`
      await db.delete(bulkJobs).where(sql`(${idle}) and ${bulkJobs.createdAt} < now() - ${over}`)
    },
  }
}

/** Returns the first `limit` items of a job in one state, in the order in which they were chosen. */
export async function itemsOf(
  db: Database,
  jobId: string,
  state: ItemState,
  limit: number,
): Promise<readonly BulkItem[]> {
  const { position, credentialId, name, reason } = bulkItems
  return db
    .select({ position, credentialId, name, state: bulkItems.state, reason })
    .from(bulkItems)
    .where(and(eq(bulkItems.jobId, jobId), eq(bulkItems.state, state)))
    .orderBy(asc(position))
    .limit(limit)
}

/** Ends a job inside a transaction: whatever still waits is not attempted any more, for `reason`. */
export async function finish(tx: Pick<Reader & Database, 'update'>, jobId: string, reason: string): Promise<void> {
  await tx.update(bulkItems).set({ state: 'not attempted', reason }).where(itemsWaiting(jobId))
  await tx
    .update(bulkJobs)
    .set({ finishedAt: sql`now()` })
    .where(and(eq(bulkJobs.id, jobId), isNull(bulkJobs.finishedAt)))
}

export const cancelled = 'You cancelled before it was its turn.'
export const interrupted =
  'Keyward stopped before this was done, or before that was written down. Look at it, then try again.'

function itemsWaiting(jobId: string) {
  return and(eq(bulkItems.jobId, jobId), eq(bulkItems.state, 'waiting'))
}
