/** A moment: relative in text ("3 hours ago"), absolute in `title` and `datetime`. `now` is for tests. */
export function Time(props: { at: Date; now?: Date }) {
  return (
    <time datetime={props.at.toISOString()} title={absoluteTime(props.at)}>
      {relativeTime(props.at, props.now ?? new Date())}
    </time>
  )
}

/** Returns for example "2026-11-24 02:10:05 UTC". */
export function absoluteTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Returns "just now", "5 minutes ago", "in 3 days", "yesterday"; over a month away, the date. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000)
  if (Math.abs(seconds) < 45) return 'just now'
  const unit = units.find((candidate) => Math.abs(seconds) < candidate.below)
  if (unit === undefined) return at.toISOString().slice(0, 10)
  return phraseFor(Math.round(seconds / unit.seconds), unit.name)
}

/** A list says a few hundred different ones at most, again and again, and the formatter takes longer than the rest of a row. */
function phraseFor(count: number, unit: (typeof units)[number]['name']): string {
  const key = `${count} ${unit}`
  const known = phrases.get(key) ?? formatter.format(count, unit)
  phrases.set(key, known)
  return known
}

const phrases = new Map<string, string>()
const formatter = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const units = [
  { name: 'minute', seconds: 60, below: 3600 - 30 },
  { name: 'hour', seconds: 3600, below: 24 * 3600 - 1800 },
  { name: 'day', seconds: 86_400, below: 31 * 86_400 },
] as const
