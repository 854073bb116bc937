import { describe, expect, it } from 'vitest'
import { dayEnding, endOfDay, timeZones } from './end-of-day.ts'

describe('endOfDay', () => {
  it.each([
    ['2027-01-31', 'UTC', '2027-01-31T23:59:59.000Z'],
    ['2027-01-31', 'America/New_York', '2027-02-01T04:59:59.000Z'],
    ['2027-07-31', 'America/New_York', '2027-08-01T03:59:59.000Z'],
    ['2027-01-31', 'Asia/Calcutta', '2027-01-31T18:29:59.000Z'],
    ['2027-01-31', 'Pacific/Kiritimati', '2027-01-31T09:59:59.000Z'],
    ['2027-01-31', 'Pacific/Pago_Pago', '2027-02-01T10:59:59.000Z'],
    // The day on which clocks change: its end has another offset than its beginning.
    ['2026-10-25', 'Europe/Berlin', '2026-10-25T22:59:59.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-29T21:59:59.000Z'],
    ['2028-02-29', 'UTC', '2028-02-29T23:59:59.000Z'],
  ])('of %s in %s is %s', (day, zone, at) => {
    expect(endOfDay(day, zone)?.toISOString()).toBe(at)
  })

  it.each([
    ['2027-02-29', 'UTC'],
    ['2027-13-01', 'UTC'],
    ['31.1.2027', 'UTC'],
    ['', 'UTC'],
    ['2027-01-31', 'Mars/Olympus'],
    ['2027-01-31', ''],
  ])('of "%s" in "%s" is none', (day, zone) => {
    expect(endOfDay(day, zone)).toBeUndefined()
  })

  it('has every zone after UTC, each once', () => {
    expect(timeZones[0]).toBe('UTC')
    expect(timeZones).toContain('Europe/Berlin')
    expect(new Set(timeZones).size).toBe(timeZones.length)
  })
})

describe('dayEnding', () => {
  it('names the day that ends then in UTC, and none for another moment', () => {
    expect(dayEnding(new Date('2027-01-31T23:59:59.000Z'))).toBe('2027-01-31')
    expect(dayEnding(new Date('2027-02-01T04:59:59.000Z'))).toBeUndefined()
    expect(dayEnding(new Date('2027-01-31T23:59:59.500Z'))).toBeUndefined()
  })
})
