import { describe, expect, test } from 'vitest'
import { progressInWords } from './running.tsx'

const startedAt = new Date('2026-03-01T12:00:00Z')
const going = { cancelling: false, status: 'running', startedAt, rows: 0, bytes: 0 } as const
const later = (milliseconds: number) => new Date(startedAt.getTime() + milliseconds)

describe('The progress of a snapshot', () => {
  test('that has read some says how much, in what time, and how much that is a second', () => {
    const words = progressInWords({ ...going, rows: 120_000, bytes: 5_200_000 }, later(4_000))
    expect(words).toBe('120,000 rows, 5.2 MB read in 4 s: 30,000 rows, 1.3 MB a second.')
    expect(progressInWords({ ...going, rows: 75, bytes: 3_000 }, later(75_000))).toBe(
      '75 rows, 3.0 kB read in 1 min 15 s: 1 row, 40 B a second.',
    )
  })

  test('in its first second, and of bytes without a whole row, names no rate', () => {
    expect(progressInWords({ ...going, rows: 1, bytes: 900 }, later(999))).toBe('1 row, 900 B read in 1 s.')
    expect(progressInWords({ ...going, bytes: 2_000_000 }, later(8_000))).toBe('0 rows, 2.0 MB read in 8 s.')
  })

  test('that has read nothing yet says for how long it has waited, also by a clock that went back', () => {
    expect(progressInWords(going, later(65_000))).toBe('Waiting for the first rows, 1 min 5 s so far.')
    expect(progressInWords(going, later(-5_000))).toBe('Waiting for the first rows, 0 s so far.')
  })

  test('that has not begun waits, and one that is cancelled says that alone', () => {
    expect(progressInWords({ ...going, status: 'queued', startedAt: null }, later(0))).toBe('Waiting for its turn.')
    expect(progressInWords({ ...going, startedAt: null }, later(0))).toBe('Waiting for its turn.')
    expect(progressInWords({ ...going, cancelling: true, rows: 5, bytes: 5 }, later(9_000))).toBe('Cancelling…')
  })
})
