import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { DiagnosisCode } from '../connector/driver.ts'
import type { Database, Transaction } from '../db/client.ts'
import { connections } from '../db/schema/connections.ts'

/** The codes with which a data store turns an account away. Asking again and again could lock it there. */
export const refusalCodes: readonly DiagnosisCode[] = [
  'auth.refused',
  'auth.expired',
  'auth.locked',
  'auth.method_refused',
]

/**
 * Stops the scheduled sign-ins of a connection when its account was refused, and resumes them when it was let in, whoever
 * signed in and why. Other outcomes, and other accounts, change nothing.
 */
export async function stopOrResume(
  store: Database | Transaction,
  seen: { readonly connectionId: string; readonly credentialId: string; readonly code: string; readonly at: Date },
): Promise<void> {
  const { connectionId, credentialId, code, at } = seen
  const scheduled = and(
    eq(connections.id, connectionId),
    eq(connections.healthCredentialId, credentialId),
    isNotNull(connections.healthMinutes),
  )
  if (refusalCodes.some((one) => one === code)) {
    await store.update(connections).set({ healthStoppedCode: code, healthNextAt: null }).where(scheduled)
  } else if (code === 'ok') {
    const next = sql`${at.toISOString()}::timestamptz + ${connections.healthMinutes} * interval '1 minute'`
    await store
      .update(connections)
      .set({ healthStoppedCode: null, healthNextAt: next })
      .where(and(scheduled, isNotNull(connections.healthStoppedCode)))
  }
}
