import { and, eq, sql } from 'drizzle-orm'
import { stopOrResume } from '../connections/health-state.ts'
import type { Transaction } from '../db/client.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import type { provenEdits } from '../db/schema/proven-edits.ts'
import type { CredentialResource, VaultDependencies } from './find-credential.ts'
import { trialsOf } from './find-edit.ts'
import { learnedColumns, nothingSeen } from './learned.ts'
import type { Finding } from './proven-edits.ts'
import { bondOf, retireGrants, takeOverGrants } from './sealed-versions.ts'

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
  await retireGrants(tx, row, row.currentVersion)
  const present = { pendingUntil: null }
  await tx.update(credentialVersions).set(present).where(versionOf(row.id, edit.version))
  await tx.update(credentialVersions).set({ replacedAt: sql`now()` }).where(versionOf(row.id, row.currentVersion))
  const { name, nameKey, description, username, version: currentVersion } = edit
  const another = { currentVersion, expiresAt: null, expirySource: null, revision: row.revision + 1 }
  await tx
    .update(credentials)
    .set({ name, nameKey, description, username, ...another, updatedAt: sql`now()` })
    .where(eq(credentials.id, row.id))
  if (username !== row.username) {
    await tx.update(associations).set(nothingSeen).where(eq(associations.credentialId, row.id))
  }
  await keepFindings(tx, row.id, edit.id)
}

async function keepFindings(tx: Transaction, credentialId: string, editId: string): Promise<void> {
  for (const { connectionId, datasetId, newCode: code, newDiagnosis } of await trialsOf(tx, editId)) {
    const finding = newDiagnosis as Finding | null
    if (datasetId !== null || code === null || finding === null || !finding.tried) continue
    const at = new Date(finding.at)
    const learned = code === 'ok' ? learnedColumns(finding.learned ?? {}, at) : {}
    await tx
      .update(associations)
      .set({ lastSignInAt: at, lastSignInCode: code, ...learned })
      .where(bondOf(credentialId, connectionId))
    await stopOrResume(tx, { connectionId, credentialId, code, at })
  }
}

function versionOf(credentialId: string, version: number) {
  return and(eq(credentialVersions.credentialId, credentialId), eq(credentialVersions.version, version))
}
