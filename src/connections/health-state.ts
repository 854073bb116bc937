import { and, eq, isNotNull } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { connections } from '../db/schema/connections.ts'

/** Makes the scheduled sign-ins with a credential due: what kept them from being made is over. */
export async function lookAtOnce(tx: Transaction, credentialId: string, at: Date): Promise<void> {
  const its = and(eq(connections.healthCredentialId, credentialId), isNotNull(connections.healthMinutes))
  await tx.update(connections).set({ healthNextAt: at }).where(its)
}
