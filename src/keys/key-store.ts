import { randomBytes } from 'node:crypto'
import { asc, eq, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { keyring as keyringTable, keyringWraps } from '../db/schema/keyring.ts'
import { deployment } from '../db/schema/organizations.ts'
import { encodeContext } from '../secrets/context.ts'
import type { Kek } from '../secrets/kek/kek.ts'
import { createKeyring, type Keyring } from '../secrets/keyring.ts'
import { keyLength } from '../secrets/primitives.ts'
import { OpenFailed } from '../secrets/record.ts'

/** The keys of a process. */
export type Keys = {
  readonly deploymentId: string
  readonly keyring: Keyring
  /** Keys the ledger's HMAC. */
  readonly auditKey: Buffer
  /** Of the KEKs that this process holds. */
  readonly fingerprints: readonly string[]
}

/** No KEK here opens the keyring. The message names the fingerprints needed and those there are. */
export class WrongKek extends Error {}

type Purpose = 'records' | 'audit'

/**
 * Loads the keyring with whichever of `keks` opens it. An empty database gets its first terms, wrapped by every KEK; one
 * that holds sealed data or a keyring never does. Throws WrongKek.
 */
export async function loadKeys(db: Database, keks: readonly Kek[]): Promise<Keys> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('keyward keyring', 0))`)
    const deploymentId = (await present(tx)) ?? (await create(tx, keks))
    const terms = await tx.select().from(keyringTable).orderBy(asc(keyringTable.term))
    const keys = new Map<number, Buffer>()
    for (const { term, purpose, state } of terms) {
      if (state !== 'retired') keys.set(term, await unwrap(tx, keks, { deploymentId, term, purpose }))
    }
    const active = (purpose: Purpose) => terms.find((each) => each.purpose === purpose && each.state === 'active')?.term
    const [records, audit] = [active('records'), active('audit')]
    const auditKey = audit === undefined ? undefined : keys.get(audit)
    if (records === undefined || auditKey === undefined) {
      throw new WrongKek('The keyring has no active term. Restore the tables keyring and keyring_wraps from a backup.')
    }
    const fingerprints = keks.map((kek) => kek.fingerprint)
    return { deploymentId, keyring: createKeyring(keys, records), auditKey, fingerprints }
  })
}

/** The id of the deployment that has a keyring, or undefined for an empty database. */
async function present(tx: Transaction): Promise<string | undefined> {
  const [row] = await tx.select({ id: deployment.id }).from(deployment)
  const [term] = await tx.select({ term: keyringTable.term }).from(keyringTable).limit(1)
  if (row !== undefined && term !== undefined) return row.id
  if (row !== undefined || term !== undefined || (await holdsSealedData(tx))) {
    throw new WrongKek('Sealed data is here and its keyring is not. Restore the whole database from a backup.')
  }
  return undefined
}

async function holdsSealedData(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.execute<{ found: boolean }>(
    sql`select exists (select from credential_versions) or exists (select from grants) or exists (select from audit_entries) as found`,
  )
  return rows[0]?.found === true
}

async function create(tx: Transaction, keks: readonly Kek[]): Promise<string> {
  const deploymentId = newId()
  if (keks.length === 0) throw new WrongKek('There is no key-encryption key. Make one with "keyward key generate".')
  await tx.insert(deployment).values({ id: deploymentId })
  await createTerm(tx, keks, { deploymentId, term: 1, purpose: 'records' })
  await createTerm(tx, keks, { deploymentId, term: 2, purpose: 'audit' })
  return deploymentId
}

type TermIdentity = { readonly deploymentId: string; readonly term: number; readonly purpose: Purpose }

async function createTerm(tx: Transaction, keks: readonly Kek[], identity: TermIdentity): Promise<void> {
  const { term, purpose } = identity
  const key = randomBytes(keyLength)
  await tx.insert(keyringTable).values({ term, purpose, state: 'active' })
  for (const kek of keks) {
    await tx
      .insert(keyringWraps)
      .values({ term, fingerprint: kek.fingerprint, wrapped: kek.wrap(key, wrapContext(identity)) })
  }
  key.fill(0)
}

async function unwrap(tx: Transaction, keks: readonly Kek[], identity: TermIdentity): Promise<Buffer> {
  const wraps = await tx.select().from(keyringWraps).where(eq(keyringWraps.term, identity.term))
  const needed = wraps.map((wrap) => wrap.fingerprint)
  const damaged: string[] = []
  for (const { fingerprint, wrapped } of wraps) {
    const kek = keks.find((each) => each.fingerprint === fingerprint)
    const key = kek && unwrapOne(kek, wrapped, identity)
    if (key !== undefined) return key
    if (kek !== undefined) damaged.push(fingerprint)
  }
  if (damaged.length > 0) {
    throw new WrongKek(
      `Term ${identity.term} of the keyring does not open with its key ${damaged.join(' or ')}. Restore it from a backup.`,
    )
  }
  if (needed.length === 0) {
    throw new WrongKek(
      `No key opens term ${identity.term}: its rows in keyring_wraps are gone. Restore them from a backup.`,
    )
  }
  const held = keks.map((kek) => kek.fingerprint).join(', ') || 'none'
  throw new WrongKek(
    `The key here (${held}) is not the one that this database was made with (${needed.join(' or ')}). Restore that key.`,
  )
}

function unwrapOne(kek: Kek, wrapped: Buffer, identity: TermIdentity): Buffer | undefined {
  try {
    const key = kek.unwrap(wrapped, wrapContext(identity))
    return key.length === keyLength ? key : undefined
  } catch (error) {
    if (error instanceof OpenFailed) return undefined
    throw error
  }
}

/** What a wrapped term key is bound to. */
function wrapContext({ deploymentId, term, purpose }: TermIdentity): Buffer {
  return encodeContext(['keyward/wrap/v1', deploymentId, purpose, term])
}
