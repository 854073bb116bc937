import { and, eq, min } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import type { Secret } from '../secrets/secret.ts'
import { endOf } from './credential-type.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import { openPresent } from './sealed-versions.ts'
import { credentialType } from './types/registry.ts'

/** When a version ends and who says so; `set` without a date: its owner says that it does not end, whatever a target says. */
export type Expiry = {
  readonly expiresAt: Date | null
  readonly expirySource: 'set' | 'learned' | null
}

/** What an owner decides: a moment, null for no expiry, or to go by what the data stores say. */
export type ExpiryChoice = Date | null | 'as learned'

export type SetExpiryOutcome =
  | { readonly ok: true; readonly expiry: Expiry }
  | { readonly ok: false; readonly reason: 'date'; readonly error: string }

/** Of a new version, until its owner sets one or a data store says one. */
export const noExpiry: Expiry = { expiresAt: null, expirySource: null }

/** How far ahead an expiry may be set, in years. */
export const mostYears = 10

/** Sets when the present version of a credential ends. What is refused is refused with a sentence, and nothing is written. */
export async function setExpiry(
  deps: VaultDependencies,
  actor: Actor,
  id: string,
  choice: ExpiryChoice,
): Promise<SetExpiryOutcome> {
  return deps.guard.change<SetExpiryOutcome, CredentialResource>(
    actor,
    'credential.set-expiry',
    (tx) => findCredential(tx, id),
    async ({ tx, note, abandon }, { row }) => {
      const error = choice instanceof Date ? refuseDate(choice, await databaseTime(tx)) : undefined
      if (error !== undefined) return abandon({ ok: false, reason: 'date', error } as const)
      const expiry = choice === 'as learned' ? await learnedExpiry(tx, deps, row) : setTo(choice)
      await writeExpiry(tx, row, expiry)
      note({
        version: row.currentVersion,
        expiresAt: expiry.expiresAt?.toISOString() ?? null,
        source: expiry.expirySource,
      })
      return { ok: true, expiry }
    },
    { id },
  )
}

/** Returns the sentence that says why an expiry cannot be set to a date; undefined where it can. */
export function refuseDate(date: Date, now: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return 'Enter a date, such as 2027-01-31.'
  if (date <= now) return 'That date is over. Choose one that is still to come.'
  const last = new Date(now)
  last.setUTCFullYear(last.getUTCFullYear() + mostYears)
  // To the end of its day, wherever that day ends last.
  last.setUTCDate(last.getUTCDate() + 2)
  if (date > last) return `That date is more than ${mostYears} years away. Choose an earlier one.`
  return undefined
}

/** Writes the expiry of the present version, whose credential the caller has locked. */
export async function writeExpiry(
  tx: Transaction,
  { id, currentVersion }: { readonly id: string; readonly currentVersion: number },
  expiry: Expiry,
): Promise<void> {
  await tx.update(credentials).set(expiry).where(eq(credentials.id, id))
  const { credentialId, version } = credentialVersions
  await tx
    .update(credentialVersions)
    .set(expiry)
    .where(and(eq(credentialId, id), eq(version, currentVersion)))
}

/** Returns the expiry of a version with these fields: what they say themselves, or none until somebody says one. */
export function expiryOf(typeId: string, fields: Readonly<Record<string, Secret>>): Expiry {
  const type = credentialType(typeId)
  return learned(type === undefined ? null : endOf(type, fields))
}

/**
 * Writes what is learned of the present version after a target told something, unless its owner set an expiry: the
 * earliest that its associations know of. A secret that says itself when it ends is not asked about. The caller has
 * locked the credential.
 */
export async function learnExpiry(tx: Transaction, row: CredentialRow): Promise<void> {
  if (row.expirySource === 'set' || saysItself(row.type)) return
  const expiry = await earliestTold(tx, row.id)
  if (expiry.expiresAt?.getTime() !== row.expiresAt?.getTime()) await writeExpiry(tx, row, expiry)
}

/** Returns what is known of the end of the present version without its owner. Throws Unreadable. */
async function learnedExpiry(tx: Transaction, deps: VaultDependencies, row: CredentialRow): Promise<Expiry> {
  if (!saysItself(row.type)) return earliestTold(tx, row.id)
  const fields = await openPresent(tx, deps, row)
  try {
    return expiryOf(row.type, fields)
  } finally {
    for (const secret of Object.values(fields)) secret.wipe()
  }
}

async function earliestTold(tx: Transaction, credentialId: string): Promise<Expiry> {
  const [row] = await tx
    .select({ earliest: min(associations.learnedExpiresAt) })
    .from(associations)
    .where(eq(associations.credentialId, credentialId))
  return learned(row?.earliest ?? null)
}

function saysItself(typeId: string): boolean {
  return credentialType(typeId)?.endsAt !== undefined
}

function learned(expiresAt: Date | null): Expiry {
  return expiresAt === null ? noExpiry : { expiresAt, expirySource: 'learned' }
}

function setTo(expiresAt: Date | null): Expiry {
  return { expiresAt, expirySource: 'set' }
}

type CredentialRow = CredentialResource['row']
