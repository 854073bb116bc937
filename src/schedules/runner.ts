import type { Log } from '../log.ts'
import { createSchedule, type Schedule } from '../schedule.ts'
import type { Attempts } from './attempts.ts'
import type { Due } from './due.ts'
import type { Job, Queue } from './queue.ts'
import type { Retention } from './retention.ts'
import type { Settling } from './settle.ts'

export type Runner = ReturnType<typeof createRunner>

/** Runs that a process makes at the same time. */
const lanes = 4
/** How often each is done, in milliseconds. */
const everySecond = 1000
const everyTenSeconds = 10_000
const everyTenMinutes = 600_000

/**
 * Makes what is due, in this process and beside others: looks every second for schedules that are due and for jobs, clears
 * up after processes that died, and removes what is not kept.
 */
export function createRunner(deps: {
  queue: Queue
  due: Due
  attempts: Attempts
  settling: Settling
  retention: Retention
  log: Log
  together?: number
}) {
  const { queue, due, attempts, settling, retention, log, together = lanes } = deps
  const making = new Set<Promise<void>>()
  const asking = new Set<Promise<void>>()
  /** Places that the queue is being asked to fill. */
  let asked = 0
  let closing = false

  async function decide(): Promise<void> {
    while (!closing && (await due.take()) > 0);
    while (!closing && (await due.makeUp()) > 0);
    await fill()
  }

  async function fill(): Promise<void> {
    const room = together - making.size - asked
    if (closing || room <= 0) return
    const filled = ask(room).finally(() => asking.delete(filled))
    asking.add(filled)
    await filled
  }

  async function ask(room: number): Promise<void> {
    asked += room
    try {
      for (const job of await queue.take(room)) {
        if (closing) await queue.giveBack(job)
        else start(job)
      }
    } finally {
      asked -= room
    }
  }

  /** Resolves when nothing is being made, and the queue is asked for nothing. */
  async function idle(): Promise<void> {
    while (making.size + asking.size > 0) await Promise.allSettled([...making, ...asking])
  }

  function start(job: Job): void {
    const made = make(job).finally(() => {
      making.delete(made)
      void fill().catch((error: unknown) => log.error('scheduled snapshots failed', error))
    })
    making.add(made)
  }

  async function make(job: Job): Promise<void> {
    try {
      await attempts.make(job)
    } catch (error) {
      log.error('scheduled snapshot failed', error, { run: job.runId })
      await queue.giveBack(job).catch(() => {})
    }
  }

  async function clearUp(): Promise<void> {
    await settling.abandoned()
    await due.sendLost()
  }

  const failure = 'scheduled snapshots failed'
  const schedules: readonly Schedule[] = [
    createSchedule({ work: decide, failure, log, milliseconds: everySecond }),
    createSchedule({ work: clearUp, failure, log, milliseconds: everyTenSeconds }),
    createSchedule({ work: () => retention.sweep(), failure, log, milliseconds: everyTenMinutes }),
  ]

  return {
    /** Begins, now and from then on. Rejects where the queue's tables are not those of this version. */
    async start(): Promise<void> {
      await queue.start()
      if (!closing) for (const schedule of schedules) schedule.start()
    },

    /** Does once what is due, and resolves when all of that has been made. For tests. */
    async once(): Promise<void> {
      await decide()
      await idle()
    },

    /** Clears up once after processes that died. */
    clearUp,

    /**
     * Takes nothing more. Call `idle` after the snapshots were closed, which ends the runs as interrupted: others take them
     * up again.
     */
    async stop(): Promise<void> {
      closing = true
      for (const schedule of schedules) await schedule.close()
    },

    /** Resolves when the runs of this process are over, and closes the queue. */
    async close(): Promise<void> {
      await this.stop()
      await idle()
      await queue.close()
    },
  }
}
