import { trippingCodes } from '../credentials/breaker.ts'

/** One scheduled sign-in: when, what came of it, and how long it took. */
export type Look = { readonly at: Date; readonly code: string; readonly milliseconds: number }

/** Why nothing was tried although it was time. */
export type NotTried =
  | 'skipped.disabled'
  | 'skipped.feature'
  | 'skipped.account'
  | 'skipped.destination'
  | 'skipped.busy'
  | 'skipped.paused'
  | 'skipped.held'

const dayMinutes = 1440

/** Returns whether a look failed for a reason that may pass: no secret was refused, and something was tried. */
export function isFailure(code: string): boolean {
  return code !== 'ok' && !code.startsWith('skipped.') && !trippingCodes.some((one) => one === code)
}

/** Returns the minutes until the next look: the interval, doubled with each failure in a row, a day at most. */
export function minutesUntilNext(interval: number, failuresInARow: number): number {
  return Math.max(interval, Math.min(dayMinutes, interval * 2 ** Math.min(failuresInARow, 12)))
}
