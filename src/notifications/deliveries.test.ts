import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { newId } from '../db/new-id.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
import { createDeliveries, type Send } from './deliveries.ts'

let domain: TestDomain
let clock: Date
const going = new AbortController().signal
const minute = 60_000

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())
beforeEach(async () => {
  clock = new Date('2026-11-24T12:00:00.000Z')
  await domain.db.delete(deliveries)
})

async function add(channel: 'webhook' | 'email' = 'webhook'): Promise<string> {
  const id = newId()
  const { organizationId } = domain.ada
  const times = { createdAt: clock, nextAttemptAt: clock }
  await domain.db
    .insert(deliveries)
    .values({ id, organizationId, channel, event: 'credential.expiring', body: { name: 'Warehouse' }, ...times })
  return id
}

function sending(send: Send) {
  const { db, guard } = domain
  return createDeliveries({ db, guard, deployment: 'managed', senders: { webhook: send }, now: async () => clock })
}

async function row(id: string) {
  const [its] = await domain.db.select().from(deliveries).where(eq(deliveries.id, id))
  return its
}

describe('Deliveries', () => {
  it('that are taken are sent once and kept as delivered', async () => {
    const id = await add()
    const sent: string[] = []
    const its = sending(async (message) => {
      sent.push(`${message.id} ${message.event} ${message.body.name}`)
      return null
    })
    expect(await its.next('webhook', going)).toBe(true)
    expect(await its.next('webhook', going)).toBe(false)
    expect(sent).toEqual([`${id} credential.expiring Warehouse`])
    expect(await row(id)).toMatchObject({ attempts: 1, deliveredAt: clock, nextAttemptAt: null, lastError: null })
  })

  it('of a channel that is not configured wait', async () => {
    await add('email')
    const its = sending(async () => null)
    expect([await its.next('email', going), await its.next('webhook', going)]).toEqual([false, false])
  })

  it('that are not taken wait a minute, then twice as long each time, and are given up after more than a day', async () => {
    const id = await add()
    const its = sending(async () => 'The webhook answered 500.')
    const waits: number[] = []
    while (await its.next('webhook', going)) {
      expect(await its.next('webhook', going)).toBe(false)
      const { nextAttemptAt, lastError } = (await row(id)) ?? {}
      expect(lastError).toBe('The webhook answered 500.')
      if (!nextAttemptAt) break
      waits.push((nextAttemptAt.getTime() - clock.getTime()) / minute)
      clock = nextAttemptAt
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    expect(await row(id)).toMatchObject({ attempts: 12, deliveredAt: null, nextAttemptAt: null })
    const entries = await domain.db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.action, 'organization.give-up-delivery'))
    expect(entries).toMatchObject([
      {
        ...{ actorKind: 'system', organizationId: domain.ada.organizationId },
        details: { deliveryId: id, channel: 'webhook', event: 'credential.expiring', attempts: 12 },
      },
    ])
  })

  it('that fail and are taken later keep no error', async () => {
    const id = await add()
    const answers = ['The webhook answered 503.', null]
    const its = sending(async () => answers.shift() ?? null)
    await its.next('webhook', going)
    clock = new Date(clock.getTime() + minute)
    await its.next('webhook', going)
    expect(await row(id)).toMatchObject({ attempts: 2, deliveredAt: clock, lastError: null })
  })

  it('are sent once by many processes', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => add()))
    const sent: string[] = []
    const send: Send = async ({ id }) => {
      sent.push(id)
      return null
    }
    const drain = async () => {
      const its = sending(send)
      while (await its.next('webhook', going));
    }
    await Promise.all([drain(), drain(), drain(), drain()])
    expect(sent.sort()).toEqual(ids.sort())
  })

  it('of a process that died are sent again, the one it had and no other, after the wait', async () => {
    const [first, second] = [await add(), await add()]
    // It dies between sending and writing that down.
    const dying = sending(() => Promise.reject(new Error('killed')))
    await expect(dying.next('webhook', going)).rejects.toThrow('killed')
    const sent: string[] = []
    const its = sending(async ({ id }) => {
      sent.push(id)
      return null
    })
    while (await its.next('webhook', going));
    expect(sent).toHaveLength(1)
    clock = new Date(clock.getTime() + minute)
    while (await its.next('webhook', going));
    expect(sent.sort()).toEqual([first, second].sort())
  })

  it('that end late, when another process has sent them, change nothing any more', async () => {
    const id = await add()
    const slow = sending(async () => {
      clock = new Date(clock.getTime() + minute)
      await sending(async () => null).next('webhook', going)
      return 'The webhook did not answer within 10 seconds.'
    })
    await slow.next('webhook', going)
    expect(await row(id)).toMatchObject({ attempts: 2, deliveredAt: clock, lastError: null })
  })

  it('that the end of the process cuts off count as not answered', async () => {
    const id = await add()
    const stopping = new AbortController()
    const its = sending(async () => {
      stopping.abort()
      return 'The webhook did not answer within 10 seconds.'
    })
    await its.next('webhook', stopping.signal)
    expect(await row(id)).toMatchObject({ deliveredAt: null, lastError: null })
    expect((await row(id))?.nextAttemptAt).not.toBeNull()
  })

  it('older than 30 days are forgotten, sent or not', async () => {
    const old = await add()
    clock = new Date(clock.getTime() + 31 * 86_400_000)
    const recent = await add()
    await sending(async () => null).sweep()
    expect([await row(old), (await row(recent))?.id]).toEqual([undefined, recent])
  })
})

describe('A process whose clock is 100 days ahead', () => {
  it('forgets nothing, takes nothing that is not due, and has nobody wait for its time', async () => {
    clock = new Date()
    const [due, notDue] = [await add(), await add()]
    const nextAttemptAt = sql`now() + interval '1 hour'`
    await domain.db.update(deliveries).set({ nextAttemptAt }).where(eq(deliveries.id, notDue))
    const tried: string[] = []
    const its = createDeliveries({
      ...domain,
      deployment: 'managed',
      senders: {
        webhook: async ({ id }) => {
          tried.push(id)
          return 'The webhook answered 503.'
        },
      },
    })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 100 * 24 * 60 * minute })
    try {
      await its.sweep()
      while (await its.next('webhook', going));
    } finally {
      vi.useRealTimers()
    }
    expect(tried).toEqual([due])
    const waits = await domain.db.$count(
      deliveries,
      and(eq(deliveries.id, due), sql`next_attempt_at between now() and now() + interval '1 minute'`),
    )
    expect(waits).toBe(1)
    expect(await row(notDue)).toMatchObject({ attempts: 0 })
  })
})
