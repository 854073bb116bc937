import { describe, expect, it } from 'vitest'
import { cronProblem, isTimeZone, nextRuns, type Rule, runsBetween, timeZones } from './rule.ts'

const at = (rule: Rule, zone: string, after: string, count = 4) =>
  nextRuns(rule, zone, new Date(after), count).map((one) => one.toISOString().replace(':00.000Z', 'Z'))

describe('A daily time', () => {
  const halfPastTwo: Rule = { every: 'day', at: '02:30' }

  it('that the clock skips in spring, runs once, the moment after the gap', () => {
    expect(at(halfPastTwo, 'Europe/Berlin', '2027-03-26T12:00Z')).toEqual([
      '2027-03-27T01:30Z',
      '2027-03-28T01:00Z',
      '2027-03-29T00:30Z',
      '2027-03-30T00:30Z',
    ])
  })

  it('that comes twice in autumn, runs once, the first time', () => {
    const expected = ['2027-10-30T00:30Z', '2027-10-31T00:30Z', '2027-11-01T01:30Z', '2027-11-02T01:30Z']
    expect(at(halfPastTwo, 'Europe/Berlin', '2027-10-29T12:00Z')).toEqual(expected)
    // Asked between the two, it is over already.
    expect(at(halfPastTwo, 'Europe/Berlin', '2027-10-31T00:45Z', 1)).toEqual(['2027-11-01T01:30Z'])
  })

  it('in a zone whose clock moves by half an hour, is neither lost nor doubled', () => {
    const quarter = at({ every: 'day', at: '02:15' }, 'Australia/Lord_Howe', '2027-10-01T00:00Z')
    expect(quarter).toEqual(['2027-10-01T15:45Z', '2027-10-02T15:30Z', '2027-10-03T15:15Z', '2027-10-04T15:15Z'])
    const twice = at({ every: 'day', at: '01:45' }, 'Australia/Lord_Howe', '2027-04-02T00:00Z', 3)
    expect(twice).toEqual(['2027-04-02T14:45Z', '2027-04-03T14:45Z', '2027-04-04T15:15Z'])
  })

  it('in a zone that skips midnight, runs on that day too', () => {
    const runs = at({ every: 'day', at: '00:30' }, 'America/Havana', '2027-03-12T13:00Z', 3)
    expect(runs).toEqual(['2027-03-13T05:30Z', '2027-03-14T05:00Z', '2027-03-15T04:30Z'])
  })

  it('in zones of 30 and 45 minutes, is at that time there', () => {
    expect(at({ every: 'day', at: '06:00' }, 'Asia/Kolkata', '2027-01-01T00:00Z', 1)).toEqual(['2027-01-01T00:30Z'])
    expect(at({ every: 'day', at: '06:00' }, 'Asia/Kathmandu', '2027-01-01T00:00Z', 1)).toEqual(['2027-01-01T00:15Z'])
  })

  it('in a zone that leaves a day out, is not run on it', () => {
    const runs = at({ every: 'day', at: '12:00' }, 'Pacific/Apia', '2011-12-28T23:00Z', 2)
    expect(runs).toEqual(['2011-12-29T22:00Z', '2011-12-30T22:00Z'])
  })

  it('in a zone whose rule changes, keeps its hour on the clock', () => {
    // Turkey stayed on summer time from 2016 on, Samoa ended daylight saving in 2021.
    const noon: Rule = { every: 'day', at: '12:00' }
    expect(at(noon, 'Europe/Istanbul', '2015-12-31T12:00Z', 1)).toEqual(['2016-01-01T10:00Z'])
    expect(at(noon, 'Europe/Istanbul', '2016-12-31T12:00Z', 1)).toEqual(['2017-01-01T09:00Z'])
    expect(at(noon, 'Pacific/Apia', '2020-12-31T12:00Z', 1)).toEqual(['2020-12-31T22:00Z'])
    expect(at(noon, 'Pacific/Apia', '2022-12-31T12:00Z', 1)).toEqual(['2022-12-31T23:00Z'])
  })
})

describe('An hourly minute', () => {
  it('in the hour that comes twice, runs in both, and in the skipped one not at all', () => {
    const half: Rule = { every: 'hour', minute: 30 }
    expect(at(half, 'Europe/Berlin', '2027-10-30T23:45Z', 3)).toEqual([
      '2027-10-31T00:30Z',
      '2027-10-31T01:30Z',
      '2027-10-31T02:30Z',
    ])
    expect(at(half, 'Europe/Berlin', '2027-03-28T00:00Z', 3)).toEqual([
      '2027-03-28T00:30Z',
      '2027-03-28T01:30Z',
      '2027-03-28T02:30Z',
    ])
  })

  it('is that minute of the zone, also where it is 45 minutes off', () => {
    expect(at({ every: 'hour', minute: 0 }, 'Asia/Kathmandu', '2027-01-01T00:00Z', 2)).toEqual([
      '2027-01-01T00:15Z',
      '2027-01-01T01:15Z',
    ])
  })
})

describe('Days of a week', () => {
  it('are those of the zone, Monday first', () => {
    const rule: Rule = { every: 'week', days: [1, 7], at: '00:15' }
    expect(at(rule, 'Pacific/Auckland', '2027-01-01T00:00Z', 3)).toEqual([
      '2027-01-02T11:15Z',
      '2027-01-03T11:15Z',
      '2027-01-09T11:15Z',
    ])
  })
})

describe('A day of the month', () => {
  it.each([31, 30, 29])('%i, is the last day of a month that has fewer, leap years included', (day) => {
    const runs = at({ every: 'month', day, at: '06:00' }, 'UTC', '2027-12-31T12:00Z', 4)
    const february = `2028-02-29T06:00Z`
    expect(runs).toEqual([
      `2028-01-${day}T06:00Z`,
      february,
      `2028-03-${day}T06:00Z`,
      `2028-04-${Math.min(day, 30)}T06:00Z`,
    ])
    expect(at({ every: 'month', day, at: '06:00' }, 'UTC', '2027-02-01T00:00Z', 1)).toEqual(['2027-02-28T06:00Z'])
  })

  it('is that of the zone, not of UTC', () => {
    const runs = at({ every: 'month', day: 31, at: '01:00' }, 'Asia/Tokyo', '2027-04-01T00:00Z', 2)
    expect(runs).toEqual(['2027-04-29T16:00Z', '2027-05-30T16:00Z'])
  })
})

describe('A cron expression', () => {
  it.each([
    ['0 6 * * 1-5', null],
    ['*/5 * * * *', null],
    ['0 6 L * *', null],
    ['0 0 29 2 *', null],
    ['30 6 1,15 * MON', null],
    ['* * * * *', 'at least 5 minutes apart'],
    ['0,2 * * * *', 'at least 5 minutes apart'],
    ['0 6 * *', 'five fields'],
    ['0 0 6 * * *', 'five fields'],
    ['@daily', 'five fields'],
    ['61 * * * *', 'no cron expression'],
    ['0 0 30 2 *', 'No day is ever like that'],
    ['0 6 * * <b>', 'Use numbers'],
    [`${'0,'.repeat(100)}0 0 * * *`, '200 characters at most'],
  ])('%s, is taken or told why not', (expression, problem) => {
    const said = cronProblem(expression)
    if (problem === null) expect(said).toBeNull()
    else expect(said).toContain(problem)
  })

  it('of a leap day, runs every four years', () => {
    const runs = at({ every: 'cron', expression: '0 0 29 2 *' }, 'UTC', '2027-01-01T00:00Z', 2)
    expect(runs).toEqual(['2028-02-29T00:00Z', '2032-02-29T00:00Z'])
  })
})

describe('The runs of a span', () => {
  const hourly: Rule = { every: 'hour', minute: 0 }
  const between = (from: string, limit: number) =>
    runsBetween(hourly, 'UTC', { from: new Date(from), to: new Date('2027-01-02T00:00Z'), limit })

  it('of years, are the newest, and it is said that there are more', () => {
    const { newest, more } = between('2020-01-01T00:00Z', 2)
    expect(newest.map((one) => one.toISOString())).toEqual(['2027-01-01T23:00:00.000Z', '2027-01-02T00:00:00.000Z'])
    expect(more).toBe(true)
  })

  it('that has few, are all of them, both ends included', () => {
    expect(between('2027-01-01T12:00Z', 13)).toMatchObject({ newest: { length: 13 }, more: false })
    expect(between('2027-01-01T12:00Z', 12)).toMatchObject({ newest: { length: 12 }, more: true })
    expect(between('2027-01-02T00:00Z', 5)).toMatchObject({ newest: { length: 1 }, more: false })
  })
})

describe('A time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])('%s, is one', (name) => {
    expect(isTimeZone(name)).toBe(true)
  })

  it.each(['', 'Mars/Olympus', 'Europe/Berlin; drop', '+02:00', 'Europe/'])('"%s", is none', (name) => {
    expect(isTimeZone(name)).toBe(false)
  })

  it('is listed, UTC first', () => {
    expect(timeZones()[0]).toBe('UTC')
    expect(timeZones().length).toBeGreaterThan(300)
    expect(timeZones().every(isTimeZone)).toBe(true)
  })
})
