import { and, eq, inArray } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { associations, credentials, grants } from '../db/schema/credentials.ts'
import { schedules } from '../db/schema/schedules.ts'
import { type ParsedName, parseName, searchKey } from '../names.ts'
import { changeEdit, close, type Deciding, type EditDecision, mayReplace } from './edit-decisions.ts'
import type { VaultDependencies } from './find-credential.ts'
import { trialsOf } from './find-edit.ts'
import { promote } from './promote-version.ts'
import { accountNameTaken } from './queries.ts'
import { authenticBindings, openPresent, writeConnectionGrant, writeVersion } from './sealed-versions.ts'

export type SplitOutcome =
  /** `credentialId` keeps the old secret. */
  | { readonly ok: true; readonly credentialId: string }
  | Exclude<EditDecision, { ok: true }>
  /** The name for what keeps the old secret cannot be stored. */
  | { readonly ok: false; readonly reason: 'old name'; readonly error: string }
  /** All of it works, or nothing does. */
  | { readonly ok: false; readonly reason: 'nothing to split' }

type Row = Deciding['row']

/**
 * Makes the pending version the present one where all of it has proven itself; see `Vault.splitEdit`. The other
 * connections, with their datasets, schedules and health checks, move to a new credential of the same owner, which has the old secret.
 */
export function splitEdit(
  deps: VaultDependencies,
  actor: Actor,
  id: string,
  editId: string,
  typedName: string,
): Promise<SplitOutcome> {
  return changeEdit<SplitOutcome>(deps, actor, 'credential.split-edit', id, editId, async (deciding) => {
    const { effect, row, edit } = deciding
    const { tx } = effect
    const refused = await mayReplace(tx, row, edit)
    if (refused !== undefined) return effect.abandon(refused)
    const name = parseName(typedName, 'Account name')
    if (!name.ok) return effect.abandon(oldName(name.error))
    const { proven, unproven } = await sidesOf(tx, row.id, editId)
    if (proven.length === 0 || unproven.length === 0) {
      return effect.abandon({ ok: false, reason: 'nothing to split' } as const)
    }
    const splitCredentialId = newId()
    // Under its new name first: the old one may be what the other is to be called.
    await rename(tx, row, edit)
    if (!(await insertOld(tx, row, splitCredentialId, name)))
      return effect.abandon(oldName(accountNameTaken(name.name)))
    await moveToOld(tx, deps, row, { id: splitCredentialId, connectionIds: unproven, by: actor.id })
    await promote(tx, deps, row, edit)
    await close(deciding, actor, { state: 'split', splitCredentialId })
    effect.note({ splitCredential: splitCredentialId, moved: unproven.length })
    return { ok: true, credentialId: splitCredentialId }
  })
}

/** Which connections all that was tried worked on, and which not, or not known to. */
async function sidesOf(tx: Transaction, credentialId: string, editId: string) {
  const trials = await trialsOf(tx, editId)
  const bonds = await tx
    .select({ id: associations.connectionId })
    .from(associations)
    .where(eq(associations.credentialId, credentialId))
  const isProven = (connectionId: string) => {
    const its = trials.filter((trial) => trial.connectionId === connectionId)
    return its.length > 0 && its.every(({ newCode }) => newCode === 'ok')
  }
  const ids = bonds.map(({ id }) => id)
  return { proven: ids.filter(isProven), unproven: ids.filter((id) => !isProven(id)) }
}

async function rename(tx: Transaction, row: Row, { name, nameKey }: Deciding['edit']): Promise<void> {
  const named = { name, nameKey, searchKey: searchKey(name, row.username) }
  await tx.update(credentials).set(named).where(eq(credentials.id, row.id))
}

/** Adds the credential that is to keep the old secret, with all that is true of that; false where its name is taken. */
async function insertOld(
  tx: Transaction,
  row: Row,
  id: string,
  { name, key: nameKey }: Extract<ParsedName, { ok: true }>,
): Promise<boolean> {
  const { organizationId, ownerId, type, description, username } = row
  const { expiresAt, expirySource, pausedAt, pausedCode, pausedConnectionId, heldFrom, heldUntil } = row
  const state = { expiresAt, expirySource, pausedAt, pausedCode, pausedConnectionId, heldFrom, heldUntil }
  const inserted = await tx
    .insert(credentials)
    .values({
      ...{ id, organizationId, ownerId, name, nameKey, searchKey: searchKey(name, username) },
      ...{ type, description, username, currentVersion: 1, ...state },
    })
    .onConflictDoNothing()
    .returning({ id: credentials.id })
  return inserted.length > 0
}

type Moving = { readonly id: string; readonly connectionIds: readonly string[]; readonly by: string | null }

/** Seals the present fields for the new credential, and moves to it what depends on those connections. */
async function moveToOld(tx: Transaction, deps: VaultDependencies, row: Row, moving: Moving): Promise<void> {
  const { id, connectionIds, by } = moving
  const ids = [...connectionIds]
  const owned = { id, organizationId: row.organizationId }
  const bindings = await authenticBindings(tx, deps, row, row.currentVersion, ids)
  const fields = await openPresent(tx, deps, row)
  try {
    const { expiresAt, expirySource } = row
    const expiry = { expiresAt, expirySource }
    await writeVersion(tx, deps, owned, { version: 1, fields, by, reason: 'created', expiry })
  } finally {
    for (const secret of Object.values(fields)) secret.wipe()
  }
  await tx.delete(grants).where(and(eq(grants.credentialId, row.id), inArray(grants.connectionId, ids)))
  const bonds = and(eq(associations.credentialId, row.id), inArray(associations.connectionId, ids))
  await tx.update(associations).set({ credentialId: id }).where(bonds)
  for (const binding of bindings) await writeConnectionGrant(tx, deps, owned, 1, binding)
  const checks = and(eq(connections.healthCredentialId, row.id), inArray(connections.id, ids))
  await tx.update(connections).set({ healthCredentialId: id }).where(checks)
  const its = and(eq(datasets.credentialId, row.id), inArray(datasets.connectionId, ids))
  await tx.update(datasets).set({ credentialId: id }).where(its)
  const theirs = tx.select({ id: datasets.id }).from(datasets).where(inArray(datasets.connectionId, ids))
  const planned = and(eq(schedules.credentialId, row.id), inArray(schedules.datasetId, theirs))
  await tx.update(schedules).set({ credentialId: id }).where(planned)
  await shareAlike(tx, row.id, id)
}

/** With whom the old secret was shared for use, that goes on on the connections that keep it. */
async function shareAlike(tx: Transaction, from: string, to: string): Promise<void> {
  const shares = await tx.select().from(credentialShares).where(eq(credentialShares.credentialId, from))
  if (shares.length > 0) await tx.insert(credentialShares).values(shares.map((one) => ({ ...one, credentialId: to })))
}

function oldName(error: string): SplitOutcome {
  return { ok: false, reason: 'old name', error }
}
