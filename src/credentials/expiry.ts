import { and, eq, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Transaction } from '../db/client.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'

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
  now = new Date(),
): Promise<SetExpiryOutcome> {
  return deps.guard.change<SetExpiryOutcome, CredentialResource>(
    actor,
    'credential.set-expiry',
    (tx) => findCredential(tx, id),
    async ({ tx, note, abandon }, { row }) => {
      const error = choice instanceof Date ? refuseDate(choice, now) : undefined
      if (error !== undefined) return abandon({ ok: false, reason: 'date', error } as const)
      const expiry = choice === 'as learned' ? await learnedExpiry(tx, id) : setTo(choice)
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

/** Returns the earliest end that the data stores of a credential have told at a good sign-in of its present version. */
export async function learnedExpiry(tx: Transaction, credentialId: string): Promise<Expiry> {
  const [row] = await tx
    .select({ earliest: sql<string | null>`min(${associations.learnedExpiresAt})` })
    .from(associations)
    .where(eq(associations.credentialId, credentialId))
  const earliest = row?.earliest ?? null
  return earliest === null ? noExpiry : { expiresAt: new Date(earliest), expirySource: 'learned' }
}

function setTo(expiresAt: Date | null): Expiry {
  return { expiresAt, expirySource: 'set' }
}
