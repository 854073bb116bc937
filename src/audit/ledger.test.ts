import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditEntries } from '../db/schema/audit.ts'
import { packageRoot } from '../package-root.ts'
import { hmac } from '../secrets/primitives.ts'
import { asOwner, type TestDomain, testDomain } from '../testing/domain.ts'
import { type AuditEntry, createLedger, hashOf, LedgerUnavailable } from './ledger.ts'
import { checkpoint, verifyLedger } from './verify.ts'

let domain: TestDomain
beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

const entry: AuditEntry = {
  actor: { kind: 'system', id: null, address: null },
  action: 'credential.use',
  resource: { type: 'credential', id: 'some id' },
  organizationId: null,
  outcome: 'allowed',
  purpose: 'test',
  details: { b: 2, a: 'one', c: null },
}

const append = (more: Partial<AuditEntry> = {}) =>
  domain.db.transaction((tx) => domain.ledger.append(tx, { ...entry, ...more }))
const verify = (known?: { sequence: number; hash: string }) => verifyLedger(domain.db, domain.keys.auditKey, known)

/** What someone does who owns the tables and switches the trigger off. */
const tamper = (statement: string) =>
  asOwner(
    domain,
    `alter table audit_entries disable trigger all; ${statement}; alter table audit_entries enable trigger all`,
  )

beforeEach(async () => {
  await tamper('truncate audit_entries')
  for (let count = 0; count < 5; count++) await append()
})

it('the example entry of docs/record-format.md has the hash and the mac that it says', () => {
  const document = readFileSync(join(packageRoot(), 'docs/record-format.md'), 'utf8')
  const { key, hash, mac, ...row } = JSON.parse([...document.matchAll(/```json\n(.*?)\n```/gs)][1]?.[1] ?? '')
  const computed = hashOf({ ...row, time: new Date(row.time), previousHash: Buffer.from(row.previousHash, 'hex') })
  expect(computed.toString('hex')).toBe(hash)
  expect(hmac(Buffer.from(key, 'hex'), computed).toString('hex')).toBe(mac)
})

describe('the ledger', () => {
  it('a chain as written holds, whatever is in its entries', async () => {
    await append({ purpose: null, details: {}, requestId: 'r', runId: '01900000-0000-7000-8000-000000000000' })
    expect(await verify()).toEqual({ ok: true, entries: 6 })
  })

  it('an entry holds whatever texts and numbers came with a request', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\0', '\ud800', 'a\udfff\0b', 'x'.repeat(2_000)),
    )
    const details = fc.dictionary(
      fc.string({ maxLength: 8 }),
      fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null)),
    )
    const odd = fc.record({ id: text, address: text, purpose: text, requestId: text, details })
    const property = fc.asyncProperty(odd, async ({ id, address, purpose, requestId, details }) => {
      const actor = { kind: 'user', id: '0190ABCD-0000-7000-8000-00000000000A', address } as const
      await append({ actor, resource: { type: 'credential', id }, purpose, requestId, details })
    })
    await fc.assert(property, { numRuns: 60 })
    expect(await verify()).toEqual({ ok: true, entries: expect.any(Number) })
  })

  it('writers at once follow each other without a gap', async () => {
    await Promise.all(Array.from({ length: 40 }, () => append()))
    expect(await verify()).toEqual({ ok: true, entries: 45 })
  })

  it('an entry of a transaction that fails is not there', async () => {
    const failing = domain.db.transaction(async (tx) => {
      await domain.ledger.append(tx, entry)
      throw new Error('The effect failed.')
    })
    await expect(failing).rejects.toThrow('The effect failed.')
    expect(await verify()).toEqual({ ok: true, entries: 5 })
  })

  it.each(['update audit_entries set outcome = $$denied$$', 'delete from audit_entries', 'truncate audit_entries'])(
    'R1 "%s" is refused, to the owner of the table too',
    async (statement) => {
      await expect(asOwner(domain, statement)).rejects.toThrow(/are final|permission denied/)
      await expect(domain.db.execute(statement)).rejects.toThrow()
      expect(await verify()).toEqual({ ok: true, entries: 5 })
    },
  )

  it.each([
    ['edited in its outcome', "update audit_entries set outcome = 'denied' where sequence = 3", 3, /edited/],
    ['edited in its details', `update audit_entries set details = '{"a":"two"}' where sequence = 2`, 2, /edited/],
    ['edited in its time', "update audit_entries set time = time + interval '1 ms' where sequence = 1", 1, /edited/],
    ['edited to details that are null', "update audit_entries set details = 'null' where sequence = 2", 2, /edited/],
    ['edited to a time without end', "update audit_entries set time = 'infinity' where sequence = 5", 5, /edited/],
    [
      'edited in its time by less than a millisecond',
      "update audit_entries set time = time + interval '1 us' where sequence = 4",
      4,
      /edited/,
    ],
    ['deleted', 'delete from audit_entries where sequence = 3', 3, /missing/],
    ['deleted at the beginning', 'delete from audit_entries where sequence = 1', 1, /missing/],
    [
      'moved',
      'update audit_entries set sequence = 99 where sequence = 4; update audit_entries set sequence = 4 where sequence = 5; update audit_entries set sequence = 5 where sequence = 99',
      4,
      /does not follow/,
    ],
    [
      'deleted and the rest moved up',
      'delete from audit_entries where sequence = 2; update audit_entries set sequence = sequence - 1 where sequence > 2',
      2,
      /does not follow/,
    ],
  ])('R1 an entry that was %s is found and named', async (_what, statement, sequence, problem) => {
    await tamper(statement)
    expect(await verify()).toEqual({ ok: false, sequence, problem: expect.stringMatching(problem) })
  })

  it('R1 an entry inserted with hashes of its own but without the key is found', async () => {
    await tamper('delete from audit_entries where sequence = 5')
    const forger = createLedger({ key: randomBytes(32), instance: 'test' })
    await domain.db.transaction((tx) => forger.append(tx, entry))
    expect(await verify()).toEqual({ ok: false, sequence: 5, problem: expect.stringMatching(/not written by Keyward/) })
  })

  it.each([0, -7])('R1 an entry inserted as number %i, before the first, is found', async (sequence) => {
    await tamper(
      `create temp table copy as select * from audit_entries where sequence = 1; update copy set sequence = ${sequence}; insert into audit_entries select * from copy`,
    )
    expect(await verify()).toEqual({ ok: false, sequence: 1, problem: expect.stringMatching(/before the first/) })
  })

  it('R1 a tail cut off is found against a checkpoint, a chain that grew is not', async () => {
    const known = await checkpoint(domain.db)
    if (known === null) throw new Error('There are entries.')
    await append()
    expect(await verify(known)).toEqual({ ok: true, entries: 6 })
    await tamper('delete from audit_entries where sequence > 3')
    expect(await verify()).toEqual({ ok: true, entries: 3 })
    expect(await verify(known)).toEqual({ ok: false, sequence: 4, problem: expect.stringMatching(/cut off/) })
  })

  it('a database that does not take the entry fails the transaction with LedgerUnavailable', async () => {
    await asOwner(domain, 'alter table audit_entries rename to away')
    try {
      await expect(append()).rejects.toBeInstanceOf(LedgerUnavailable)
    } finally {
      await asOwner(domain, 'alter table away rename to audit_entries')
    }
    expect(await domain.db.select().from(auditEntries).where(eq(auditEntries.sequence, 6))).toEqual([])
  })
})
