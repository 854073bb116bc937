import { Cron } from 'croner'

/** When a dataset is to be refreshed, by the clock of a time zone. `at` is "HH:MM"; days of the week count from 1, Monday. */
export type Rule =
  | { readonly every: 'hour'; readonly minute: number }
  | { readonly every: 'day'; readonly at: string }
  | { readonly every: 'week'; readonly days: readonly number[]; readonly at: string }
  /** The last day of a month that has fewer. */
  | { readonly every: 'month'; readonly day: number; readonly at: string }
  | { readonly every: 'cron'; readonly expression: string }

/** How close to each other runs may be, in minutes. */
export const closestMinutes = 5

const longestCron = 200

/**
 * Returns the next moments of a rule after one, the earliest first; fewer where there are no more. A time that the clock
 * skips is taken the moment after the gap, and one that comes twice the first time; an hourly one comes in both.
 */
export function nextRuns(rule: Rule, timeZone: string, after: Date, count: number): Date[] {
  const cron = cronOf(rule, timeZone)
  const found: Date[] = []
  for (let next = cron.nextRun(after); next !== null && found.length < count; next = cron.nextRun(next)) {
    if (isMeant(rule, timeZone, next)) found.push(next)
  }
  return found
}

/** Returns the first moment of a rule after one; null where there is none any more. */
export function nextRun(rule: Rule, timeZone: string, after: Date): Date | null {
  return nextRuns(rule, timeZone, after, 1)[0] ?? null
}

/**
 * Returns the newest `limit` moments of a rule from one moment on up to another, both included, the earliest first, and
 * whether there are earlier ones. Takes no longer for a span of years than for one of hours.
 */
export function runsBetween(
  rule: Rule,
  timeZone: string,
  span: { readonly from: Date; readonly to: Date; readonly limit: number },
): { readonly newest: readonly Date[]; readonly more: boolean } {
  const { from, to, limit } = span
  for (let hours = 6; ; hours *= 2) {
    const start = Math.max(from.getTime(), to.getTime() - hours * 3_600_000)
    const found = upTo(rule, timeZone, new Date(start - 1), to)
    if (found.length > limit) return { newest: found.slice(-limit), more: true }
    if (start === from.getTime()) return { newest: found, more: false }
  }
}

/** Returns what is wrong with the five fields of a cron expression, in a sentence; null for nothing. */
export function cronProblem(expression: string): string | null {
  // It is read anew for each moment that is asked for, while everybody waits.
  if (expression.length > longestCron) return `Use ${longestCron} characters at most.`
  const fields = expression.trim().split(/\s+/)
  if (fields.length !== 5) return 'Enter five fields: minute, hour, day of the month, month, day of the week.'
  if (!/^[\d*,/\-A-Za-z\s#?+]+$/.test(expression)) return `Use numbers, names of days and months, and * , - / L # only.`
  try {
    // By UTC, where no hour is skipped: what is too close here is so everywhere.
    return problemOf(nextRuns({ every: 'cron', expression }, 'UTC', new Date('2027-01-01T00:00:00Z'), lookAhead))
  } catch {
    return 'This is no cron expression. An example: 30 6 * * 1-5 is 6:30 from Monday to Friday.'
  }
}

/** Reports whether times can be told in a time zone of that name. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Returns the names of the time zones there are, UTC first. */
export function timeZones(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')]
}

function upTo(rule: Rule, timeZone: string, after: Date, to: Date): Date[] {
  const cron = cronOf(rule, timeZone)
  const found: Date[] = []
  for (let next = cron.nextRun(after); next !== null && next <= to; next = cron.nextRun(next)) {
    if (isMeant(rule, timeZone, next)) found.push(next)
  }
  return found
}

/** A day of the closest runs that are taken: a pair that is closer shows in that. */
const lookAhead = 300

function problemOf(runs: readonly Date[]): string | null {
  if (runs.length === 0) return 'No day is ever like that. Change the day or the month.'
  const isClose = (run: Date, index: number) => {
    const before = runs[index - 1]
    return before !== undefined && run.getTime() - before.getTime() < closestMinutes * 60_000
  }
  return runs.some(isClose) ? `Runs must be at least ${closestMinutes} minutes apart. Choose fewer minutes.` : null
}

function cronOf(rule: Rule, timeZone: string): Cron {
  return new Cron(expressionOf(rule), { timezone: timeZone, paused: true, mode: '5-part' })
}

function expressionOf(rule: Rule): string {
  switch (rule.every) {
    case 'hour':
      return `${rule.minute} * * * *`
    case 'day':
      return `${timeOf(rule.at)} * * *`
    case 'week':
      return `${timeOf(rule.at)} * * ${rule.days.join(',')}`
    case 'month':
      return `${timeOf(rule.at)} ${rule.day < 29 ? rule.day : `28-${rule.day}`} * *`
    case 'cron':
      return rule.expression
  }
}

function timeOf(at: string): string {
  const [hour, minute] = at.split(':')
  return `${Number(minute)} ${Number(hour)}`
}

/** Of the days from the 28th on that the expression names, the last one is meant. */
function isMeant(rule: Rule, timeZone: string, at: Date): boolean {
  if (rule.every !== 'month' || rule.day < 29) return true
  const { year, month, day } = localDate(timeZone, at)
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return day === Math.min(rule.day, last)
}

function localDate(timeZone: string, at: Date) {
  const parts = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric' })
  const found = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return { year: found.year ?? 0, month: found.month ?? 0, day: found.day ?? 0 }
}
