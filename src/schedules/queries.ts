import { and, desc, eq, ne, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import { FeatureOff } from '../access/refusals.ts'
import type { LineageInput, LineageQueries } from '../catalog/lineage.ts'
import type { DatasetDetail, DatasetQueries } from '../catalog/queries.ts'
import { isHeld } from '../credentials/maintenance.ts'
import type { Database } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import type { ConnectionUse, StoredAccount } from '../sign-ins/use-connection.ts'
import { type DatasetBeside, datasetsBeside } from './beside.ts'
import { type RunRow, ruleOf, type ScheduleRow } from './rows.ts'
import { nextRuns, type Rule, timeZones } from './rule.ts'

/** One run, as pages show it. */
export type ShownRun = Pick<RunRow, 'dueAt' | 'trigger' | 'state' | 'attempts' | 'reason' | 'code' | 'changedAt'> & {
  /** Its version, where that is still there. */
  readonly version: number | null
}

/** Why its account is not used by itself at the moment; null where it is. */
export type AccountWait =
  | { readonly because: 'paused'; readonly since: Date; readonly code: string }
  | { readonly because: 'held'; readonly until: Date }

export type ScheduleDetail = Pick<
  ScheduleRow,
  'timeZone' | 'credentialId' | 'catchUp' | 'keepVersions' | 'keepDays' | 'state' | 'reason' | 'stateAt' | 'revision'
> & {
  readonly rule: Rule
  readonly setByName: string
  /** Who paused or resumed it; null where nobody did. */
  readonly stateByName: string | null
  readonly waits: AccountWait | null
  /** The next five; none while it is not active. */
  readonly next: readonly Date[]
  /** The newest first, at most 50. */
  readonly runs: readonly ShownRun[]
}

/** When a dataset is refreshed by itself, in short. */
export type ScheduleSummary = Pick<ScheduleRow, 'timeZone' | 'state' | 'nextAt'> & { readonly rule: Rule }

/** What the page of a dataset's schedule needs. */
export type SchedulePageData = {
  readonly dataset: DatasetDetail
  readonly schedule: ScheduleDetail | null
  /** The accounts that the actor may choose from, the default first; none where it takes no account. */
  readonly accounts: readonly StoredAccount[]
  /** What a combined dataset is made of; null for every other. */
  readonly inputs: readonly LineageInput[] | null
  /** Of a dynamic dataset, those beside it that hold snapshots of the same rows. */
  readonly beside: readonly DatasetBeside[]
  readonly zones: readonly string[]
}

export type ScheduleQueries = ReturnType<typeof createScheduleQueries>

/** How many runs to come are shown. */
export const shownRuns = 5

/** Reads about schedules; a dataset's is for its owners, as the setting of it is. */
export function createScheduleQueries(deps: {
  db: Database
  datasetQueries: Pick<DatasetQueries, 'show'>
  lineage: Pick<LineageQueries, 'of'>
  use: Pick<ConnectionUse, 'accounts'>
  deployment: Deployment
}) {
  const { db, datasetQueries, lineage, use, deployment } = deps

  /** Every run signs in with a stored account. */
  async function refuseWithoutFeature(actor: UserActor): Promise<void> {
    const feature = 'stored_credentials'
    if (!(actor.storedCredentials ?? (await featureEnabled(db, deployment, actor, feature)))) throw new FeatureOff()
  }

  return {
    /**
     * Returns the schedule of a dataset with what its form needs. Throws NotFound where the actor may not see it, and
     * FeatureOff where it takes an account and they have none.
     */
    async page(actor: UserActor, datasetId: string): Promise<SchedulePageData> {
      const dataset = await datasetQueries.show(actor, datasetId, 'dataset.set-schedule')
      if (!dataset.isCombined) await refuseWithoutFeature(actor)
      const accounts = dataset.connection === null ? [] : await use.accounts(actor, dataset.connection.id)
      const { inputs } = dataset.isCombined ? await lineage.of(actor, datasetId) : { inputs: null }
      const beside = dataset.isDynamic ? await datasetsBeside(db, actor, datasetId) : []
      return { dataset, schedule: await scheduleOf(db, datasetId), accounts, inputs, beside, zones: timeZones() }
    },

    /** Returns when a dataset is refreshed by itself; null where it is not. For its owners; it decides nothing. */
    async summary(datasetId: string): Promise<ScheduleSummary | null> {
      const [row] = await db.select().from(schedules).where(eq(schedules.datasetId, datasetId))
      if (row === undefined) return null
      const { timeZone, state, nextAt } = row
      return { timeZone, state, nextAt, rule: ruleOf(row) }
    },

    /** Reports whether a dataset has a schedule. For who may delete it; it decides nothing. */
    has(datasetId: string): Promise<boolean> {
      return db.$count(schedules, eq(schedules.datasetId, datasetId)).then((count) => count > 0)
    },

    /** Returns the next five moments of a rule, by the database's clock. */
    async preview(rule: Rule, timeZone: string): Promise<readonly Date[]> {
      return nextRuns(rule, timeZone, await databaseTime(db), shownRuns)
    },
  }
}

async function scheduleOf(db: Database, datasetId: string): Promise<ScheduleDetail | null> {
  const [row] = await db
    .select({
      schedule: schedules,
      setByName: users.name,
      account: credentials,
      stateByName: sql<string | null>`(select name from ${users} who where who.id = ${schedules.stateBy})`,
    })
    .from(schedules)
    .innerJoin(users, eq(users.id, schedules.setBy))
    .leftJoin(credentials, eq(credentials.id, schedules.credentialId))
    .where(eq(schedules.datasetId, datasetId))
  if (row === undefined) return null
  const { schedule, setByName, stateByName, account } = row
  const now = await databaseTime(db)
  const rule = ruleOf(schedule)
  const isActive = schedule.state === 'active'
  return {
    ...schedule,
    rule,
    setByName,
    stateByName,
    waits: account === null ? null : waitOf(account, now),
    next: isActive ? nextRuns(rule, schedule.timeZone, now, shownRuns) : [],
    runs: await runsOf(db, schedule.id),
  }
}

async function runsOf(db: Database, scheduleId: string): Promise<readonly ShownRun[]> {
  const rows = await db
    .select({ run: scheduleRuns, version: datasetVersions.number })
    .from(scheduleRuns)
    .leftJoin(
      datasetVersions,
      and(eq(datasetVersions.id, scheduleRuns.versionId), ne(datasetVersions.status, 'deleted')),
    )
    .where(eq(scheduleRuns.scheduleId, scheduleId))
    .orderBy(desc(scheduleRuns.dueAt))
    .limit(50)
  return rows.map(({ run, version }) => ({ ...run, version }))
}

type Account = Pick<typeof credentials.$inferSelect, 'heldFrom' | 'heldUntil' | 'pausedAt' | 'pausedCode'>

function waitOf(account: Account, now: Date): AccountWait | null {
  const { pausedAt, pausedCode, heldUntil } = account
  if (pausedAt !== null) return { because: 'paused', since: pausedAt, code: pausedCode ?? '' }
  return heldUntil !== null && isHeld(account, now) ? { because: 'held', until: heldUntil } : null
}
