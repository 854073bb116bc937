import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Transaction } from '../db/client.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import { searchKey } from '../names.ts'
import { usernameOf } from './credential-type.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import { nothingSeen } from './learned.ts'
import { nextVersion, openVersion, writeVersion } from './sealed-versions.ts'
import { credentialType } from './types/registry.ts'

/** For how many days a replaced version can be restored. Then it is erased. */
export const restorableDays = 30

export type RestoreOutcome =
  | { readonly ok: true; readonly version: number }
  /** Somebody changed the credential meanwhile. */
  | { readonly ok: false; readonly reason: 'stale' }
  /** There is no such version to restore: it is the present one, was replaced too long ago, or never was. */
  | { readonly ok: false; readonly reason: 'not restorable' }

type CredentialRow = CredentialResource['row']
/** What is kept of an earlier version beside its fields. */
type Earlier = Pick<typeof credentialVersions.$inferSelect, 'version' | 'expiresAt' | 'expirySource'>

/**
 * Seals the fields of an earlier version under a new key as the next version, granted to every association whose present
 * grant opens. Throws Unreadable.
 */
export function restore(
  deps: VaultDependencies,
  actor: Actor,
  id: string,
  version: number,
  revision: number,
): Promise<RestoreOutcome> {
  return deps.guard.change<RestoreOutcome, CredentialResource>(
    actor,
    'credential.restore',
    (tx) => findCredential(tx, id),
    async ({ tx, note, abandon }, { row }) => {
      if (row.revision !== revision) return abandon({ ok: false, reason: 'stale' } as const)
      const earlier = await restorable(tx, row, version)
      if (earlier === undefined) return abandon({ ok: false, reason: 'not restorable' } as const)
      const next = await nextVersion(tx, id)
      await writeRestored(tx, deps, row, earlier, { version: next, by: actor.id })
      note({ version: next, restoredFrom: version })
      return { ok: true, version: next }
    },
    { id },
  )
}

/** The condition that a version was replaced, and not longer ago than it is kept. */
export const isRestorable = and(
  sql`${credentialVersions.replacedAt} > now() - make_interval(days => ${restorableDays})`,
  sql`${credentialVersions.payload} is not null`,
  isNull(credentialVersions.pendingUntil),
)

async function restorable(tx: Transaction, row: CredentialRow, wanted: number): Promise<Earlier | undefined> {
  const { credentialId, version, expiresAt, expirySource } = credentialVersions
  const [found] = await tx
    .select({ version, expiresAt, expirySource })
    .from(credentialVersions)
    .where(and(eq(credentialId, row.id), eq(version, wanted), ne(version, row.currentVersion), isRestorable))
  return found
}

async function writeRestored(
  tx: Transaction,
  deps: VaultDependencies,
  row: CredentialRow,
  { version: restoredFrom, ...expiry }: Earlier,
  next: { readonly version: number; readonly by: string | null },
): Promise<void> {
  const fields = await openVersion(tx, deps, row, restoredFrom)
  try {
    const type = credentialType(row.type)
    const username = type === undefined ? row.username : usernameOf(type, fields)
    if (username !== row.username) {
      await tx.update(associations).set(nothingSeen).where(eq(associations.credentialId, row.id))
    }
    const write = { ...next, fields, reason: 'restored', follows: row.currentVersion, restoredFrom, expiry } as const
    await writeVersion(tx, deps, row, write)
    const present = { username, searchKey: searchKey(row.name, username), currentVersion: next.version, ...expiry }
    const changed = { revision: row.revision + 1, updatedAt: new Date() }
    await tx
      .update(credentials)
      .set({ ...present, ...changed })
      .where(eq(credentials.id, row.id))
  } finally {
    for (const secret of Object.values(fields)) secret.wipe()
  }
}
