import { expect, test } from 'vitest'
import { absoluteTime, relativeTime, Time } from './time.tsx'

const now = new Date('2026-11-24T12:00:00Z')

test.each([
  [0, 'just now'],
  [44, 'just now'],
  [-59, '1 minute ago'],
  [-5 * 60, '5 minutes ago'],
  [-(3600 - 20), '1 hour ago'],
  [-3 * 3600, '3 hours ago'],
  [-(24 * 3600 - 60), 'yesterday'],
  [6 * 86_400, 'in 6 days'],
  [-30 * 86_400, '30 days ago'],
  [-60 * 86_400, '2026-09-25'],
])('relativeTime, %i seconds from now, says "%s"', (seconds, words) => {
  expect(relativeTime(new Date(now.getTime() + seconds * 1000), now)).toBe(words)
})

test('Time, hours ago, has the absolute time in title and datetime', () => {
  const at = new Date('2026-11-24T09:00:05Z')
  expect(absoluteTime(at)).toBe('2026-11-24 09:00:05 UTC')
  expect(String(<Time at={at} now={now} />)).toBe(
    '<time datetime="2026-11-24T09:00:05.000Z" title="2026-11-24 09:00:05 UTC">3 hours ago</time>',
  )
})
