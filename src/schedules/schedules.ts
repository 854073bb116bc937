import { and, eq, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import { unreadableInputs } from '../catalog/combine-inputs.ts'
import { type DatasetResource, findDataset } from '../catalog/queries.ts'
import { findConnection } from '../connections/connections.ts'
import { findCredential } from '../credentials/find-credential.ts'
import { isHeld } from '../credentials/maintenance.ts'
import type { Database, Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { newId } from '../db/new-id.ts'
import type { DatasetInput } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { schedules } from '../db/schema/schedules.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { begin } from './due.ts'
import { momentsUpTo } from './moments.ts'
import type { Obstacles } from './obstacle.ts'
import type { Queue } from './queue.ts'
import { insertRuns, jobOf, openRuns, type ScheduleRow } from './rows.ts'
import { nextRun, type Rule } from './rule.ts'
import { missWaiting } from './settle.ts'

/** What a person sets. `keepVersions` and `keepDays` are null for all of them. */
export type Setting = {
  readonly rule: Rule
  readonly timeZone: string
  /** Null for a dataset that is made of others. */
  readonly credentialId: string | null
  readonly catchUp: ScheduleRow['catchUp']
  readonly keepVersions: number | null
  readonly keepDays: number | null
}

export type SetOutcome =
  | { readonly ok: true }
  /** `account`: it cannot be used on the connection. `stale`: somebody changed the schedule meanwhile. */
  | { readonly ok: false; readonly reason: 'account' | 'no connection' | 'stale' }
  /** What its query calls the datasets that the actor may not read. */
  | { readonly ok: false; readonly reason: 'inputs'; readonly names: readonly string[] }

/** A reason is one or two sentences. */
export type ScheduleOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export type Schedules = ReturnType<typeof createSchedules>

/** The service with which owners have datasets refreshed by themselves. */
export function createSchedules(deps: {
  db: Database
  guard: Guard
  use: Pick<ConnectionUse, 'accounts'>
  obstacles: Pick<Obstacles, 'find'>
  queue: Pick<Queue, 'send'>
}) {
  const { db, guard, use, obstacles, queue } = deps

  type Change<T> = (effect: Effect, schedule: ScheduleRow, now: Date) => Promise<T>

  /** Changes the schedule of a dataset, with both locked. Throws NotFound where it has none. */
  function change<T>(actor: Actor, action: ScheduleAction, datasetId: string, work: Change<T>): Promise<T> {
    return guard.change<T, DatasetResource>(
      actor,
      action,
      (tx) => findDataset(tx, datasetId, 'update'),
      async (effect) => {
        const schedule = await findSchedule(effect.tx, datasetId)
        if (schedule === undefined) throw new NotFound()
        return work(effect, schedule, await databaseTime(effect.tx))
      },
      { id: datasetId },
    )
  }

  async function wayOf(datasetId: string) {
    const [schedule] = await db.select().from(schedules).where(eq(schedules.datasetId, datasetId))
    return schedule === undefined ? undefined : obstacles.find(schedule)
  }

  return {
    /**
     * Sets the schedule of a dataset, in place of one that is there; it is the actor's from then on, and active. `revision`
     * is that of the schedule the actor saw, null for none. Throws AccountNotFound for an account that is not theirs to use.
     */
    async set(actor: UserActor, datasetId: string, setting: Setting, revision: number | null): Promise<SetOutcome> {
      return guard.change<SetOutcome, DatasetResource>(
        actor,
        'dataset.set-schedule',
        (tx) => findDataset(tx, datasetId, 'update'),
        async (effect, { row, organizationId }) => {
          const { tx, note, abandon } = effect
          if (row.isDynamic) throw new NotFound()
          const obstacle =
            row.inputs === null ? await mayUse(effect, actor, row, setting) : await mayRead(effect, actor, row.inputs)
          if (obstacle !== null) return abandon(obstacle)
          const credentialId = row.inputs === null ? setting.credentialId : null
          const present = await findSchedule(tx, datasetId)
          if ((present?.revision ?? null) !== revision) return abandon({ ok: false, reason: 'stale' } as const)
          const its = { ...setting, credentialId, ...fresh, setBy: actor.id, nextAt: await firstRun(tx, setting) }
          if (present === undefined)
            await tx.insert(schedules).values({ id: newId(), organizationId, datasetId, ...its })
          else await replace(tx, present.id, its)
          note({ every: setting.rule.every, catchUp: setting.catchUp })
          return { ok: true }
        },
        { id: datasetId },
      )
    },

    /** Pauses the schedule; what waits is missed. Resolves with false where it was not active. */
    pause(actor: Actor, datasetId: string): Promise<boolean> {
      return change(actor, 'dataset.pause-schedule', datasetId, async ({ tx, abandon }, { id, state }) => {
        if (state !== 'active') return abandon(false)
        const paused = { state: 'paused', reason: null, stateAt: sql`now()`, stateBy: actor.id } as const
        await tx.update(schedules).set(paused).where(eq(schedules.id, id))
        await missWaiting(tx, id, whilePaused)
        return true
      })
    },

    /** Lets the schedule go on, where nothing is in its way; what was missed meanwhile is made up for as it says. */
    async resume(actor: Actor, datasetId: string): Promise<ScheduleOutcome> {
      const way = await wayOf(datasetId)
      return change<ScheduleOutcome>(actor, 'dataset.resume-schedule', datasetId, async (effect, schedule, now) => {
        const { tx, abandon } = effect
        if (schedule.state === 'active') return abandon({ ok: true } as const)
        if (way?.ok === false) return abandon({ ok: false, reason: way.reason } as const)
        const moments = momentsUpTo(schedule, now)
        const why = schedule.state === 'paused' ? whilePaused : whileDisabled
        const { nextAt } = moments
        const active = { state: 'active', reason: null, stateAt: sql`now()`, stateBy: actor.id, nextAt } as const
        await tx.update(schedules).set(active).where(eq(schedules.id, schedule.id))
        await begin(tx, queue, [{ schedule, ...moments }], why)
        return { ok: true }
      })
    },

    /**
     * Makes a run now, beside those of the rule, in the name of who set the schedule. Only they try an account with it that
     * is paused or held: to others it is not lent.
     */
    async runNow(actor: Actor, datasetId: string): Promise<ScheduleOutcome> {
      const way = await wayOf(datasetId)
      return change<ScheduleOutcome>(actor, 'dataset.run-schedule', datasetId, async (effect, schedule, dueAt) => {
        const { tx, abandon } = effect
        const { id } = schedule
        if (way?.ok === false) return abandon({ ok: false, reason: way.reason } as const)
        const isTheirs = schedule.setBy !== actor.id
        if (isTheirs && (await accountWaits(tx, schedule, dueAt))) {
          return abandon({ ok: false, reason: notYours } as const)
        }
        const isGoing = (await openRuns(tx, [id])).length > 0
        if (isGoing) return abandon({ ok: false, reason: 'A run is going already. Wait for its end.' } as const)
        const made = await insertRuns(tx, [{ scheduleId: id, dueAt, trigger: 'by hand', missed: null }])
        await queue.send(
          tx,
          made.map((run) => jobOf(run)),
        )
        return { ok: true }
      })
    },

    /** Deletes the schedule and the list of its runs. Versions stay, and what is being made is finished. */
    remove(actor: Actor, datasetId: string): Promise<void> {
      return change(actor, 'dataset.delete-schedule', datasetId, async ({ tx }, { id }) => {
        await tx.delete(schedules).where(eq(schedules.id, id))
      })
    },
  }

  async function mayUse(
    effect: Effect,
    actor: UserActor,
    { connectionId }: DatasetResource['row'],
    { credentialId }: Setting,
  ): Promise<NotSet | null> {
    if (connectionId === null) return { ok: false, reason: 'no connection' }
    if (credentialId === null) return { ok: false, reason: 'account' }
    await effect.also('credential.use', await findCredential(effect.tx, credentialId))
    await effect.also('connection.use', await findConnection(effect.tx, connectionId, 'share'))
    const accounts = await use.accounts(actor, connectionId)
    const isUsable = accounts.some((one) => one.credentialId === credentialId && !one.destinationChanged)
    return isUsable ? null : { ok: false, reason: 'account' }
  }
}

type NotSet = SetOutcome & { readonly ok: false }

/** It is asked again by every run: here so that nobody sets what cannot work. */
async function mayRead({ tx }: Effect, actor: UserActor, inputs: readonly DatasetInput[]): Promise<NotSet | null> {
  const names = await unreadableInputs(tx, actor, inputs)
  return names.length === 0 ? null : { ok: false, reason: 'inputs', names }
}

type ScheduleAction =
  | 'dataset.pause-schedule'
  | 'dataset.resume-schedule'
  | 'dataset.run-schedule'
  | 'dataset.delete-schedule'

/** What a schedule is that was set just now. */
const fresh = { state: 'active', reason: null, stateAt: sql`now()`, stateBy: null, makeUpRunId: null } as const

const notYours =
  'The credentials of this schedule are paused or in a maintenance window, and only who set it may try them now. Ask them, or save the schedule with an account of yours.'
const whilePaused = 'The schedule was paused.'
const whileDisabled = 'The schedule was disabled.'

async function accountWaits(tx: Transaction, { credentialId }: ScheduleRow, now: Date): Promise<boolean> {
  if (credentialId === null) return false
  const [row] = await tx.select().from(credentials).where(eq(credentials.id, credentialId))
  return row !== undefined && (row.pausedAt !== null || isHeld(row, now))
}

async function firstRun(tx: Transaction, { rule, timeZone }: Setting): Promise<Date> {
  const first = nextRun(rule, timeZone, await databaseTime(tx))
  if (first === null) throw new Error('A schedule without any run was to be set.')
  return first
}

async function replace(
  tx: Transaction,
  id: string,
  its: Omit<Setting, 'rule'> & typeof fresh & { rule: Rule; setBy: string; nextAt: Date },
): Promise<void> {
  await missWaiting(tx, id, 'The schedule was changed.')
  await tx
    .update(schedules)
    .set({ ...its, revision: sql`${schedules.revision} + 1` })
    .where(eq(schedules.id, id))
}

async function findSchedule(tx: Transaction, datasetId: string): Promise<ScheduleRow | undefined> {
  const [row] = await tx
    .select()
    .from(schedules)
    .where(and(eq(schedules.datasetId, datasetId)))
    .for('update')
  return row
}
