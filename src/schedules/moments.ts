import type { ScheduleRow } from './rows.ts'
import { ruleOf } from './rows.ts'
import { nextRun, type Rule, runsBetween } from './rule.ts'

/** How many missed moments are written down at once; those before them are only mentioned. */
export const listedMoments = 24

/** Up to here a run is late, not missed: as long as a restart may take, in minutes. */
export const graceMinutes = 15

/** What becomes of the moments of a schedule that are over. */
export type Moments = {
  /** Those that are not made any more, the earliest first. */
  readonly missed: readonly Date[]
  /** Whether there were earlier ones that are not listed. */
  readonly more: boolean
  /** The one that is made now; null for none. */
  readonly made: Date | null
  /** The first one that is yet to come. */
  readonly nextAt: Date
}

/**
 * Decides about all moments of a schedule up to `now`. However many there are, one of them is made at most, the newest, as
 * what is there now is read in any case: always where it is a little late only, else if missed runs are made up for.
 */
export function momentsUpTo(
  schedule: Pick<ScheduleRow, 'rule' | 'timeZone' | 'nextAt' | 'catchUp'>,
  now: Date,
): Moments {
  const { timeZone, nextAt: from, catchUp } = schedule
  const rule = ruleOf(schedule)
  const { newest, more } = overdue(rule, timeZone, from, now)
  // A rule without an end: what has one (30 February) was not taken.
  const nextAt = nextRun(rule, timeZone, now) ?? never
  const last = newest.at(-1)
  if (last === undefined) return { missed: [], more, made: null, nextAt: from }
  const isLate = now.getTime() - last.getTime() > graceMinutes * 60_000
  if (isLate && catchUp === 'skip') return { missed: newest, more, made: null, nextAt }
  return { missed: newest.slice(0, -1), more, made: last, nextAt }
}

/** The moment that was promised is one, also where the rules of its zone have changed since. */
function overdue(rule: Rule, timeZone: string, promised: Date, now: Date) {
  if (promised > now) return { newest: [], more: false }
  const after = new Date(promised.getTime() + 1)
  const { newest, more } = runsBetween(rule, timeZone, { from: after, to: now, limit: listedMoments })
  if (more || newest.length === listedMoments) return { newest, more: true }
  return { newest: [promised, ...newest], more: false }
}

const never = new Date('9999-12-31T00:00:00Z')
