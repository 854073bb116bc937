import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { createActivity } from '../audit/activity.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { credentials } from '../db/schema/credentials.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { expiryReminders } from '../db/schema/expiry-reminders.ts'
import { createOutbox } from '../notifications/outbox.ts'
import { Secret } from '../secrets/secret.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
import { createReminders, reminderFor } from './reminders.ts'

let domain: TestDomain
let ada: UserActor
let clock = new Date()
let stored = 0
const day = 86_400_000
const going = new AbortController().signal

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
})
afterAll(() => domain.close())
beforeEach(async () => {
  clock = new Date()
  await domain.db.delete(deliveries)
  await domain.db.update(credentials).set({ expiresAt: null, expirySource: null })
})

function reminders(channels = { webhook: true, email: true }, origin: string | null = 'https://keys.example.com') {
  const { db, guard } = domain
  const outbox = createOutbox(channels)
  return createReminders({ db, guard, deployment: 'managed', outbox, origin, now: async () => clock })
}

/** A credential that expires so many days from the real now. */
async function expiring(days: number, owner = ada): Promise<{ id: string; name: string; expiresAt: Date }> {
  stored += 1
  const name = `Warehouse ${stored}`
  const fields = { username: new Secret('u'), password: new Secret('a very secret one') }
  const made = await domain.vault.create(owner, { type: 'basic', name, description: '', fields, connectionIds: [] })
  if (!made.ok) throw new Error(made.error)
  const expiresAt = new Date(Date.now() + days * day)
  await domain.vault.setExpiry(owner, made.id, expiresAt)
  return { id: made.id, name, expiresAt }
}

async function remindedOf(id: string): Promise<number[]> {
  const its = await domain.db.select().from(expiryReminders).where(eq(expiryReminders.credentialId, id))
  const entries = await domain.db
    .select()
    .from(auditEntries)
    .where(and(eq(auditEntries.action, 'credential.remind'), eq(auditEntries.resourceId, id)))
  // The ledger has the same, in the order in which they were given.
  expect(entries.map(({ details }) => details.days).sort()).toEqual(its.map(({ days }) => days).sort())
  return entries.sort((a, b) => a.sequence - b.sequence).map(({ details }) => Number(details.days))
}

describe('Reminders', () => {
  it('are given at 30, 7 and 1 days and when it is over, each once', async () => {
    const { id, expiresAt } = await expiring(100)
    const at = async (daysBefore: number) => {
      clock = new Date(expiresAt.getTime() - daysBefore * day)
      return reminders().give(going)
    }
    const given = []
    for (const daysBefore of [31, 30, 29, 8, 7, 6, 2, 1, 0.5, 0, -1, -400]) given.push(await at(daysBefore))
    expect(given).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0])
    expect(await remindedOf(id)).toEqual([30, 7, 1, 0])
  })

  it('that were missed while nothing ran come to the nearest one alone', async () => {
    const { id, expiresAt } = await expiring(100)
    clock = new Date(expiresAt.getTime() - 0.5 * day)
    expect(await reminders().give(going)).toBe(1)
    expect(await remindedOf(id)).toEqual([1])
  })

  it('of many processes at once are given once, with one ledger entry and one message a channel', async () => {
    const all = await Promise.all([expiring(5), expiring(5), expiring(5)])
    const given = await Promise.all(Array.from({ length: 5 }, () => reminders().give(going)))
    expect(given.reduce((sum, one) => sum + one)).toBe(3)
    for (const { id } of all) expect(await remindedOf(id)).toEqual([7])
    expect(await domain.db.select().from(deliveries)).toHaveLength(6)
  })

  it('are bound to the version and the date: another of either is reminded of anew, the same one is not', async () => {
    const { id, expiresAt } = await expiring(5)
    await reminders().give(going)
    const later = new Date(expiresAt.getTime() + day)
    await domain.vault.setExpiry(ada, id, later)
    await reminders().give(going)
    await domain.vault.setExpiry(ada, id, expiresAt)
    await reminders().give(going)
    expect(await remindedOf(id)).toEqual([7, 7])
    const typed = { text: (field: string) => ({ username: 'u', password: 'next' })[field], cleared: () => false }
    await domain.vault.edit(ada, id, { revision: 1, name: `Warehouse ${stored}`, description: '', typed })
    expect(await reminders().give(going)).toBe(0)
    await domain.vault.setExpiry(ada, id, expiresAt)
    expect(await reminders().give(going)).toBe(1)
  })

  it('write for webhook and e-mail what is to be told, without any secret, with a link where the address is known', async () => {
    const { id, name, expiresAt } = await expiring(20)
    await reminders().give(going)
    const rows = await domain.db.select().from(deliveries)
    const body = {
      ...{ credentialId: id, name, version: 1, owner: ada.name, days: 30 },
      ...{ expiresAt: expiresAt.toISOString(), url: `https://keys.example.com/credentials/${id}` },
    }
    expect(rows.sort((a, b) => a.channel.localeCompare(b.channel))).toMatchObject([
      { channel: 'email', recipient: ada.email, event: 'credential.expiring', body, attempts: 0 },
      { channel: 'webhook', recipient: null, event: 'credential.expiring', body, nextAttemptAt: clock },
    ])
    expect(JSON.stringify(rows)).not.toContain('a very secret one')
    await domain.db.delete(deliveries)
    clock = new Date(expiresAt.getTime() + 1)
    await reminders({ webhook: true, email: false }, null).give(going)
    expect(await domain.db.select().from(deliveries)).toMatchObject([
      { channel: 'webhook', event: 'credential.expired', body: { days: 0, url: null } },
    ])
  })

  it('where no channel is configured are in the ledger alone, and in the Activity of the owner and nobody else', async () => {
    const { id, name } = await expiring(20)
    expect(await reminders({ webhook: false, email: false }).give(going)).toBe(1)
    expect(await domain.db.select().from(deliveries)).toEqual([])
    const activity = createActivity({ db: domain.db })
    const [newest, next] = (await activity.list(ada)).rows
    expect(newest).toMatchObject({
      action: 'credential.remind',
      resourceId: id,
      resourceName: name,
      outcome: 'allowed',
    })
    expect(next).toMatchObject({ action: 'credential.set-expiry', resourceId: id })
    const earlier = await activity.list(ada, newest?.sequence)
    expect(earlier.rows[0]).toEqual(next)
    for (const other of [domain.ben, domain.root]) {
      expect((await activity.list(other)).rows.map(({ action }) => action)).not.toContain('credential.remind')
    }
  })

  it('wait while the owner may not use stored credentials, and come when they may again', async () => {
    const { id } = await expiring(5, domain.eve)
    await domain.features.change(
      { ...domain.eve, role: 'administrator' },
      domain.eve.organizationId,
      'stored_credentials',
      false,
    )
    expect(await reminders().give(going)).toBe(0)
    await domain.features.change(
      { ...domain.eve, role: 'administrator' },
      domain.eve.organizationId,
      'stored_credentials',
      true,
    )
    expect(await reminders().give(going)).toBe(1)
    expect(await remindedOf(id)).toEqual([7])
  })

  it('of what expires in 60 days are given by no process whose clock is ahead', async () => {
    const { id } = await expiring(60)
    const outbox = createOutbox({ webhook: true, email: true })
    const its = createReminders({ ...domain, deployment: 'managed', outbox, origin: null })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 100 * day })
    try {
      expect(await its.give(going)).toBe(0)
    } finally {
      vi.useRealTimers()
    }
    expect(await remindedOf(id)).toEqual([])
  })

  it('of a credential that was deleted meanwhile are given to nobody, and are no refusal', async () => {
    const { id } = await expiring(5)
    const { guard } = domain
    const change: typeof guard.change = async (actor, action, find, effect, options) => {
      if (action === 'credential.remind') await domain.vault.delete(ada, id)
      return guard.change(actor, action, find, effect, options)
    }
    const outbox = createOutbox({ webhook: true, email: true })
    const its = { db: domain.db, guard: { ...guard, change }, deployment: 'managed', outbox, origin: null } as const
    expect(await createReminders(its).give(going)).toBe(0)
    expect(await domain.db.select().from(deliveries)).toEqual([])
    expect(await remindedOf(id)).toEqual([])
  })
})

describe('reminderFor', () => {
  const at = new Date('2026-11-24T12:00:00.000Z')
  it.each([
    ['2026-12-24T12:00:00.001Z', undefined],
    ['2026-12-24T12:00:00.000Z', 30],
    ['2026-12-01T12:00:00.000Z', 7],
    ['2026-11-25T12:00:00.000Z', 1],
    ['2026-11-24T12:00:00.001Z', 1],
    ['2026-11-24T12:00:00.000Z', 0],
  ])('of %s is %s', (expiresAt, days) => {
    expect(reminderFor(new Date(expiresAt), at)).toBe(days)
    expect(reminderFor(null, at)).toBeUndefined()
  })
})
