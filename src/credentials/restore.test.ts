import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NotFound, Unreadable } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { associations, credentials, credentialVersions, grants } from '../db/schema/credentials.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, asOwner, type TestDomain, testDomain } from '../testing/domain.ts'
import { createErasure, type Erasure } from './erasure.ts'

let domain: TestDomain
let erasure: Erasure
let connectionId: string
let id: string
let count = 0

beforeAll(async () => {
  domain = await testDomain()
  erasure = createErasure({ ...domain, log: createLog({ level: 'error' }) })
})
afterAll(() => domain.close())

beforeEach(async () => {
  connectionId = await addConnection(domain, domain.ada, `Sales ${++count}`)
  const fields = { username: new Secret('first'), password: new Secret('first password') }
  const account = { type: 'basic', name: `Account ${count}`, description: '', fields, connectionIds: [connectionId] }
  const made = await domain.vault.create(domain.ada, account)
  if (!made.ok) throw new Error(made.error)
  id = made.id
  expect(await edit(1, 'second')).toMatchObject({ ok: true, version: 2 })
})

describe('restore', () => {
  it('makes the fields of an earlier version the present ones, as a new version on every association', async () => {
    expect(await opened()).toBe('second:second password')
    expect(await domain.vault.restore(domain.ada, id, 1, 2)).toEqual({ ok: true, version: 3 })
    expect(await opened()).toBe('first:first password')
    const [first, second, third] = await versions()
    expect(third).toMatchObject({ reason: 'restored', restoredFrom: 1, createdBy: domain.ada.id, replacedAt: null })
    expect([first?.replacedAt, second?.replacedAt]).toEqual([expect.any(Date), expect.any(Date)])
    expect(third?.payload?.equals(first?.payload ?? Buffer.of())).toBe(false)
    const [row] = await domain.db.select().from(credentials).where(eq(credentials.id, id))
    expect(row).toMatchObject({ currentVersion: 3, revision: 3, username: 'first' })
    // What was replaced opens for its owner alone.
    const its = await domain.db.select().from(grants).where(eq(grants.credentialId, id))
    expect(its.filter(({ purpose }) => purpose === 'connection').map(({ version }) => version)).toEqual([3])
    expect(await entries('credential.restore')).toMatchObject([
      { outcome: 'allowed', actorId: domain.ada.id, details: { version: 3, restoredFrom: 1 } },
    ])
  })

  it('of a version that was restored from another, and of one made by restoring, works as of any', async () => {
    await domain.vault.restore(domain.ada, id, 1, 2)
    expect(await domain.vault.restore(domain.ada, id, 2, 3)).toEqual({ ok: true, version: 4 })
    expect(await domain.vault.restore(domain.ada, id, 3, 4)).toEqual({ ok: true, version: 5 })
    expect(await opened()).toBe('first:first password')
  })

  it('takes the expiry of that version along, and forgets the one of the version it replaces', async () => {
    const expiresAt = new Date('2031-01-01T00:00:00Z')
    const first = and(eq(credentialVersions.credentialId, id), eq(credentialVersions.version, 1))
    await domain.db.update(credentialVersions).set({ expiresAt, expirySource: 'set' }).where(first)
    await domain.vault.restore(domain.ada, id, 1, 2)
    const present = async () => (await domain.db.select().from(credentials).where(eq(credentials.id, id)))[0]
    expect(await present()).toMatchObject({ expiresAt, expirySource: 'set' })
    expect((await versions())[2]).toMatchObject({ expiresAt, expirySource: 'set' })
    await domain.vault.restore(domain.ada, id, 2, 3)
    expect(await present()).toMatchObject({ expiresAt: null, expirySource: null })
  })

  it('leaves an association closed whose destination changed, or was changed in the table alone', async () => {
    await domain.db.update(associations).set({ destination: 'elsewhere' }).where(eq(associations.credentialId, id))
    await domain.vault.restore(domain.ada, id, 1, 2)
    expect(await opened()).toBe('destination changed')
    const held = and(eq(grants.credentialId, id), eq(grants.purpose, 'connection'))
    expect(await domain.db.select().from(grants).where(held)).toEqual([])
  })

  it('with a stale revision, of the present version, of one that never was or waits, changes nothing', async () => {
    expect(await domain.vault.restore(domain.ada, id, 1, 1)).toEqual({ ok: false, reason: 'stale' })
    await addPending(3)
    for (const version of [2, 3, 9]) {
      const outcome = await domain.vault.restore(domain.ada, id, version, 2)
      expect(outcome).toEqual({ ok: false, reason: 'not restorable' })
    }
    expect(await opened()).toBe('second:second password')
    // The number of a version that waits is not used twice.
    expect(await domain.vault.restore(domain.ada, id, 1, 2)).toEqual({ ok: true, version: 4 })
  })

  it('after 30 days is no more, also where the sweep has not come yet', async () => {
    await replacedDaysAgo(1, 31)
    expect(await domain.vault.restore(domain.ada, id, 1, 2)).toMatchObject({ reason: 'not restorable' })
    await replacedDaysAgo(1, 29)
    expect(await domain.vault.restore(domain.ada, id, 1, 2)).toMatchObject({ ok: true })
  })

  it('of a record that somebody changed, is refused, recorded as failed, and changes nothing', async () => {
    await asOwner(
      domain,
      `update credential_versions set payload =
      set_byte(payload, 90, get_byte(payload, 90) # 1) where credential_id = '${id}' and version = 1`,
    )
    await expect(domain.vault.restore(domain.ada, id, 1, 2)).rejects.toBeInstanceOf(Unreadable)
    expect(await opened()).toBe('second:second password')
    expect(await entries('credential.restore')).toMatchObject([{ outcome: 'failed' }])
  })

  it('of strangers, is a credential that does not exist', async () => {
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      await expect(domain.vault.restore(stranger, id, 1, 2)).rejects.toBeInstanceOf(NotFound)
      await expect(domain.history.versions(stranger, id)).rejects.toBeInstanceOf(NotFound)
    }
    expect(await entries('credential.restore')).toMatchObject([
      { outcome: 'denied', actorId: domain.ben.id },
      { outcome: 'denied', actorId: domain.root.id },
      { outcome: 'denied', actorId: domain.eve.id },
    ])
  })

  it('at the same moment as an edit, is done or the edit is; the other is told', async () => {
    for (let round = 0; round < 5; round++) {
      const [row] = await domain.db.select().from(credentials).where(eq(credentials.id, id))
      const revision = row?.revision ?? 0
      const outcomes = await Promise.all([
        domain.vault.restore(domain.ada, id, 1, revision),
        edit(revision, `round ${round}`),
      ])
      expect(outcomes.map(({ ok }) => ok).sort()).toEqual([false, true])
      expect(outcomes.find(({ ok }) => !ok)).toMatchObject({ reason: 'stale' })
    }
  })
})

describe('The sweep', () => {
  it('erases what was replaced 30 days ago with its grants, once, and says so in the ledger', async () => {
    await edit(2, 'third')
    await replacedDaysAgo(1, 31)
    await replacedDaysAgo(2, 29)
    // Two processes at once.
    const erased = await Promise.all([erasure.once(), erasure.once()])
    expect(erased[0] + erased[1]).toBe(1)
    expect((await versions()).map(({ payload }) => payload === null)).toEqual([true, false, false])
    const left = await domain.db.select().from(grants).where(eq(grants.credentialId, id))
    expect(left.map(({ version, purpose }) => `${version} ${purpose}`).sort()).toEqual([
      '2 owner',
      '3 connection',
      '3 owner',
    ])
    expect(await entries('credential.erase')).toMatchObject([
      { outcome: 'allowed', actorKind: 'system', actorId: null, details: { versions: 1 } },
    ])
    expect(await erasure.once()).toBe(0)
    expect(await domain.vault.restore(domain.ada, id, 1, 3)).toMatchObject({ reason: 'not restorable' })
    const { rows } = await domain.history.versions(domain.ada, id)
    expect(rows.map(({ version, state }) => [version, state])).toEqual([
      [3, 'present'],
      [2, 'restorable'],
      [1, 'erased'],
    ])
    expect(await opened()).toBe('third:third password')
  })

  it('never erases the present version nor one that waits, whatever their rows say', async () => {
    await addPending(3)
    await replacedDaysAgo(2, 400)
    await replacedDaysAgo(3, 400)
    expect(await erasure.once()).toBe(0)
    expect(await opened()).toBe('second:second password')
  })

  it('goes on where one credential cannot be written down', async () => {
    await replacedDaysAgo(1, 31)
    const lines: string[] = []
    const log = createLog({ level: 'error', destination: { write: (line) => void lines.push(line) } })
    const failing = { ...domain.guard, change: () => Promise.reject(new Error('the ledger is away')) }
    expect(await createErasure({ db: domain.db, guard: failing, log }).once()).toBe(0)
    expect(lines.join()).toContain('an old version could not be erased')
    expect((await versions())[0]?.payload).not.toBeNull()
    expect(await erasure.once()).toBe(1)
  })
})

async function edit(revision: number, username: string) {
  const values: Record<string, string> = { username, password: `${username} password` }
  const typed = { text: (field: string) => values[field], cleared: () => false }
  return domain.vault.edit(domain.ada, id, { revision, name: `Account ${count}`, description: '', typed })
}

async function opened(): Promise<string> {
  const outcome = await domain.vault.open(domain.ada, id, connectionId, { purpose: 'test', runId: id })
  if (!outcome.ok) return outcome.reason
  const { username, password } = outcome.credential.fields
  return `${username?.expose()}:${password?.expose()}`
}

function versions() {
  const its = eq(credentialVersions.credentialId, id)
  return domain.db.select().from(credentialVersions).where(its).orderBy(credentialVersions.version)
}

async function addPending(version: number): Promise<void> {
  const [first] = await versions()
  if (first === undefined) throw new Error('There is no version.')
  const pendingUntil = new Date(Date.now() + 3_600_000)
  await domain.db.insert(credentialVersions).values({ ...first, version, pendingUntil, replacedAt: null })
}

async function replacedDaysAgo(version: number, days: number): Promise<void> {
  const its = and(eq(credentialVersions.credentialId, id), eq(credentialVersions.version, version))
  await domain.db
    .update(credentialVersions)
    .set({ replacedAt: new Date(Date.now() - days * 86_400_000) })
    .where(its)
}

function entries(action: string) {
  const its = and(eq(auditEntries.action, action), eq(auditEntries.resourceId, id))
  return domain.db.select().from(auditEntries).where(its).orderBy(auditEntries.sequence)
}
