import { Refusal } from '../access/refusals.ts'
import type { Failure } from '../catalog/own-order.ts'
import { type DiagnosisCode, TooBusy } from '../connector/driver.ts'
import { PermitOver, trippingCodes } from '../credentials/breaker.ts'
import type { Because } from '../credentials/missed-uses.ts'
import type { RunRow, ScheduleRow } from './rows.ts'

/** Its account was paused or held when the run would have signed in. */
export class AccountWaits extends Refusal {
  readonly because: Because
  constructor(because: Because) {
    super(becauseOf[because])
    this.because = because
  }
}

/** Something else signed in with the account all the while. */
export class AccountBusy extends Refusal {
  constructor() {
    super('Something else signed in with the same credentials all the while, so this was put off.')
  }
}

/** What becomes of a run: it has ended, or it waits for another attempt. `makeUp` is for what the catch-up policy decides. */
export type Verdict =
  | {
      readonly state: 'completed' | 'failed' | 'cancelled' | 'missed'
      readonly code: DiagnosisCode | null
      readonly reason: string | null
      readonly makeUp: boolean
    }
  | {
      readonly state: 'waiting'
      readonly afterSeconds: number
      readonly code: DiagnosisCode | null
      readonly reason: string
    }

/** Why a run is missed, by what kept its account from being used. */
export const becauseOf: Readonly<Record<Because, string>> = {
  paused: 'The credentials were paused, because a data store had refused them.',
  held: 'The credentials were in a maintenance window.',
}

/** Failures that may pass by themselves: the network, and faults of a moment. A secret that is refused is none of them. */
const passing: readonly DiagnosisCode[] = [
  'dns.not_found',
  'tcp.refused',
  'tcp.timeout',
  'protocol.unexpected',
  'auth.method_refused',
  'internal',
]

/** So often a run is begun after failures that may pass, and after its process died. */
const mostAttempts = 8
const mostInterruptions = 50
/** How long after its moment a run is still tried again, in hours, unless the next one is due before. */
const windowHours = 6

/**
 * Decides what becomes of a run whose version has ended. Null is a version with all its data; `now` is the database's time.
 */
export function verdictOn(
  run: Pick<RunRow, 'attempts' | 'dueAt'>,
  schedule: Pick<ScheduleRow, 'nextAt'>,
  failure: Failure | null,
  now: Date,
): Verdict {
  if (failure === null) return ended('completed', null)
  const { kind, code, message, error } = failure
  if (kind === 'cancelled') return ended('cancelled', 'Somebody cancelled this snapshot.')
  if (kind === 'interrupted') return interrupted(run, message)
  if (error instanceof AccountWaits) return { ...ended('missed', becauseOf[error.because]), makeUp: true }
  const isBusy = error instanceof TooBusy || error instanceof AccountBusy || error instanceof PermitOver
  if (isBusy) return again(60, null, message)
  if (code !== null && trippingCodes.includes(code)) return { ...ended('failed', message, code), makeUp: true }
  const wait = backoffSeconds(run.attempts)
  const isOver = now.getTime() + wait * 1000 > windowEnd(run, schedule).getTime() || run.attempts >= mostAttempts
  if (code === null || !passing.includes(code) || isOver) return ended('failed', message, code)
  return again(wait, code, message)
}

/** Returns the seconds before another attempt: half a minute, doubled each time, a quarter of an hour at most. */
export function backoffSeconds(attempts: number): number {
  return Math.min(900, 30 * 2 ** Math.max(0, attempts - 1))
}

function interrupted({ attempts }: Pick<RunRow, 'attempts'>, message: string): Verdict {
  return attempts < mostInterruptions ? again(0, null, message) : ended('failed', message)
}

function ended(
  state: 'completed' | 'failed' | 'cancelled' | 'missed',
  reason: string | null,
  code: DiagnosisCode | null = null,
) {
  return { state, code, reason, makeUp: false }
}

function again(afterSeconds: number, code: DiagnosisCode | null, reason: string): Verdict {
  return { state: 'waiting', afterSeconds, code, reason }
}

function windowEnd({ dueAt }: Pick<RunRow, 'dueAt'>, { nextAt }: Pick<ScheduleRow, 'nextAt'>): Date {
  const longest = new Date(dueAt.getTime() + windowHours * 3_600_000)
  return nextAt > dueAt && nextAt < longest ? nextAt : longest
}
