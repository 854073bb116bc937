import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain
let ada: UserActor
let stored = 0

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
})
afterAll(() => domain.close())

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)

async function store(connectionIds: readonly string[] = []): Promise<string> {
  stored += 1
  const fields = { username: new Secret('reporting'), password: new Secret('correct horse') }
  const name = `account ${stored}`
  const made = await domain.vault.create(ada, { type: 'basic', name, description: '', fields, connectionIds })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

/** The expiry of a credential and of its present version, which must be one. */
async function expiryOf(id: string) {
  const { expiresAt, expirySource } = credentials
  const [its] = await domain.db.select({ expiresAt, expirySource }).from(credentials).where(eq(credentials.id, id))
  const [ofVersion] = await domain.db
    .select({ expiresAt: credentialVersions.expiresAt, expirySource: credentialVersions.expirySource })
    .from(credentialVersions)
    .innerJoin(credentials, eq(credentials.id, credentialVersions.credentialId))
    .where(and(eq(credentials.id, id), eq(credentials.currentVersion, credentialVersions.version)))
  expect(ofVersion).toEqual(its)
  return its
}

async function entriesOf(id: string) {
  const its = and(eq(auditEntries.action, 'credential.set-expiry'), eq(auditEntries.resourceId, id))
  return domain.db.select().from(auditEntries).where(its)
}

describe('setExpiry', () => {
  it('with a date to come, sets it on the credential and its present version, and says so in the ledger', async () => {
    const id = await store()
    const date = inDays(90)
    const outcome = await domain.vault.setExpiry(ada, id, date)
    expect(outcome).toEqual({ ok: true, expiry: { expiresAt: date, expirySource: 'set' } })
    expect(await expiryOf(id)).toEqual({ expiresAt: date, expirySource: 'set' })
    expect(await entriesOf(id)).toMatchObject([
      { actorId: ada.id, outcome: 'allowed', details: { version: 1, expiresAt: date.toISOString(), source: 'set' } },
    ])
  })

  it.each([
    ['a date that is over', inDays(-1), 'over'],
    ['a date more than ten years away', inDays(3_660), 'more than 10 years'],
    ['no date at all', new Date('never'), 'Enter a date'],
  ])('with %s, refuses with a sentence and changes nothing', async (_what, date, words) => {
    const id = await store()
    const outcome = await domain.vault.setExpiry(ada, id, date)
    expect(outcome).toMatchObject({ ok: false, reason: 'date', error: expect.stringContaining(words) })
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: null })
    expect(await entriesOf(id)).toEqual([])
  })

  it('with a date in ten years, to the end of that day anywhere, sets it', async () => {
    const date = new Date()
    date.setUTCFullYear(date.getUTCFullYear() + 10)
    date.setUTCDate(date.getUTCDate() + 1)
    expect(await domain.vault.setExpiry(ada, await store(), date)).toMatchObject({ ok: true })
  })

  it('with null, sets that there is none', async () => {
    const id = await store()
    await domain.vault.setExpiry(ada, id, inDays(5))
    await domain.vault.setExpiry(ada, id, null)
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: 'set' })
  })

  it('"as learned", goes back to the earliest that its data stores say, and to none where they say none', async () => {
    const connections = [await addConnection(domain, ada, 'one'), await addConnection(domain, ada, 'two')]
    const id = await store(connections)
    await domain.vault.setExpiry(ada, id, null)
    await domain.vault.setExpiry(ada, id, 'as learned')
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: null })
    for (const [index, connectionId] of connections.entries()) {
      const bond = and(eq(associations.credentialId, id), eq(associations.connectionId, connectionId))
      await domain.db
        .update(associations)
        .set({ learnedExpiresAt: inDays(20 - index) })
        .where(bond)
    }
    await domain.vault.setExpiry(ada, id, 'as learned')
    expect(await expiryOf(id)).toMatchObject({ expirySource: 'learned' })
    expect(Math.round(((await expiryOf(id))?.expiresAt?.getTime() ?? 0) / 86_400_000)).toBe(
      Math.round(inDays(19).getTime() / 86_400_000),
    )
  })

  it("of another person's credential, finds nothing, whoever they are, and that is in the ledger", async () => {
    const id = await store()
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      await expect(domain.vault.setExpiry(stranger, id, inDays(5))).rejects.toThrow(NotFound)
    }
    expect((await entriesOf(id)).map(({ outcome }) => outcome)).toEqual(['denied', 'denied', 'denied'])
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: null })
  })
})
