import { describe, expect, test } from 'vitest'
import { TooBusy } from './driver.ts'
import { createPlaces, GaveUp, type PlaceLimits } from './places.ts'

const places = (limits: Partial<PlaceLimits> = {}) =>
  createPlaces({ perUser: 2, total: 3, reserved: 1, waiting: 4, waitMilliseconds: 60_000, ...limits })

/** Says in `order` when the place was there. */
async function enter(from: ReturnType<typeof places>, userId: string, order: string[]) {
  const leave = await from.take({ userId })
  order.push(userId)
  return leave
}

describe('A place', () => {
  test('that is free is taken at once, and a full house makes the next one wait for the first to leave', async () => {
    const all = places()
    const leave = await all.take({ userId: 'ada' })
    await all.take({ userId: 'ada' })
    await all.take({ userId: 'ben' })
    const order: string[] = []
    const waiting = enter(all, 'eve', order)
    expect(order).toEqual([])
    leave()
    await waiting
    expect(order).toEqual(['eve'])
  })

  test('goes to whoever has the fewest jobs running, and among those to the first', async () => {
    const all = places({ perUser: 3 })
    const leaves = [
      await all.take({ userId: 'ada' }),
      await all.take({ userId: 'ada' }),
      await all.take({ userId: 'ben' }),
    ]
    const order: string[] = []
    const waiting = ['ada', 'ben', 'eve', 'ben'].map((userId) => enter(all, userId, order))
    // Ada has one job left when her place is free, Ben has one, Eve none; Ada came first.
    await new Promise(setImmediate)
    for (const leave of leaves) leave()
    await Promise.all(waiting.slice(0, 3))
    expect(order.slice(0, 3)).toEqual(['eve', 'ada', 'ben'])
  })

  test('that stays taken is refused after the wait, with the time to come back', async () => {
    const all = places({ waitMilliseconds: 5, perUser: 1, total: 1 })
    await all.take({ userId: 'ada' })
    await expect(all.take({ userId: 'ada' })).rejects.toMatchObject({ retryAfterSeconds: 5 })
    await expect(all.take({ userId: 'ben' })).rejects.toMatchObject({ retryAfterSeconds: 2 })
  })

  test('is refused at once where too many wait, of one user or of all', async () => {
    const all = places({ perUser: 2, total: 2, waiting: 3 })
    await all.take({ userId: 'ada' })
    await all.take({ userId: 'ada' })
    const waiting = ['ada', 'ada', 'ben'].map((userId) => all.take({ userId }).catch((error: unknown) => error))
    await expect(all.take({ userId: 'ada' })).rejects.toThrow(TooBusy)
    await expect(all.take({ userId: 'eve' })).rejects.toThrow(TooBusy)
    all.close()
    expect((await Promise.all(waiting)).every((error) => error instanceof TooBusy)).toBe(true)
    await expect(all.take({ userId: 'eve' })).rejects.toThrow(TooBusy)
  })

  test('is given up by who goes away, and the next in line gets it', async () => {
    const all = places({ perUser: 1, total: 1 })
    const leave = await all.take({ userId: 'ada' })
    const gone = new AbortController()
    const first = all.take({ userId: 'ben', signal: gone.signal })
    const second = all.take({ userId: 'eve' })
    gone.abort()
    await expect(first).rejects.toThrow(GaveUp)
    await expect(all.take({ userId: 'ben', signal: gone.signal })).rejects.toThrow(GaveUp)
    leave()
    await expect(second).resolves.toBeTypeOf('function')
  })

  test('of the last ones is left to people by what runs in the background, which never waits', async () => {
    const all = places()
    await all.take({ userId: 'ada', background: true })
    await all.take({ userId: 'ben', background: true })
    await expect(all.take({ userId: 'eve', background: true })).rejects.toThrow(TooBusy)
    await expect(all.take({ userId: 'eve' })).resolves.toBeTypeOf('function')
  })
})
