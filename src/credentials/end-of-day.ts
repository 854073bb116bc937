/** The names of the time zones that a day may be meant in; UTC comes first. */
export const timeZones: readonly string[] = [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC'),
]

/** Returns the last second of a day (`2027-01-31`) in a time zone; undefined where there is no such day or zone. */
export function endOfDay(day: string, timeZone: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !timeZones.includes(timeZone)) return undefined
  const inUtc = new Date(`${day}T23:59:59.000Z`)
  if (Number.isNaN(inUtc.getTime()) || dayInUtc(inUtc) !== day) return undefined
  // Again with what was found: the offset is that of the moment looked for, not of the same hour in UTC.
  const near = inUtc.getTime() - offset(inUtc, timeZone)
  return new Date(inUtc.getTime() - offset(new Date(near), timeZone))
}

/** Returns the day whose end in UTC a moment is; undefined for every other moment. */
export function dayEnding(at: Date): string | undefined {
  const day = dayInUtc(at)
  return endOfDay(day, 'UTC')?.getTime() === at.getTime() ? day : undefined
}

function dayInUtc(at: Date): string {
  return at.toISOString().slice(0, 10)
}

/** How far the clocks of a time zone are ahead of UTC at a moment, in milliseconds. */
function offset(at: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at)
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text) ?? []
  const ahead = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000
  return sign === '-' ? -ahead : ahead
}
