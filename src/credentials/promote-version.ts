import { and, eq, sql } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import type { provenEdits } from '../db/schema/proven-edits.ts'
import { searchKey } from '../names.ts'
import { beginPause, endPause, trippingCodes } from './breaker.ts'
import { learnExpiry } from './expiry.ts'
import type { CredentialResource, VaultDependencies } from './find-credential.ts'
import { trialsOf } from './find-edit.ts'
import { learnedColumns, nothingSeen } from './learned.ts'
import type { Finding } from './proven-edits.ts'
import { bondOf, retire, takeOverGrants } from './sealed-versions.ts'

type Row = CredentialResource['row']
type Edit = typeof provenEdits.$inferSelect

/**
 * Makes the pending version of an edit the present one, with the name, the description and the username of the edit. The
 * one before it stays sealed for its owner alone. What the trials found is from now on what is known of the associations.
 * Everything it changes has been locked.
 */
export async function promote(tx: Transaction, deps: VaultDependencies, row: Row, edit: Edit): Promise<void> {
  // Also to what was associated, or agreed to, since the edit was begun.
  await takeOverGrants(tx, deps, row, edit.version, row.currentVersion)
  await retire(tx, row, row.currentVersion)
  const [waited] = await tx
    .update(credentialVersions)
    .set({ pendingUntil: null })
    .where(versionOf(row.id, edit.version))
    .returning()
  if (waited === undefined) throw new Error('A pending version is gone while its edit is open.')
  const { name, nameKey, description, username, version: currentVersion } = edit
  const { expiresAt, expirySource } = waited
  const another = { currentVersion, expiresAt, expirySource, revision: row.revision + 1 }
  const [present] = await tx
    .update(credentials)
    .set({
      name,
      nameKey,
      searchKey: searchKey(name, username),
      description,
      username,
      ...another,
      updatedAt: sql`now()`,
    })
    .where(eq(credentials.id, row.id))
    .returning()
  if (username !== row.username) {
    await tx.update(associations).set(nothingSeen).where(eq(associations.credentialId, row.id))
  }
  await keepFindings(tx, row.id, edit.id)
  if (present !== undefined) await learnExpiry(tx, present)
}

/** What one refuses pauses the credential at once, before anything uses it there by itself; what only lets it in resumes it. */
async function keepFindings(tx: Transaction, credentialId: string, editId: string): Promise<void> {
  let ended = false
  let refused: Parameters<typeof beginPause>[1] | undefined
  for (const { connectionId, datasetId, newCode: code, newDiagnosis } of await trialsOf(tx, editId)) {
    const finding = newDiagnosis as Finding | null
    if (datasetId !== null || code === null || finding === null || !finding.tried) continue
    const at = new Date(finding.at)
    const learned = code === 'ok' ? learnedColumns(finding.learned ?? {}, at) : {}
    const [bond] = await tx
      .update(associations)
      .set({ lastSignInAt: at, lastSignInCode: code, ...learned })
      .where(bondOf(credentialId, connectionId))
      .returning()
    // Removed since, or kept by the other side of a split: that says nothing of this one.
    if (bond === undefined) continue
    if (trippingCodes.some((one) => one === code)) refused ??= { credentialId, connectionId, code, at }
    ended ||= code === 'ok'
  }
  if (refused !== undefined) await beginPause(tx, refused)
  else if (ended) await endPause(tx, credentialId, new Date())
}

function versionOf(credentialId: string, version: number) {
  return and(eq(credentialVersions.credentialId, credentialId), eq(credentialVersions.version, version))
}
