import type { Maintenance } from '../credentials/maintenance.ts'
import type { Log } from '../log.ts'
import type { Looks } from './looks.ts'

export type HealthSchedule = ReturnType<typeof createHealthSchedule>

const together = 2

/**
 * Looks every `milliseconds` (15,000) for connections that are due, and tries them, two at a time. Before that it ends the
 * maintenance windows that are over, which makes what was missed in them due.
 */
export function createHealthSchedule(deps: {
  looks: Looks
  maintenance: Pick<Maintenance, 'endOver'>
  log: Log
  milliseconds?: number
}) {
  const { looks, maintenance, log } = deps
  const closing = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | undefined

  async function lane(): Promise<void> {
    while (!closing.signal.aborted && (await looks.next(closing.signal)));
  }

  /** Makes every look that is due and resolves when the last is over. */
  async function once(): Promise<void> {
    await maintenance.endOver()
    await Promise.all(Array.from({ length: together }, lane))
  }

  return {
    once,

    /** Begins, now and from then on. It keeps no process alive; what fails is logged and the rest goes on. */
    start(): void {
      const tick = () => {
        working ??= once()
          .catch((error: unknown) => log.error('health checks failed', error))
          .finally(() => {
            working = undefined
          })
      }
      tick()
      timer = setInterval(tick, deps.milliseconds ?? 15_000)
      timer.unref()
    },

    /** Ends what is being tried and resolves when that is over. Call it before the connector and the database are closed. */
    async close(): Promise<void> {
      clearInterval(timer)
      closing.abort()
      await working
    },
  }
}
