import { and, eq, sql } from 'drizzle-orm'
import { Refusal } from '../access/refusals.ts'
import type { Combine } from '../catalog/combine.ts'
import type { Datasets } from '../catalog/datasets.ts'
import type { Failure, OwnRefresh } from '../catalog/own-order.ts'
import type { Breaker } from '../credentials/breaker.ts'
import type { Database, Transaction } from '../db/client.ts'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import type { Clear, Obstacles } from './obstacle.ts'
import { AccountBusy, AccountWaits, becauseOf } from './outcome.ts'
import { type Permit, purpose, takePermit } from './permits.ts'
import type { Job, Queue } from './queue.ts'
import type { Retention } from './retention.ts'
import type { RunRow, ScheduleRow } from './rows.ts'
import type { Settling } from './settle.ts'

export type Attempts = ReturnType<typeof createAttempts>

/** After how many seconds a run is looked at again whose account or dataset was busy. */
const soonSeconds = { account: 2, dataset: 15 }

/** Makes runs, one attempt for each job. */
export function createAttempts(deps: {
  db: Database
  queue: Pick<Queue, 'done'>
  obstacles: Obstacles
  settling: Settling
  breaker: Pick<Breaker, 'permit' | 'release'>
  datasets: Pick<Datasets, 'refresh'>
  combine: Pick<Combine, 'refresh'>
  retention: Pick<Retention, 'retain'>
}) {
  const { db, queue, obstacles, settling, breaker, datasets, combine, retention } = deps

  /** Writes in one transaction that the run is made by this version, and that its job is done. */
  async function take(tx: Transaction, run: RunRow, job: Job, version: { id: string; number: number }) {
    const begun = {
      state: 'running' as const,
      attempts: sql`${scheduleRuns.attempts} + 1`,
      versionId: version.id,
      versionNumber: version.number,
      changedAt: sql`now()`,
    }
    const its = and(eq(scheduleRuns.id, run.id), eq(scheduleRuns.state, 'waiting'))
    const taken = await tx.update(scheduleRuns).set(begun).where(its).returning({ id: scheduleRuns.id })
    if (taken.length === 0) return false
    await queue.done(tx, job)
    return true
  }

  /**
   * The one place where a run refreshes its dataset: with the account that its schedule has, or without one where it is
   * made of others. Resolves when its version has ended and that is settled.
   */
  async function refresh(run: RunRow, schedule: ScheduleRow, job: Job, clear: Clear): Promise<void> {
    const permit = clear.place === null ? null : await takePermit({ breaker }, run, clear.place)
    let versionId: string | undefined
    let tell: OwnRefresh['order']['ended'] = () => {}
    const ended = new Promise<Failure | null | undefined>((resolve) => {
      tell = resolve
    })
    const own: OwnRefresh = {
      begin: async (tx, version) => {
        versionId = version.id
        return take(tx, run, job, version)
      },
      order: { purpose, ended: tell, ...(permit === null ? {} : { permit: permitOf(permit) }) },
    }
    try {
      const begun = await begin(schedule.datasetId, clear, own)
      if (begun.ok && versionId !== undefined) await end(run, schedule, versionId, await ended)
      // Either it was begun by somebody else, or a person makes a version of this dataset.
      else if (!begun.ok) await settling.putOff(run, job, soonSeconds.dataset)
    } finally {
      await permit?.giveBack().catch(() => {})
    }
  }

  function begin(datasetId: string, { actor, place }: Clear, own: OwnRefresh) {
    if (place === null) return combine.refresh(actor, datasetId, own)
    return datasets.refresh(actor, datasetId, { kind: 'stored', credentialId: place.credentialId }, own)
  }

  async function end(run: RunRow, schedule: ScheduleRow, versionId: string, failure: Failure | null | undefined) {
    // As of a process that died: when its version has ended, others settle what that says.
    if (failure === undefined) return
    await settling.ended(run, versionId, failure)
    const isLimited = schedule.keepVersions !== null || schedule.keepDays !== null
    if (failure === null && isLimited) await retention.retain(schedule.datasetId)
  }

  async function attempt(job: Job, run: RunRow, schedule: ScheduleRow): Promise<void> {
    if (schedule.state !== 'active' && run.trigger === 'schedule') {
      return settling.missed(run, job, 'The schedule was not active any more.', null)
    }
    const way = await obstacles.find(schedule)
    if (!way.ok) return disable(job, run, schedule, way.reason)
    try {
      await refresh(run, schedule, job, way.clear)
    } catch (error) {
      if (error instanceof AccountWaits) return settling.missed(run, job, becauseOf[error.because], error.because)
      if (error instanceof AccountBusy) return settling.putOff(run, job, soonSeconds.account)
      if (!(error instanceof Refusal)) throw error
      // Taken away between looking and using; the refusal is in the ledger.
      const now = await obstacles.find(schedule)
      if (now.ok) await settling.failed(run, job, error.message)
      else await disable(job, run, schedule, now.reason)
    }
  }

  async function disable(job: Job, run: RunRow, schedule: ScheduleRow, reason: string): Promise<void> {
    await settling.disable(schedule, reason)
    // What waited of the schedule is missed by that already, where its dataset is still there.
    await settling.missed(run, job, reason, null)
  }

  return {
    /** Makes the run of a job and resolves when that is over. What a fault of ours ends is to be given back. */
    async make(job: Job): Promise<void> {
      const [found] = await db
        .select({ run: scheduleRuns, schedule: schedules })
        .from(scheduleRuns)
        .innerJoin(schedules, eq(schedules.id, scheduleRuns.scheduleId))
        .where(eq(scheduleRuns.id, job.runId))
      if (found?.run.state === 'waiting') await attempt(job, found.run, found.schedule)
      else await queue.done(db, job)
    },
  }
}

function permitOf({ occasion, giveBack }: Permit): NonNullable<OwnRefresh['order']['permit']> {
  // What cannot be given back ends by itself.
  return { occasion, letIn: () => void giveBack().catch(() => {}) }
}
