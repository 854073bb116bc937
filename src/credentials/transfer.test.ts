import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connections } from '../db/schema/connections.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain
let ada: UserActor
let ben: UserActor
let made = 0

beforeAll(async () => {
  domain = await testDomain()
  ;({ ada, ben } = domain)
})
afterAll(() => domain.close())

async function store(owner: UserActor, name: string, connectionIds: readonly string[]): Promise<string> {
  const fields = { username: new Secret('reporting'), password: new Secret('correct horse') }
  const stored = await domain.vault.create(owner, { type: 'basic', name, description: '', fields, connectionIds })
  if (!stored.ok) throw new Error(stored.error)
  return stored.id
}

/** A connection of Ada's that Ben may use too. */
async function sharedConnection(): Promise<string> {
  made += 1
  const id = await addConnection(domain, ada, `Shared ${made}`)
  await domain.sharing.share(ada, id, ben.email, 'consumer')
  return id
}

const bondsOf = (connectionId: string) =>
  domain.db
    .select({ id: associations.credentialId, ownerId: associations.ownerId, isDefault: associations.isDefault })
    .from(associations)
    .where(eq(associations.connectionId, connectionId))

const toBen = (dropUnusable = false) => ({ newOwnerId: ben.id, dropUnusable })
const use = { purpose: 'test', runId: '01900000-0000-7000-8000-000000000000' }

describe('transfer', () => {
  it('gives credential and associations to the new owner, who can use them at once; the old one no longer', async () => {
    const connection = await sharedConnection()
    const id = await store(ada, 'moves', [connection])
    expect(await domain.vault.transfer(ada, id, toBen())).toEqual({ ok: true, dropped: 0 })
    const opened = await domain.vault.open(ben, id, connection, use)
    expect(opened.ok && opened.credential.fields.password?.expose().toString()).toBe('correct horse')
    await expect(domain.vault.open(ada, id, connection, use)).rejects.toThrow(NotFound)
    expect(await domain.credentialQueries.show(ben, id)).toMatchObject({ name: 'moves', ownerName: 'Ben' })
    const its = and(eq(auditEntries.action, 'credential.transfer'), eq(auditEntries.resourceId, id))
    expect(await domain.db.select().from(auditEntries).where(its)).toMatchObject([
      { outcome: 'allowed', details: { from: ada.id, to: ben.id, associationsRemoved: 0 } },
    ])
  })

  it('leaves each owner one default of a connection', async () => {
    const connection = await sharedConnection()
    const [first, second] = [await store(ada, 'first', [connection]), await store(ada, 'second', [connection])]
    const bens = await store(ben, 'of ben', [connection])
    await domain.vault.transfer(ada, first, toBen())
    const bonds = await bondsOf(connection)
    expect(
      bonds
        .filter(({ isDefault }) => isDefault)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([second, bens].sort())
    expect(bonds.find(({ id }) => id === first)).toMatchObject({ ownerId: ben.id, isDefault: false })
  })

  it('removes an association that the new owner may not use only where that was agreed to', async () => {
    const [shared, own] = [await sharedConnection(), await addConnection(domain, ada, 'Of Ada alone')]
    const id = await store(ada, 'half usable', [shared, own])
    expect(await domain.vault.transfer(ada, id, toBen())).toMatchObject({ ok: false })
    expect(await bondsOf(own)).toMatchObject([{ id, ownerId: ada.id }])
    expect(await domain.vault.transfer(ada, id, toBen(true))).toEqual({ ok: true, dropped: 1 })
    expect(await bondsOf(own)).toEqual([])
    expect(await bondsOf(shared)).toMatchObject([{ id, ownerId: ben.id }])
  })

  it('to someone who has an account of that name, says so and changes nothing', async () => {
    await store(ben, 'TAKEN', [])
    const id = await store(ada, 'taken', [])
    const outcome = await domain.vault.transfer(ada, id, toBen())
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining('Ben already has an account named') })
    const [row] = await domain.db.select().from(credentials).where(eq(credentials.id, id))
    expect(row).toMatchObject({ ownerId: ada.id, revision: 1 })
  })

  it.each([
    ['someone of another organization', () => domain.eve.id],
    ['nobody', () => '01900000-0000-7000-8000-000000000001'],
    ['its owner', () => ada.id],
  ])('to %s, says why not', async (_who, newOwnerId) => {
    made += 1
    const id = await store(ada, `stays ${made}`, [])
    const outcome = await domain.vault.transfer(ada, id, { newOwnerId: newOwnerId(), dropUnusable: true })
    expect(outcome).toMatchObject({ ok: false })
    expect(await domain.credentialQueries.show(ada, id)).toMatchObject({ ownerName: 'Ada' })
  })

  it('ends its shares and the health checks with it', async () => {
    const connection = await sharedConnection()
    const id = await store(ada, 'checked and shared', [connection])
    await domain.health.configure(ada, connection, { minutes: 60, credentialId: id })
    const share = { credentialId: id, userId: domain.root.id, organizationId: ada.organizationId, createdBy: ada.id }
    await domain.db.insert(credentialShares).values(share)
    await domain.vault.transfer(ada, id, toBen())
    const [row] = await domain.db.select().from(connections).where(eq(connections.id, connection))
    expect(row).toMatchObject({ healthMinutes: null, healthCredentialId: null, healthNextAt: null })
    expect(await domain.db.$count(credentialShares, eq(credentialShares.credentialId, id))).toBe(0)
  })

  it("of another person's credential, finds nothing, and that is in the ledger", async () => {
    const id = await store(ada, 'not yours', [])
    for (const stranger of [ben, domain.root, domain.eve]) {
      await expect(domain.vault.transfer(stranger, id, toBen(true))).rejects.toThrow(NotFound)
    }
    const its = and(eq(auditEntries.action, 'credential.transfer'), eq(auditEntries.resourceId, id))
    const entries = await domain.db.select().from(auditEntries).where(its)
    expect(entries.map(({ outcome }) => outcome)).toEqual(['denied', 'denied', 'denied'])
  })
})
