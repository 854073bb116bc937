import { setTimeout as pause } from 'node:timers/promises'
import { Refusal } from '../access/refusals.ts'
import { TooBusy } from '../connector/driver.ts'
import type { Log } from '../log.ts'
import { createSchedule } from '../schedule.ts'
import type { AnalysisEnd, AnalysisRows } from './analysis-rows.ts'

/** One analysis to be made; its row is queued already. */
export type AnalysisOrder = {
  readonly id: string
  /** Computes it. Throws `TooBusy` where there is no place, and is then called again. */
  work(options: { readonly signal: AbortSignal; readonly onPercent: (percent: number) => void }): Promise<AnalysisEnd>
}

export type AnalysisRuns = ReturnType<typeof createAnalysisRuns>

type Run = {
  readonly order: AnalysisOrder
  readonly abort: AbortController
  ending: Extract<AnalysisEnd, { message: string }> | undefined
  percent: number
}

/** As many at a time of this process, so that a basket of a hundred tables does not take every place. */
const lanes = 2
const patienceMilliseconds = 60 * 60 * 1000

/** Makes analyses in the background of this process, in the order in which they were asked for. */
export function createAnalysisRuns(deps: { rows: AnalysisRows; log: Log; beatMilliseconds?: number }) {
  const { rows, log } = deps
  const runs = new Map<string, Run>()
  const waiting: Run[] = []
  const working = new Set<Promise<void>>()
  let closing = false

  const heartbeat = createSchedule({
    work: beat,
    failure: 'heartbeat of an analysis failed',
    log,
    milliseconds: deps.beatMilliseconds ?? 1000,
  })
  heartbeat.start()

  async function beat(): Promise<void> {
    if (runs.size === 0) return
    const present = [...runs.values()]
    const going = await rows.beat(present.map(({ order, percent }) => ({ id: order.id, percent })))
    for (const run of present) if (!going.has(run.order.id)) end(run, cancelled)
  }

  function end(run: Run, ending: NonNullable<Run['ending']>): void {
    run.ending ??= ending
    run.abort.abort()
  }

  function fill(): void {
    while (working.size < lanes) {
      const run = waiting.shift()
      if (run === undefined) return
      const made = make(run).finally(() => {
        working.delete(made)
        fill()
      })
      working.add(made)
    }
  }

  async function make(run: Run): Promise<void> {
    const { id } = run.order
    try {
      const begins = run.ending === undefined && (await rows.start(id))
      const ended = begins ? await compute(run) : cancelled
      await rows.end(id, run.ending ?? ended)
    } catch (error) {
      log.error('analysis could not be written down', error, { analysis: id })
    } finally {
      runs.delete(id)
    }
  }

  async function compute(run: Run): Promise<AnalysisEnd> {
    const { signal } = run.abort
    const onPercent = (percent: number) => {
      run.percent = percent
    }
    const until = Date.now() + patienceMilliseconds
    for (;;) {
      try {
        return await run.order.work({ signal, onPercent })
      } catch (error) {
        if (error instanceof Refusal) return { status: 'failed', message: error.message }
        if (run.ending !== undefined) return run.ending
        if (!(error instanceof TooBusy)) {
          log.error('analysis failed', error, { analysis: run.order.id })
          return { status: 'failed', message: generalMessage }
        }
        if (Date.now() > until) return { status: 'failed', message: busyMessage }
        await pause(error.retryAfterSeconds * 1000, undefined, { signal, ref: false }).catch(() => {})
      }
    }
  }

  return {
    /** Begins to make one as soon as there is room; returns at once. What goes wrong is written on its row. */
    start(order: AnalysisOrder): void {
      const run: Run = { order, abort: new AbortController(), ending: undefined, percent: 0 }
      if (closing) end(run, interrupted)
      runs.set(order.id, run)
      waiting.push(run)
      fill()
    },

    /** Ends one at once if this process makes it; another process notices with its next heartbeat. */
    cancel(id: string): void {
      const run = runs.get(id)
      if (run !== undefined) end(run, cancelled)
    },

    /** Resolves when nothing is being made in this process. */
    async idle(): Promise<void> {
      while (working.size > 0) await Promise.all(working)
    },

    /** Ends this process's runs as interrupted and resolves when that is written down. */
    async close(): Promise<void> {
      closing = true
      for (const run of runs.values()) end(run, interrupted)
      await this.idle()
      await heartbeat.close()
    },
  }
}

const cancelled = { status: 'cancelled', message: 'It was cancelled.' } as const
const interrupted = {
  status: 'failed',
  message: 'Keyward was stopped while this was computed. Compute it again.',
} as const
const generalMessage = 'It could not be computed. Try again; if it fails again, ask an administrator to look.'
const busyMessage = 'Keyward was too busy for an hour. Compute it again later.'
