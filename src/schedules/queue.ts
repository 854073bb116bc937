import { type SQL, sql } from 'drizzle-orm'
import PgBoss from 'pg-boss'
import type { Database, Reader } from '../db/client.ts'
import { queueSchema, refreshQueue } from '../db/queue-schema.ts'
import type { Log } from '../log.ts'

/** That a run is to be made. `id` is that of the job; while it is not done, another process may be given it again. */
export type Job = { readonly id: string; readonly runId: string }

/** A job to be sent: for which run, under which key, and after how many seconds. */
export type NewJob = { readonly runId: string; readonly key: string; readonly afterSeconds?: number }

export type Queue = ReturnType<typeof createQueue>

/** How often jobs are looked for whose process died, in seconds; by one process at a time. */
const maintenanceIntervalSeconds = 15

/**
 * Returns the queue of runs: pg-boss in Keyward's own database, on the pool that is open. Jobs are sent and done inside the
 * caller's transaction, so that a run and its job are written together or not at all.
 */
export function createQueue(deps: { db: Database; log: Log }) {
  const { db, log } = deps
  const boss = new PgBoss({
    db: onPool(db),
    schema: queueSchema,
    // The tables are made by the migration: the running server may not.
    migrate: false,
    supervise: true,
    schedule: false,
    maintenanceIntervalSeconds,
    archiveCompletedAfterSeconds: 3600,
    archiveFailedAfterSeconds: 3600,
    deleteAfterHours: 24,
  })
  boss.on('error', (error) => log.error('queue maintenance failed', error))
  let started: Promise<unknown> | undefined

  return {
    /** Begins to take care of jobs whose process died. Rejects where the tables are not those of this version. */
    async start(): Promise<void> {
      started ??= boss.start()
      await started
    },

    /** Sends jobs. One that waits already under the same key stays as it is. */
    async send(tx: Reader, jobs: readonly NewJob[]): Promise<void> {
      if (jobs.length === 0) return
      const rows = jobs.map(({ runId, key, afterSeconds = 0 }) => ({
        ...{ name: refreshQueue, data: { runId }, singletonKey: key, startAfter: String(afterSeconds) },
      }))
      await boss.insert(rows as unknown as PgBoss.JobInsert[], { db: within(tx) })
    },

    /** Takes at most `count` jobs that are due, the oldest first. Nobody else is given them for a minute. */
    async take(count: number): Promise<readonly Job[]> {
      const jobs = await boss.fetch<{ runId: string }>(refreshQueue, { batchSize: count, priority: false })
      return jobs.map(({ id, data }) => ({ id, runId: data.runId }))
    },

    /** Strikes a job off; false where it was given to somebody else meanwhile, or is struck off already. */
    async done(tx: Reader, { id }: Job): Promise<boolean> {
      const result = (await boss.complete(refreshQueue, id, {}, { db: within(tx) })) as unknown
      return (result as { affected: number }).affected > 0
    },

    /** Gives a job back after a failure of ours: it is given out again, later each time. */
    async giveBack({ id }: Job): Promise<void> {
      await boss.fail(refreshQueue, id, {})
    },

    /** SQL that is true where no job waits or is held under a key. For runs whose job was lost. */
    none: (key: SQL): SQL =>
      sql`not exists (select from ${sql.identifier(queueSchema)}.job j where j.name = ${refreshQueue} and j.singleton_key = ${key} and j.state < 'completed')`,

    /** Ends the care. Call it before the database is closed. */
    async close(): Promise<void> {
      if (started === undefined) return
      await started.catch(() => {})
      await boss.stop({ graceful: false })
    },
  }
}

/** Runs what pg-boss asks on a connection of the pool, which goes back without a transaction that failed in the middle. */
function onPool(db: Database): PgBoss.Db {
  return {
    executeSql: async (text: string, values?: unknown[]) => {
      const client = await db.$client.connect()
      try {
        const result = await client.query(text, values)
        return { rows: Array.isArray(result) ? [] : result.rows }
      } catch (error) {
        await client.query('rollback').catch(() => {})
        throw error
      } finally {
        client.release()
      }
    },
  }
}

/** Runs what pg-boss asks inside a transaction of the caller. */
function within(tx: Reader): PgBoss.Db {
  return {
    executeSql: async (text: string, values?: unknown[]) => {
      const { rows } = await tx.execute(withValues(text, values ?? []))
      return { rows: [...rows] }
    },
  }
}

/** Its statements come with numbered places, the same value in several of them. */
function withValues(text: string, values: readonly unknown[]): SQL {
  const parts = text.split(/\$(\d+)/)
  return sql.join(parts.map((part, index) => (index % 2 === 0 ? sql.raw(part) : sql.param(values[Number(part) - 1]))))
}
