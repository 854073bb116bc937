import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Forbidden, NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { credentials } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import { createMaintenance, isHeld } from './maintenance.ts'

let domain: TestDomain
let connection: string
let credential: string
let count = 0
let clock = new Date()
const day = 86_400_000
const inDays = (days: number) => new Date(clock.getTime() + days * day)

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())
beforeEach(async () => {
  count += 1
  clock = new Date()
  connection = await addConnection(domain, domain.ada, `Sales ${count}`)
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const its = { type: 'basic', name: `Reader ${count}`, description: '', fields, connectionIds: [connection] }
  const saved = await domain.vault.create(domain.ada, its)
  if (!saved.ok) throw new Error(saved.error)
  credential = saved.id
})

const maintenance = () => createMaintenance({ ...domain, now: async () => clock })
const set = (from: Date | null, until: Date) => maintenance().set(domain.ada, credential, { from, until })
const permit = () =>
  domain.breaker.permit({ credentialId: credential, connectionId: connection, purpose: 'refresh' }, clock)
const show = () => domain.credentialQueries.show(domain.ada, credential)

async function entries() {
  const its = and(eq(auditEntries.action, 'credential.set-maintenance'), eq(auditEntries.resourceId, credential))
  return (await domain.db.select().from(auditEntries).where(its)).map(({ actorKind, details }) => [actorKind, details])
}

describe('A window', () => {
  test('that is planned holds nothing before it begins and after it ends', async () => {
    expect(await set(inDays(1), inDays(2))).toEqual({ ok: true })
    expect((await show()).hold).toMatchObject({ begun: false })
    const moments = [0, 1, 1.5, 2].map(inDays)
    const held = { heldFrom: inDays(1), heldUntil: inDays(2) }
    expect(moments.map((at) => isHeld(held, at))).toEqual([false, true, true, false])
    expect((await permit()).ok).toBe(true)
  })

  test('lets people go on, counts what it held, and is in the list and with the account', async () => {
    await set(null, inDays(1))
    expect(await permit()).toEqual({ ok: false, because: 'held' })
    const stored = { kind: 'stored', credentialId: credential } as const
    expect((await domain.signIns.create(domain.ada, connection, stored, 'test')).code).toBe('ok')
    expect(await show()).toMatchObject({ hold: { begun: true }, missed: [{ because: 'held', closedAt: null }] })
    const { rows } = await domain.credentialQueries.list(domain.ada, { text: `Reader ${count}` })
    expect(rows).toMatchObject([{ heldUntil: inDays(1) }])
    expect(await domain.use.accounts(domain.ada, connection)).toMatchObject([{ heldUntil: inDays(1) }])
  })

  test('ended early closes what was missed, and again is told that there is none', async () => {
    await set(null, inDays(1))
    await permit()
    expect(await maintenance().end(domain.ada, credential)).toBe(true)
    const { hold, missed } = await show()
    expect([hold, missed[0]?.closedAt]).toEqual([null, clock])
    expect(await maintenance().end(domain.ada, credential)).toBe(false)
    expect(await entries()).toEqual([
      ['user', { held: true }],
      ['user', { held: false }],
    ])
    expect((await permit()).ok).toBe(true)
  })

  test('that is over is ended once, by whichever process looks first, and one that is not is left alone', async () => {
    await set(null, inDays(1))
    await maintenance().endOver()
    expect((await show()).hold).not.toBeNull()
    clock = inDays(1)
    await Promise.all([maintenance().endOver(), maintenance().endOver(), maintenance().endOver()])
    const [row] = await domain.db.select().from(credentials).where(eq(credentials.id, credential))
    expect(row).toMatchObject({ heldFrom: null, heldUntil: null })
    expect((await entries()).filter(([kind]) => kind === 'system')).toEqual([['system', { held: false }]])
  })

  test('is ended by the clock of the database, whatever that of the process says', async () => {
    await set(null, inDays(1))
    const { maintenance: atWork } = domain
    vi.useFakeTimers({ toFake: ['Date'], now: inDays(20) })
    try {
      await atWork.endOver()
    } finally {
      vi.useRealTimers()
    }
    expect((await show()).hold).not.toBeNull()
    const over = sql`now() - interval '1 second'`
    await domain.db.update(credentials).set({ heldUntil: over }).where(eq(credentials.id, credential))
    vi.useFakeTimers({ toFake: ['Date'], now: inDays(-20) })
    try {
      await atWork.endOver()
    } finally {
      vi.useRealTimers()
    }
    expect((await show()).hold).toBeNull()
  })

  test('moved to a later day lets go on until then', async () => {
    await set(null, inDays(1))
    await permit()
    await set(inDays(3), inDays(4))
    expect(await show()).toMatchObject({ hold: { begun: false }, missed: [{ closedAt: clock }] })
  })

  test('of a paused credential ends and leaves it paused', async () => {
    await set(null, inDays(1))
    await domain.db
      .update(credentials)
      .set({ pausedAt: clock, pausedCode: 'auth.refused' })
      .where(eq(credentials.id, credential))
    expect(await permit()).toEqual({ ok: false, because: 'paused' })
    await maintenance().end(domain.ada, credential)
    expect((await show()).missed).toMatchObject([{ because: 'paused', closedAt: null }])
  })
})

describe('A window is refused', () => {
  const never = new Date(Number.NaN)
  test.each<[string, Date | null | number, Date | number, string]>([
    ['that is over', null, -1, 'That time is over'],
    ['that ends before it begins', 2, 1, 'must end after it begins'],
    ['longer than 30 days', null, 30.01, '30 days at most'],
    ['longer than 30 days from its later beginning', 5, 36, '30 days at most'],
    ['that is not a time', null, never, 'Enter a date and a time'],
    ['whose beginning is not a time', never, 1, 'Enter a date and a time'],
    ['that begins after more than a year', 400, 401, 'at most a year from now'],
  ])('%s', async (_, from, until, sentence) => {
    const moment = (at: Date | number) => (typeof at === 'number' ? inDays(at) : at)
    const outcome = await set(from === null ? null : moment(from), moment(until))
    expect(JSON.stringify(outcome)).toContain(sentence)
    expect([(await show()).hold, await entries()]).toEqual([null, []])
  })

  test('to anybody but its owner', async () => {
    const window = { from: null, until: inDays(1) }
    for (const stranger of [domain.ben, domain.eve, domain.root]) {
      await expect(maintenance().set(stranger, credential, window)).rejects.toBeInstanceOf(NotFound)
      await expect(maintenance().end(stranger, credential)).rejects.toBeInstanceOf(NotFound)
    }
    await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', false)
    await expect(maintenance().set(domain.ada, credential, window)).rejects.toBeInstanceOf(Forbidden)
    await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', true)
  })
})
