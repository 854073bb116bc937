import { and, asc, eq, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { datasets } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import { type Moments, momentsUpTo } from './moments.ts'
import type { Queue } from './queue.ts'
import { changeRun, insertRuns, jobOf, type NewRun, openRuns, type RunRow, type ScheduleRow } from './rows.ts'
import { tellOfMissed, tellOfRun } from './telling.ts'

export type Due = ReturnType<typeof createDue>

const together = 100

/**
 * Turns what is due into runs and their jobs. Any number of processes may: a schedule is locked while that is decided, and
 * its next moment, its run and the job of that are written in one transaction. All by the database's clock.
 */
export function createDue(deps: { db: Database; queue: Pick<Queue, 'send' | 'none'> }) {
  const { db, queue } = deps
  return {
    /** Takes at most 100 schedules that are due; resolves with how many there were. */
    take(): Promise<number> {
      return db.transaction(async (tx) => {
        const now = await databaseTime(tx)
        const due = await tx
          .select({ schedule: schedules, deletedAt: datasets.deletedAt })
          .from(schedules)
          .innerJoin(datasets, eq(datasets.id, schedules.datasetId))
          .where(and(eq(schedules.state, 'active'), lte(schedules.nextAt, now)))
          .orderBy(asc(schedules.nextAt))
          .limit(together)
          .for('update', { of: schedules, skipLocked: true })
        const decided = due.map(({ schedule, deletedAt }) => ({ schedule, deletedAt, ...momentsUpTo(schedule, now) }))
        await moveOn(tx, decided)
        // A deleted dataset may come back, and then goes on with what is due from then on.
        const alive = decided.filter(({ deletedAt }) => deletedAt === null)
        await tellOfLost(tx, alive, await begin(tx, queue, alive, notRunning))
        return due.length
      })
    },

    /** Puts back the newest missed run of schedules whose account may be used again, 100 at most. */
    makeUp(): Promise<number> {
      return db.transaction(async (tx) => {
        const now = sql`now()`
        const held = sql`(${credentials.heldUntil} > ${now} and coalesce(${credentials.heldFrom}, ${now}) <= ${now})`
        const ready = and(eq(schedules.state, 'active'), isNotNull(schedules.makeUpRunId), isNull(credentials.pausedAt))
        const due = await tx
          .select({ schedule: schedules })
          .from(schedules)
          .innerJoin(credentials, eq(credentials.id, schedules.credentialId))
          .where(and(ready, sql`${credentials.heldUntil} is null or not ${held}`))
          .limit(together)
          .for('update', { of: schedules, skipLocked: true })
        for (const { schedule } of due) await putBack(tx, queue, schedule)
        return due.length
      })
    },

    /** Sends the jobs of waiting runs again that have lost theirs. */
    async sendLost(): Promise<void> {
      const { scheduleId, dueAt } = scheduleRuns
      const key = sql`${scheduleId} || '/' || to_char(${dueAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
      const old = sql`${scheduleRuns.changedAt} < now() - interval '1 minute'`
      await db.transaction(async (tx) => {
        const lost = await tx
          .select()
          .from(scheduleRuns)
          .where(and(eq(scheduleRuns.state, 'waiting'), old, queue.none(key)))
          .limit(together)
          .for('update', { skipLocked: true })
        await queue.send(
          tx,
          lost.map((run) => jobOf(run)),
        )
      })
    },
  }
}

type Decided = Moments & { readonly schedule: ScheduleRow }

/**
 * Writes down the runs of moments that are over, inside the transaction that holds their schedules: those that are missed,
 * with why, and the one that is made, with its job. Resolves with those that nobody had written down before.
 */
export async function begin(
  tx: Transaction,
  queue: Pick<Queue, 'send'>,
  decided: readonly Decided[],
  why: string,
): Promise<readonly RunRow[]> {
  const byId = new Map(decided.map(({ schedule }) => [schedule.id, schedule]))
  const open = await openRuns(tx, [...byId.keys()])
  // What only waits to be tried again gives way to the next one.
  const givesWay = (run: RunRow) => run.state === 'waiting' && run.attempts > 0
  for (const run of open.filter(givesWay)) await giveWay(tx, run, byId.get(run.scheduleId))
  const busy = new Set(open.filter((run) => !givesWay(run)).map(({ scheduleId }) => scheduleId))
  const runs = await insertRuns(
    tx,
    decided.flatMap((one) => runsOf(one, why, busy.has(one.schedule.id))),
  )
  await queue.send(
    tx,
    runs.filter(({ state }) => state === 'waiting').map((run) => jobOf(run)),
  )
  return runs
}

async function giveWay(tx: Transaction, run: RunRow, schedule: ScheduleRow | undefined): Promise<void> {
  await changeRun(tx, run.id, { state: 'failed' })
  if (schedule !== undefined) await tellOfRun(tx, run, schedule, 'failed')
}

function runsOf({ schedule, missed, more, made }: Decided, why: string, isBusy: boolean): NewRun[] {
  const its = { scheduleId: schedule.id, trigger: 'schedule' } as const
  const lost = missed.map((dueAt, index) => {
    const earlier = more && index === 0 ? ' Earlier ones were missed as well; they are not listed.' : ''
    return { ...its, dueAt, missed: why + earlier }
  })
  return made === null ? lost : [...lost, { ...its, dueAt: made, missed: isBusy ? stillBusy : null }]
}

/** Tells of each schedule once what it lost, however many moments those are. */
async function tellOfLost(tx: Transaction, decided: readonly Decided[], written: readonly RunRow[]): Promise<void> {
  for (const { schedule, more } of decided) {
    const lost = written.filter(({ scheduleId, state }) => scheduleId === schedule.id && state === 'missed')
    await tellOfMissed(tx, lost, schedule, more)
  }
}

async function moveOn(tx: Transaction, decided: readonly Decided[]): Promise<void> {
  if (decided.length === 0) return
  const next = JSON.stringify(decided.map(({ schedule, nextAt }) => ({ id: schedule.id, at: nextAt.toISOString() })))
  await tx.execute(sql`
    update schedules s set next_at = next.at
    from json_to_recordset(${next}::text::json) as next(id uuid, at timestamptz) where s.id = next.id`)
}

async function putBack(tx: Transaction, queue: Pick<Queue, 'send'>, schedule: ScheduleRow): Promise<void> {
  const { id, makeUpRunId } = schedule
  await tx.update(schedules).set({ makeUpRunId: null }).where(eq(schedules.id, id))
  const its = and(eq(scheduleRuns.id, makeUpRunId ?? ''), sql`${scheduleRuns.state} in ('missed', 'failed')`)
  const [run] = await tx.select().from(scheduleRuns).where(its)
  // What is being made anyway makes up for it as well.
  if (run === undefined || (await openRuns(tx, [id])).length > 0) return
  await changeRun(tx, run.id, { state: 'waiting', reason: null, code: null })
  await queue.send(tx, [jobOf(run)])
}

const notRunning = 'Keyward was not running at that time.'
const stillBusy = 'The run before it was still going.'
