import type { UserActor } from '../access/actor.ts'
import type { Log } from '../log.ts'
import { createSchedule } from '../schedule.ts'
import type { BulkItem } from './bulk-job.ts'
import { cancelled, interrupted, type JobRows } from './job-rows.ts'
import { doOne, type ItemDependencies, type Order } from './one-item.ts'

/** A confirmed job; its rows are there already. */
export type BulkOrder = { readonly jobId: string; readonly actor: UserActor; readonly order: Order }

export type BulkRuns = ReturnType<typeof createBulkRuns>

type Run = BulkOrder & { readonly abort: AbortController; ending: 'cancelled' | 'interrupted' | undefined }

/** At most this many credentials of one job at a time. */
const together = 2
const sweepMilliseconds = 15_000

/**
 * Works through jobs in the background of this process, and ends those of processes that died. `beatMilliseconds` is how
 * often a job says that it lives and looks whether somebody wants it to end.
 */
export function createBulkRuns(deps: ItemDependencies & { rows: JobRows; log: Log; beatMilliseconds?: number }) {
  const { rows, log } = deps
  const runs = new Map<string, Run>()
  const working = new Set<Promise<void>>()
  let closing = false

  const heartbeat = createSchedule({
    work: beat,
    failure: 'heartbeat of bulk work failed',
    log,
    milliseconds: deps.beatMilliseconds ?? 1000,
  })
  heartbeat.start()

  async function beat(): Promise<void> {
    if (runs.size === 0) return
    const present = [...runs.values()]
    const pulse = await rows.beat(present.map(({ jobId }) => jobId))
    for (const run of present) {
      if (pulse.cancelled.has(run.jobId)) end(run, 'cancelled')
      else if (!pulse.open.has(run.jobId)) end(run, 'interrupted')
    }
  }

  function end(run: Run, ending: NonNullable<Run['ending']>): void {
    run.ending ??= ending
    run.abort.abort()
  }

  async function work(run: Run): Promise<void> {
    const { jobId } = run
    try {
      const waiting = [...(await rows.waiting(jobId))]
      const lane = async () => {
        for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
          if (run.ending !== undefined) return
          await workOn(run, item)
        }
      }
      await Promise.all(Array.from({ length: together }, lane))
      await rows.finish(jobId, run.ending === 'cancelled' ? cancelled : interrupted)
    } catch (error) {
      // The next sweep ends it, once its last heartbeat is old.
      log.error('bulk work could not be written down', error, { job: jobId })
    } finally {
      runs.delete(jobId)
    }
  }

  async function workOn(run: Run, item: BulkItem): Promise<void> {
    const result = await doOne(deps, run.actor, run.order, item, run.abort.signal)
    await rows.write(run.jobId, item.position, result)
  }

  async function sweep(): Promise<void> {
    const ended = await rows.endSilent()
    if (ended > 0) log.warn('bulk work of a process that died was ended', { jobs: ended })
    await rows.forgetOld()
  }

  const schedule = createSchedule({
    work: sweep,
    failure: 'sweep of bulk work failed',
    log,
    milliseconds: sweepMilliseconds,
  })

  return {
    /** Begins a job and returns at once. */
    start(order: BulkOrder): void {
      const run: Run = { ...order, abort: new AbortController(), ending: closing ? 'interrupted' : undefined }
      runs.set(run.jobId, run)
      const begun = work(run).finally(() => working.delete(begun))
      working.add(begun)
    },

    /** Ends a job at once if this process works on it; another process notices with its next heartbeat. */
    cancel(jobId: string): void {
      const run = runs.get(jobId)
      if (run !== undefined) end(run, 'cancelled')
    },

    /** Ends the jobs of processes that died. */
    sweep,

    /** Sweeps now and from now on; what fails is logged and tried again. */
    startSweeping: schedule.start,

    /** Resolves when this process works on nothing. */
    async idle(): Promise<void> {
      while (working.size > 0) await Promise.all(working)
    },

    /** Ends what this process works on and resolves when that is written down. Call it before the connector's. */
    async close(): Promise<void> {
      closing = true
      for (const run of runs.values()) end(run, 'interrupted')
      await Promise.all([this.idle(), schedule.close()])
      await heartbeat.close()
    },
  }
}
