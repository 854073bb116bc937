import pg from 'pg'
import PgBoss from 'pg-boss'

/** The schema that holds the jobs of every process, and the one queue in it. */
export const queueSchema = 'jobs'
export const refreshQueue = 'dataset-refresh'

/**
 * How a job of the queue lives: who took it and has not begun it a minute later has died, and another one may. Only one job
 * of a key waits at a time.
 */
export const refreshQueueOptions = {
  name: refreshQueue,
  policy: 'short',
  expireInSeconds: 60,
  retryLimit: 20,
  retryDelay: 5,
  retryBackoff: true,
} as const satisfies PgBoss.Queue

/** Brings the tables of the queue to what this version's library needs. They belong to who owns the other tables. */
export async function installQueue(client: pg.Client): Promise<void> {
  const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
  // Its own pool, timers and cron are not wanted here: one connection, which has the lock.
  const boss = new PgBoss({ db, schema: queueSchema, migrate: true, supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue(refreshQueue, refreshQueueOptions)
  await boss.updateQueue(refreshQueue, refreshQueueOptions)
  await boss.stop({ graceful: false })
}

/** Gives `role` what the running server needs on the queue: rows, but no tables. */
export async function grantQueue(client: pg.Client, role: string): Promise<void> {
  const name = pg.escapeIdentifier(role)
  await client.query(`
    grant usage on schema ${queueSchema} to ${name};
    grant select, insert, update, delete on all tables in schema ${queueSchema} to ${name};
    revoke insert, update, delete on ${queueSchema}.queue from ${name};
  `)
}
