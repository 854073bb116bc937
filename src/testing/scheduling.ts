import { writeFileSync } from 'node:fs'
import { eq, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Analysis } from '../analysis/analysis.ts'
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import { type Computing, createComputing } from '../catalog/computing.ts'
import { queueSchema } from '../db/queue-schema.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import { createLog } from '../log.ts'
import type { Setting } from '../schedules/schedules.ts'
import { createScheduling, type Scheduling } from '../schedules/scheduling.ts'
import { Secret } from '../secrets/secret.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { addConnection, signedIn, type TestDomain } from './domain.ts'

/** The catalog and the schedules of one process, on a test's domain. */
export type SchedulingProcess = Scheduling & {
  readonly catalog: Catalog
  readonly computing: Computing
  close(): Promise<void>
}

/** Combines nothing: for tests whose datasets come from connections. */
export const noAnalysis: Analysis = {
  run: () => Promise.reject(new Error('No test asked for this.')),
  close: async () => {},
}

/** Returns what one process would have; `use` takes the place of the way to data stores, `analysis` of what combines. */
export function schedulingProcess(
  domain: TestDomain,
  directory: string,
  use?: Pick<ConnectionUse, 'run'>,
  analysis: Analysis = noAnalysis,
) {
  const log = createLog({ level: 'silent' })
  const catalog = createCatalog({ ...domain, ...(use ? { use } : {}), directory, log, beatMilliseconds: 20 })
  const computing = createComputing({ ...domain, catalog, analysis, log, beatMilliseconds: 20 })
  const scheduling = createScheduling({ ...domain, catalog, computing, deployment: 'managed', log })
  const close = async () => {
    await scheduling.runner.stop()
    await computing.close()
    await catalog.close()
    await scheduling.runner.close()
  }
  return { ...scheduling, catalog, computing, close }
}

/** Stores an account of somebody's on a connection. */
export async function storedAccount(domain: TestDomain, actor: UserActor, connectionId: string, name: string) {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const its = { type: 'basic', name, description: '', fields, connectionIds: [connectionId] }
  const made = await domain.vault.create(actor, its)
  if (!made.ok) throw new Error(made.error)
  return made.id
}

/** Adds a dataset straight to the tables, without a version. */
export async function plainDataset(domain: TestDomain, actor: UserActor, connectionId: string, name = 'Orders') {
  const source = { kind: 'table', schema: 'public', table: 'orders' } as const
  const { id: ownerId, organizationId } = actor
  const row = { id: crypto.randomUUID(), organizationId, ownerId, name, connectionId, source }
  await domain.db.insert(datasets).values(row)
  return row.id
}

/** A dataset of Ada's, whose connection leads somewhere of its own, with a stored account there. */
export async function refreshable(domain: TestDomain, count: number) {
  const connectionId = await addConnection(domain, domain.ada, `Sales ${count}`, `db${count}.example.com`)
  const credentialId = await storedAccount(domain, domain.ada, connectionId, `Reader ${count}`)
  const datasetId = await plainDataset(domain, domain.ada, connectionId)
  return { connectionId, credentialId, datasetId }
}

/** What the connector answers to an import that works. */
export const complete = {
  ...signedIn,
  value: { rows: 1, bytes: 4, columns: [{ name: 'id', type: 'INTEGER' }] },
} as typeof signedIn

/** Has the domain's connector write a file for each import that it says has worked, as workers do. */
export function writeImports(domain: Pick<TestDomain, 'connector'>): void {
  const { run } = domain.connector
  domain.connector.run = async (job, options) => {
    const outcome = await run(job, options)
    if (job.operation === 'import' && outcome.ok) writeFileSync((job.input as { file: string }).file, 'PAR1')
    return outcome
  }
}

/** A setting of every day at noon in UTC, with what is given in place of it. */
export function daily(credentialId: string, its: Partial<Setting> = {}): Setting {
  const rule = { every: 'day', at: '12:00' } as const
  return { rule, timeZone: 'UTC', credentialId, catchUp: 'once', keepVersions: null, keepDays: null, ...its }
}

/** Makes the next moment of a dataset's schedule lie so long ago, as a PostgreSQL interval. */
export async function makeDue(domain: TestDomain, datasetId: string, ago = '1 second'): Promise<void> {
  const nextAt = sql`date_trunc('milliseconds', now() - ${ago}::interval)`
  await domain.db.update(schedules).set({ nextAt }).where(eq(schedules.datasetId, datasetId))
}

/** Makes jobs that were put off due at once. */
export async function hurryJobs(domain: TestDomain): Promise<void> {
  const job = sql`${sql.identifier(queueSchema)}.job`
  await domain.db.execute(sql`update ${job} set start_after = now() - interval '1 second' where state < 'active'`)
}

/** The runs of a dataset's schedule, the earliest first. */
export async function runsOf(domain: TestDomain, datasetId: string) {
  const rows = await domain.db
    .select({ run: scheduleRuns })
    .from(scheduleRuns)
    .innerJoin(schedules, eq(schedules.id, scheduleRuns.scheduleId))
    .where(eq(schedules.datasetId, datasetId))
    .orderBy(scheduleRuns.dueAt)
  return rows.map(({ run }) => run)
}

/** The versions of a dataset, the first first. */
export function versionsOf(domain: TestDomain, datasetId: string) {
  const its = eq(datasetVersions.datasetId, datasetId)
  return domain.db.select().from(datasetVersions).where(its).orderBy(datasetVersions.number)
}
