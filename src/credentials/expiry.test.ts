import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, signedIn, type TestDomain, testDomain } from '../testing/domain.ts'
import { credentialType } from './types/registry.ts'

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

  it('with a date to come, in a process whose clock is past it, goes by that of the database', async () => {
    const [id, date] = [await store(), inDays(30)]
    vi.useFakeTimers({ toFake: ['Date'], now: inDays(100) })
    try {
      expect(await domain.vault.setExpiry(ada, id, date)).toMatchObject({ ok: true })
    } finally {
      vi.useRealTimers()
    }
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

/** Signs in with a stored account on a target that says when it ends. */
async function signIn(id: string, connectionId: string, expiresAt: Date | null | undefined) {
  const told = expiresAt === undefined ? {} : { expiresAt: expiresAt?.toISOString() ?? null }
  domain.connector.next = { ...signedIn, ok: true, value: { serverVersion: 'test', ...told } }
  return domain.signIns.create(ada, connectionId, { kind: 'stored', credentialId: id }, 'test')
}

const edit = (id: string, revision: number, password: string) =>
  domain.vault.edit(ada, id, {
    ...{ revision, name: `edited ${Math.random()}`, description: '' },
    typed: { text: (field) => ({ username: 'reporting', password })[field], cleared: () => false },
  })

describe('A good sign-in', () => {
  it('on a target that says when the account ends, teaches that; the earliest over its connections counts', async () => {
    const [one, two] = [await addConnection(domain, ada, 'learn 1'), await addConnection(domain, ada, 'learn 2')]
    const id = await store([one, two])
    const [early, late] = [inDays(10), inDays(40)]
    await signIn(id, one, late)
    expect(await expiryOf(id)).toEqual({ expiresAt: late, expirySource: 'learned' })
    await signIn(id, two, early)
    expect(await expiryOf(id)).toEqual({ expiresAt: early, expirySource: 'learned' })
    await domain.vault.dissociate(ada, id, two)
    expect(await expiryOf(id)).toEqual({ expiresAt: late, expirySource: 'learned' })
    await signIn(id, one, null)
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: null })
  })

  it('never overrides what was set by hand, be it a date or that there is none', async () => {
    const connectionId = await addConnection(domain, ada, 'by hand')
    const id = await store([connectionId])
    const mine = inDays(60)
    await domain.vault.setExpiry(ada, id, mine)
    await signIn(id, connectionId, inDays(3))
    expect(await expiryOf(id)).toEqual({ expiresAt: mine, expirySource: 'set' })
    await domain.vault.setExpiry(ada, id, null)
    await signIn(id, connectionId, inDays(3))
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: 'set' })
  })

  it('of a version that was replaced meanwhile, teaches nothing about the present one', async () => {
    const connectionId = await addConnection(domain, ada, 'replaced')
    const id = await store([connectionId])
    const run = domain.connector.run
    domain.connector.run = async (job, options) => {
      await edit(id, 1, 'another one')
      return run(job, options)
    }
    try {
      await signIn(id, connectionId, inDays(3))
    } finally {
      domain.connector.run = run
    }
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: null })
    const [bond] = await domain.db.select().from(associations).where(eq(associations.credentialId, id))
    expect(bond).toMatchObject({ learnedExpiresAt: null, lastSignInCode: 'ok' })
  })

  it('before an account is stored, teaches it with the account', async () => {
    const connectionId = await addConnection(domain, ada, 'saved')
    const until = inDays(12)
    domain.connector.next = { ...signedIn, ok: true, value: { serverVersion: 'test', expiresAt: until.toISOString() } }
    const type = credentialType('basic')
    if (type === undefined) throw new Error('There is the type basic.')
    const typed = { text: (field: string) => ({ username: 'a', password: 'b' })[field], cleared: () => false }
    const account = { type, name: 'Saved and learned', description: '', typed, connectionId, signIn: true }
    const saved = await domain.saving.create(ada, account)
    if (saved.kind !== 'saved') throw new Error(saved.kind)
    expect(await expiryOf(saved.id)).toEqual({ expiresAt: until, expirySource: 'learned' })
  })
})

describe('A new version', () => {
  it('starts without the expiry of the one before, which keeps it; a new name alone changes nothing', async () => {
    const connectionId = await addConnection(domain, ada, 'versions')
    const id = await store([connectionId])
    const date = inDays(9)
    await domain.vault.setExpiry(ada, id, date)
    await edit(id, 1, '')
    expect(await expiryOf(id)).toEqual({ expiresAt: date, expirySource: 'set' })
    await edit(id, 2, 'the next one')
    expect(await expiryOf(id)).toEqual({ expiresAt: null, expirySource: null })
    const versions = await domain.db
      .select({ version: credentialVersions.version, expiresAt: credentialVersions.expiresAt })
      .from(credentialVersions)
      .where(eq(credentialVersions.credentialId, id))
    expect(versions).toEqual(
      expect.arrayContaining([
        { version: 1, expiresAt: date },
        { version: 2, expiresAt: null },
      ]),
    )
  })
})

describe('A token that says when it ends', () => {
  const token = (claims: object) =>
    ['{"alg":"none"}', JSON.stringify(claims), 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
  const end = new Date('2031-05-06T07:08:09.000Z')
  const exp = end.getTime() / 1_000

  async function storeToken(text: string) {
    stored += 1
    const its = { type: 'bearer', name: `token ${stored}`, description: '', connectionIds: [] }
    const made = await domain.vault.create(ada, { ...its, fields: { token: new Secret(text) } })
    if (!made.ok) throw new Error(made.error)
    return made.id
  }

  it('is learned when it is saved, again after an edit, and again after an expiry set by hand is dropped', async () => {
    const id = await storeToken(token({ exp, sub: 'ada' }))
    expect(await expiryOf(id)).toEqual({ expiresAt: end, expirySource: 'learned' })
    await domain.vault.setExpiry(ada, id, null)
    await domain.vault.setExpiry(ada, id, 'as learned')
    expect(await expiryOf(id)).toEqual({ expiresAt: end, expirySource: 'learned' })
    const typed = { text: () => token({ exp: exp + 60 }), cleared: () => false }
    await domain.vault.edit(ada, id, { revision: 1, name: `token ${stored}`, description: '', typed })
    expect(await expiryOf(id)).toEqual({ expiresAt: new Date(end.getTime() + 60_000), expirySource: 'learned' })
  })

  it.each([
    ['no token of the kind', 'dapi0123456789'],
    ['no claims', 'a.b.c'],
    ['no end', token({ sub: 'ada' })],
    ['an end that is no number', token({ exp: '2031-05-06' })],
    ['an end before time or after it', token({ exp: -1 })],
    ['an end that no calendar has', token({ exp: 1e18 })],
    ['claims that are null', `a.${Buffer.from('null').toString('base64url')}.c`],
  ])('and %s: nothing is learned', async (_what, text) => {
    expect(await expiryOf(await storeToken(text))).toEqual({ expiresAt: null, expirySource: null })
  })
})
