import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { NotFound } from '../access/refusals.ts'
import type { Transaction } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { associations, credentialVersions } from '../db/schema/credentials.ts'
import { provenEdits, provenEditTrials } from '../db/schema/proven-edits.ts'
import { type CredentialResource, findCredential } from './find-credential.ts'

/** A proven edit as it stands, by the clock of the database. */
export type FoundEdit = {
  readonly row: typeof provenEdits.$inferSelect
  /** Decided, or its hour is over. */
  readonly isOver: boolean
  /** A process is trying it, and has been heard of in the last half minute. */
  readonly isTrying: boolean
}

/** Whether nobody has decided and there is still time. */
export const isOpen = sql<boolean>`(${provenEdits.state} in ('trying', 'tried') and ${provenEdits.expiresAt} > now())`
/** Whether a process is at it; one that has not been heard of for 30 seconds has died. */
export const isTrying = sql<boolean>`(${provenEdits.state} = 'trying' and coalesce(${provenEdits.heartbeatAt}, ${provenEdits.createdAt}) > now() - interval '30 seconds')`

/** Locks the datasets of a credential and then the credential, in the order of everything that locks both. */
export async function findWithDatasets(tx: Transaction, id: string): Promise<CredentialResource | undefined> {
  await tx
    .select({ id: datasets.id })
    .from(datasets)
    .where(eq(datasets.credentialId, id))
    .orderBy(asc(datasets.id))
    .for('update')
  return findCredential(tx, id)
}

/** Locks and returns an edit of this credential. Throws NotFound. */
export async function findEdit(tx: Transaction, credentialId: string, editId: string): Promise<FoundEdit> {
  const its = and(eq(provenEdits.id, editId), eq(provenEdits.credentialId, credentialId))
  const [found] = await tx.select({ row: provenEdits, isOpen, isTrying }).from(provenEdits).where(its).for('update')
  if (found === undefined) throw new NotFound()
  return { row: found.row, isOver: !found.isOpen, isTrying: found.isOpen && found.isTrying }
}

/** Locks the connections of a credential, which come before their associations. */
export async function lockItsConnections(tx: Transaction, credentialId: string): Promise<void> {
  const its = tx
    .select({ id: associations.connectionId })
    .from(associations)
    .where(eq(associations.credentialId, credentialId))
  await tx
    .select({ id: connections.id })
    .from(connections)
    .where(inArray(connections.id, its))
    .orderBy(asc(connections.id))
    .for('update')
}

/** Returns the trials of an edit. */
export function trialsOf(tx: Transaction, editId: string) {
  return tx.select().from(provenEditTrials).where(eq(provenEditTrials.editId, editId))
}

/** Erases a pending version, and with it every grant of it. */
export async function erasePending(tx: Transaction, credentialId: string, version: number): Promise<void> {
  const its = and(eq(credentialVersions.credentialId, credentialId), eq(credentialVersions.version, version))
  await tx.delete(credentialVersions).where(and(its, sql`pending_until is not null`))
}
