import type { Rule } from '../../src/schedules/rule.ts'

/** The days of a week, Monday first; their place from 1 is what a rule names. */
export const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

/** Returns for example "Every day at 06:00", without the zone. */
export function ruleInWords(rule: Rule): string {
  switch (rule.every) {
    case 'hour':
      return `Every hour, ${rule.minute} min past`
    case 'day':
      return `Every day at ${rule.at}`
    case 'week':
      return `Every ${listed(rule.days.map((day) => weekdays[day - 1] ?? ''))} at ${rule.at}`
    case 'month':
      return `On day ${rule.day} of every month${rule.day < 29 ? '' : ', or its last day,'} at ${rule.at}`
    case 'cron':
      return `Cron ${rule.expression}`
  }
}

/** Returns for example "Mon 29 Nov 2027, 06:00 GMT+1": by the clock of a time zone. */
export function timeInZone(at: Date, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
  })
  return format.format(at).replace(/^(\w+), /, '$1 ')
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
