import { and, eq, sql } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import type { Failure } from '../catalog/own-order.ts'
import { type DatasetResource, findDataset, isOpen } from '../catalog/queries.ts'
import type { DiagnosisCode } from '../connector/driver.ts'
import type { Because } from '../credentials/missed-uses.ts'
import type { Database, Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import { type Verdict, verdictOn } from './outcome.ts'
import type { Job, Queue } from './queue.ts'
import { changeRun, jobOf, type RunRow, type ScheduleRow } from './rows.ts'
import { tellOfDisabled, tellOfRun } from './telling.ts'

export type Settling = ReturnType<typeof createSettling>

/**
 * Writes down what becomes of runs. Each step is taken only from the state before it, with the schedule and the run locked,
 * so that whoever comes late changes nothing.
 */
export function createSettling(deps: { db: Database; guard: Guard; queue: Pick<Queue, 'send' | 'done'> }) {
  const { db, guard, queue } = deps

  /** Runs `decide` on a run that is still in that state; false where it is not any more. */
  function on(
    run: Pick<RunRow, 'id' | 'scheduleId'>,
    state: RunRow['state'],
    decide: (tx: Transaction, run: RunRow, schedule: ScheduleRow) => Promise<void>,
  ): Promise<boolean> {
    return db.transaction(async (tx) => {
      const [schedule] = await tx.select().from(schedules).where(eq(schedules.id, run.scheduleId)).for('update')
      const its = and(eq(scheduleRuns.id, run.id), eq(scheduleRuns.state, state))
      const [present] = await tx.select().from(scheduleRuns).where(its).for('update')
      if (schedule === undefined || present === undefined) return false
      await decide(tx, present, schedule)
      return true
    })
  }

  async function apply(tx: Transaction, run: RunRow, schedule: ScheduleRow, verdict: Verdict): Promise<void> {
    const { state, reason, code } = verdict
    await changeRun(tx, run.id, { state, reason, code })
    if (state === 'failed' || state === 'missed') await tellOfRun(tx, run, schedule, state)
    if (verdict.state === 'waiting') return queue.send(tx, [jobOf(run, verdict.afterSeconds)])
    if (verdict.state === 'completed') await remember(tx, schedule, null)
    else if (verdict.makeUp) await remember(tx, schedule, run)
  }

  return {
    /** Ends a run whose version has ended, or lets it wait for another attempt; false where somebody else did. */
    ended(run: Pick<RunRow, 'id' | 'scheduleId'>, versionId: string, failure: Failure | null): Promise<boolean> {
      return on(run, 'running', async (tx, present, schedule) => {
        if (present.versionId !== versionId) return
        await apply(tx, present, schedule, verdictOn(present, schedule, failure, await databaseTime(tx)))
      })
    },

    /** Ends a run that waits without having begun it, where it still waits; strikes its job off. */
    async missed(run: RunRow, job: Job, reason: string, because: Because | null): Promise<void> {
      const isOurs = await on(run, 'waiting', async (tx, present, schedule) => {
        const makeUp = because !== null
        await apply(tx, present, schedule, { state: 'missed', code: null, reason, makeUp })
        await queue.done(tx, job)
      })
      if (!isOurs) await queue.done(db, job)
    },

    /** Fails a run that could not even be begun, where it still waits; strikes its job off. */
    async failed(run: RunRow, job: Job, reason: string): Promise<void> {
      const isOurs = await on(run, 'waiting', async (tx, present, schedule) => {
        await apply(tx, present, schedule, { state: 'failed', code: null, reason, makeUp: false })
        await queue.done(tx, job)
      })
      if (!isOurs) await queue.done(db, job)
    },

    /** Puts the job of a run off, where it still waits. */
    async putOff(run: RunRow, job: Job, seconds: number): Promise<void> {
      const isOurs = await on(run, 'waiting', async (tx, present) => {
        await queue.done(tx, job)
        await queue.send(tx, [jobOf(present, seconds)])
      })
      if (!isOurs) await queue.done(db, job)
    },

    /** Disables a schedule that cannot be run any more; what waits is missed. */
    async disable(schedule: Pick<ScheduleRow, 'id' | 'datasetId'>, reason: string): Promise<void> {
      const { id, datasetId } = schedule
      try {
        await guard.change<void, DatasetResource>(
          system,
          'dataset.disable-schedule',
          (tx) => findDataset(tx, datasetId, 'share'),
          async ({ tx, abandon }) => {
            const active = and(eq(schedules.id, id), eq(schedules.state, 'active'))
            const disabled = { state: 'disabled', reason, stateAt: sql`now()`, stateBy: null } as const
            const changed = await tx.update(schedules).set(disabled).where(active).returning()
            await missWaiting(tx, id, reason)
            const [one] = changed
            if (one === undefined) return abandon<void>(undefined)
            await tellOfDisabled(tx, one)
          },
        )
      } catch (error) {
        // Of a deleted dataset nothing is run.
        if (!(error instanceof NotFound)) throw error
      }
    },

    /** Takes care of runs whose process died: their version has ended, and nobody has said so for ten seconds. */
    async abandoned(): Promise<void> {
      const its = and(
        eq(scheduleRuns.state, 'running'),
        sql`(${datasetVersions.id} is null or (${datasetVersions.status} not in ('queued', 'running') and ${datasetVersions.finishedAt} < now() - interval '10 seconds'))`,
      )
      const left = await db
        .select({ run: scheduleRuns, version: datasetVersions })
        .from(scheduleRuns)
        .leftJoin(datasetVersions, eq(datasetVersions.id, scheduleRuns.versionId))
        .where(its)
        .limit(100)
      for (const { run, version } of left) {
        await this.ended(run, run.versionId ?? '', version === null ? lost : failureOf(version))
      }
    },
  }
}

/** Ends every run of a schedule that waits, inside the transaction that pauses, disables or deletes it. */
export async function missWaiting(tx: Transaction, scheduleId: string, reason: string): Promise<void> {
  const its = and(eq(scheduleRuns.scheduleId, scheduleId), eq(scheduleRuns.state, 'waiting'))
  await tx.update(scheduleRuns).set({ state: 'missed', reason, changedAt: sql`now()` }).where(its)
}

/** Keeps in mind which run is to be made up for, where its schedule wants that; a completed one makes up for all. */
async function remember(tx: Transaction, schedule: ScheduleRow, run: RunRow | null): Promise<void> {
  if (run !== null && (schedule.catchUp === 'skip' || run.trigger !== 'schedule')) return
  if (run === null && schedule.makeUpRunId === null) return
  await tx
    .update(schedules)
    .set({ makeUpRunId: run?.id ?? null })
    .where(eq(schedules.id, schedule.id))
}

const lost: Failure = { kind: 'interrupted', code: null, message: 'Its version is gone.' }

/** What a version says of itself. One that failed without a code and without a word from its process was interrupted. */
function failureOf(version: typeof datasetVersions.$inferSelect): Failure | null {
  const { status, code, message } = version
  // One that was deleted afterwards had been completed.
  if (status === 'completed' || status === 'deleted') return null
  if (isOpen(status)) throw new Error('The version is still being made.')
  if (status === 'cancelled') return { kind: 'cancelled', code: null, message: message ?? '' }
  return { kind: code === null ? 'interrupted' : 'failed', code: code as DiagnosisCode | null, message: message ?? '' }
}
