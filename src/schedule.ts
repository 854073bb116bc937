import type { Log } from './log.ts'

export type Schedule = ReturnType<typeof createSchedule>

/** What is done again and again: `work` does all that is due, and ends early when its signal is aborted. */
export type ScheduledWork = {
  readonly work: (signal: AbortSignal) => Promise<void>
  /** What the log says where it fails. */
  readonly failure: string
  readonly log: Log
  readonly milliseconds: number
}

/** Does work every so many milliseconds, never two at a time. */
export function createSchedule({ work, failure, log, milliseconds }: ScheduledWork) {
  const closing = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | undefined

  /** Does what is due now and resolves when that is done. */
  const once = () => work(closing.signal)

  return {
    once,

    /** Begins, now and from then on. It keeps no process alive; what fails is logged and the rest goes on. */
    start(): void {
      const tick = () => {
        working ??= once()
          .catch((error: unknown) => log.error(failure, error))
          .finally(() => {
            working = undefined
          })
      }
      tick()
      timer = setInterval(tick, milliseconds)
      timer.unref()
    },

    /** Ends what is being done and resolves when that is over. Call it before what it works with is closed. */
    async close(): Promise<void> {
      clearInterval(timer)
      closing.abort()
      await working
    },
  }
}
