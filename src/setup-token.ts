import { createHash, randomBytes } from 'node:crypto'
import { isNull, sql } from 'drizzle-orm'
import type { Database } from './db/client.ts'
import { organizations, setupTokens } from './db/schema/organizations.ts'

/**
 * Makes the one-time token of the first run and voids those made before; returns null once Keyward is set up. 128 random
 * bits in base64url; the database holds its hash only.
 */
export async function issueSetupToken(db: Database): Promise<string | null> {
  return db.transaction(async (tx) => {
    // The lock of the setup itself: of two processes that start at once, the second voids the first one's token.
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext('keyward/setup'))`)
    const [existing] = await tx.select({ id: organizations.id }).from(organizations).limit(1)
    if (existing !== undefined) return null
    const token = randomBytes(16).toString('base64url')
    await tx.delete(setupTokens).where(isNull(setupTokens.usedAt))
    await tx.insert(setupTokens).values({ hash: hashSetupToken(token) })
    return token
  })
}

/** Returns what the table holds of a token: the SHA-256 of its text. */
export function hashSetupToken(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest()
}
