import { eq } from 'drizzle-orm'
import type { Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { Transaction } from '../db/client.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { credentials } from '../db/schema/credentials.ts'
import type { Keyring } from '../secrets/keyring.ts'

/** What everything behind the vault's door works with. */
export type VaultDependencies = { readonly guard: Guard; readonly keyring: Keyring; readonly deploymentId: string }

/** A credential as a resource to decide on, with its row. */
export type CredentialResource = Resource & { readonly row: typeof credentials.$inferSelect }

/** Locks and returns a credential with its shares to decide on. */
export async function findCredential(tx: Transaction, id: string): Promise<CredentialResource | undefined> {
  const [row] = await tx.select().from(credentials).where(eq(credentials.id, id)).for('update')
  if (row === undefined) return undefined
  return {
    type: 'credential',
    id,
    organizationId: row.organizationId,
    ownerId: row.ownerId,
    shares: await sharesOf(tx, id),
    row,
  }
}

/** Read by itself, once the lock is held: what was taken away while waiting for it is not there any more. */
async function sharesOf(tx: Transaction, credentialId: string): Promise<NonNullable<Resource['shares']>> {
  const { userId } = credentialShares
  const rows = await tx.select({ userId }).from(credentialShares).where(eq(credentialShares.credentialId, credentialId))
  return Object.fromEntries(rows.map((share) => [share.userId, 'consumer']))
}
