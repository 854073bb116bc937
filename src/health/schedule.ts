import type { Maintenance } from '../credentials/maintenance.ts'
import type { Log } from '../log.ts'
import { createSchedule, type Schedule } from '../schedule.ts'
import type { Looks } from './looks.ts'

export type HealthSchedule = Schedule

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
}): HealthSchedule {
  const { looks, maintenance, log, milliseconds = 15_000 } = deps

  async function lane(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await looks.next(signal)));
  }

  async function work(signal: AbortSignal): Promise<void> {
    await maintenance.endOver()
    await Promise.all(Array.from({ length: together }, () => lane(signal)))
  }

  return createSchedule({ work, failure: 'health checks failed', log, milliseconds })
}
