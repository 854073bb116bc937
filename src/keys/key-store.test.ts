import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { grants } from '../db/schema/credentials.ts'
import { keyring, keyringWraps } from '../db/schema/keyring.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { Secret } from '../secrets/secret.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { addConnection, asOwner, testDomain } from '../testing/domain.ts'
import { listTerms, verifyGrants } from './inspect.ts'
import { loadKeys, WrongKek } from './key-store.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

async function database(): Promise<TestDatabase> {
  const made = await testDatabase()
  opened.push(made)
  return made
}

describe('loadKeys', () => {
  it('an empty database gets its first terms; later starts load the same keys', async () => {
    const { db } = await database()
    const kek = kekFromKey(randomBytes(32))
    const first = await loadKeys(db, [kek])
    const second = await loadKeys(db, [kekFromKey(randomBytes(32)), kek])
    expect(second.deploymentId).toBe(first.deploymentId)
    expect(second.auditKey).toEqual(first.auditKey)
    expect(second.keyring.key(second.keyring.activeTerm)).toEqual(first.keyring.key(first.keyring.activeTerm))
    expect(await listTerms(db)).toMatchObject([
      { term: 1, purpose: 'records', state: 'active', fingerprints: [kek.fingerprint], grants: 0 },
      { term: 2, purpose: 'audit', state: 'active', fingerprints: [kek.fingerprint] },
    ])
  })

  it('two processes that start at once on an empty database agree on one keyring', async () => {
    const { db } = await database()
    const kek = kekFromKey(randomBytes(32))
    const all = await Promise.all([loadKeys(db, [kek]), loadKeys(db, [kek]), loadKeys(db, [kek])])
    expect(new Set(all.map((keys) => keys.auditKey.toString('hex'))).size).toBe(1)
  })

  it('S5 a wrong key names the fingerprint needed and the one there is, and changes nothing', async () => {
    const { db } = await database()
    const [right, wrong] = [kekFromKey(randomBytes(32)), kekFromKey(randomBytes(32))]
    await loadKeys(db, [right])
    const attempt = loadKeys(db, [wrong])
    await expect(attempt).rejects.toBeInstanceOf(WrongKek)
    await expect(attempt).rejects.toThrow(right.fingerprint)
    await expect(attempt).rejects.toThrow(wrong.fingerprint)
    await expect(loadKeys(db, [])).rejects.toThrow(right.fingerprint)
    expect(await db.select().from(keyringWraps)).toHaveLength(2)
  })

  it('S5 sealed data without its keyring never gets a new one', async () => {
    const domain = await testDomain()
    opened.push(domain)
    await domain.vault.create(domain.ada, {
      type: 'basic',
      name: 'a',
      description: '',
      fields: { username: new Secret('u'), password: new Secret('p') },
      connectionIds: [],
    })
    await asOwner(
      domain,
      'alter table grants drop constraint grants_key_term_keyring_term_fk; delete from keyring_wraps; delete from keyring',
    )
    await expect(loadKeys(domain.db, [kekFromKey(randomBytes(32))])).rejects.toBeInstanceOf(WrongKek)
    await asOwner(domain, 'delete from deployment')
    await expect(loadKeys(domain.db, [kekFromKey(randomBytes(32))])).rejects.toBeInstanceOf(WrongKek)
    expect(await domain.db.select().from(keyring)).toEqual([])
  })

  it('a wrap that was tampered with, or moved to another term, fails the start', async () => {
    const { db } = await database()
    const kek = kekFromKey(randomBytes(32))
    await loadKeys(db, [kek])
    const [audit] = await db.select().from(keyringWraps).where(eq(keyringWraps.term, 2))
    await db
      .update(keyringWraps)
      .set({ wrapped: audit?.wrapped ?? Buffer.alloc(0) })
      .where(eq(keyringWraps.term, 1))
    await expect(loadKeys(db, [kek])).rejects.toThrow(/does not open with its key/)
  })
})

describe('loadKeys with several KEKs', () => {
  it('wraps new terms with each, so that any one of them opens, even where the wrap of another is damaged', async () => {
    const { db } = await database()
    const [old, young] = [kekFromKey(randomBytes(32)), kekFromKey(randomBytes(32))]
    const first = await loadKeys(db, [old, young])
    expect((await loadKeys(db, [old])).auditKey).toEqual(first.auditKey)
    expect((await loadKeys(db, [young])).auditKey).toEqual(first.auditKey)
    await db
      .update(keyringWraps)
      .set({ wrapped: randomBytes(130) })
      .where(eq(keyringWraps.fingerprint, old.fingerprint))
    expect((await loadKeys(db, [old, young])).auditKey).toEqual(first.auditKey)
    await expect(loadKeys(db, [old])).rejects.toThrow(/does not open with its key/)
    await db.delete(keyringWraps)
    await expect(loadKeys(db, [old, young])).rejects.toThrow(/keyring_wraps are gone/)
  })

  it('S5 an empty database without any KEK stays empty', async () => {
    const { db } = await database()
    await expect(loadKeys(db, [])).rejects.toBeInstanceOf(WrongKek)
    expect(await db.select().from(keyring)).toEqual([])
  })
})

describe('verifyGrants', () => {
  it('counts every grant, names those that do not open, and takes a moved record for one', async () => {
    const domain = await testDomain()
    opened.push(domain)
    const { db, keys, ada, vault } = domain
    const connection = await addConnection(domain, ada)
    for (const name of ['a', 'b', 'c']) {
      const fields = { username: new Secret('u'), password: new Secret(`secret of ${name}`) }
      await vault.create(ada, { type: 'basic', name, description: '', fields, connectionIds: [connection] })
    }
    expect(await verifyGrants(db, keys)).toEqual({ grants: 6, failed: 0, failures: [] })
    const [one, two] = await db.select().from(grants).where(eq(grants.purpose, 'owner'))
    if (one === undefined || two === undefined) throw new Error('Both exist.')
    await db.update(grants).set({ sealed: two.sealed }).where(eq(grants.id, one.id))
    expect(await verifyGrants(db, keys)).toMatchObject({ grants: 6, failed: 1, failures: [{ grantId: one.id }] })
    await db.delete(grants).where(eq(grants.id, one.id))
    const orphan = { grantId: null, credentialId: one.credentialId, version: 1 }
    expect(await verifyGrants(db, keys)).toEqual({ grants: 5, failed: 1, failures: [orphan] })
  })

  it('a term is not closed while a transaction that wrote a grant under it is open', async () => {
    const domain = await testDomain()
    opened.push(domain)
    const { db, ada, vault } = domain
    const fields = { username: new Secret('u'), password: new Secret('p') }
    await vault.create(ada, { type: 'basic', name: 'a', description: '', fields, connectionIds: [] })
    const close = "set lock_timeout = '100ms'; update keyring set state = 'decrypt-only' where term = 1"
    await db.transaction(async (tx) => {
      await tx.update(grants).set({ keyTerm: 1 })
      await expect(asOwner(domain, close)).rejects.toThrow(/lock timeout/)
    })
    await asOwner(domain, close)
    await expect(db.update(grants).set({ keyTerm: 1 })).rejects.toMatchObject({ cause: { code: 'KW001' } })
  })

  it('the database takes no grant whose column and header name different terms, and none under a term that is not active', async () => {
    const domain = await testDomain()
    opened.push(domain)
    const { db, ada, vault } = domain
    const fields = { username: new Secret('u'), password: new Secret('p') }
    await vault.create(ada, { type: 'basic', name: 'a', description: '', fields, connectionIds: [] })
    await expect(db.update(grants).set({ keyTerm: 2 })).rejects.toThrow()
    const underAudit = sql`overlay(sealed placing decode('00000002', 'hex') from 3)`
    await expect(db.update(grants).set({ keyTerm: 2, sealed: underAudit })).rejects.toMatchObject({
      cause: { code: 'KW001' },
    })
    await expect(db.delete(keyring).where(eq(keyring.term, 1))).rejects.toThrow()
    await asOwner(domain, "update keyring set state = 'decrypt-only' where term = 1")
    const late = { username: new Secret('u'), password: new Secret('p') }
    await expect(
      vault.create(ada, { type: 'basic', name: 'b', description: '', fields: late, connectionIds: [] }),
    ).rejects.toThrow()
    expect(await db.execute(sql`select count(*)::int as count from credentials`)).toMatchObject({
      rows: [{ count: 1 }],
    })
  })
})
