import { and, eq, sql } from 'drizzle-orm'
import { type Actor, system } from '../access/actor.ts'
import type { Effect } from '../access/guard.ts'
import type { Action } from '../access/policy.ts'
import type { Transaction } from '../db/client.ts'
import { provenEdits, provenEditTrials } from '../db/schema/proven-edits.ts'
import { withdraw } from '../notifications/notify.ts'
import { nameUsed } from './edited-version.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import { erasePending, type FoundEdit, findEdit, findWithDatasets, lockItsConnections } from './find-edit.ts'
import { promote } from './promote-version.ts'
import { accountNameTaken } from './queries.ts'

export type EditDecision =
  | { readonly ok: true }
  /** `over`: decided already, or its hour is. `trying`: not tried out. `changed`: made from what is no longer stored. */
  | { readonly ok: false; readonly reason: 'over' | 'trying' | 'changed' }
  | { readonly ok: false; readonly reason: 'name'; readonly error: string }
export type EditRefused = Extract<EditDecision, { ok: false }>

/** What a decision works with: everything it needs is locked. */
export type Deciding = {
  readonly effect: Effect
  readonly row: CredentialResource['row']
  readonly edit: FoundEdit['row']
}

/** Has what did not go well tried again; see `Vault.retryEdit`. */
export function retryEdit(deps: VaultDependencies, actor: Actor, id: string, editId: string): Promise<EditDecision> {
  return changeEdit<EditDecision>(deps, actor, 'credential.edit', id, editId, async ({ effect, row, edit }) => {
    if (isStale(row, edit)) return effect.abandon({ ok: false, reason: 'changed' } as const)
    const { tx } = effect
    await tx.update(provenEdits).set({ state: 'trying', heartbeatAt: sql`now()` }).where(eq(provenEdits.id, editId))
    const again = { newCode: null, newDiagnosis: null, finishedAt: null }
    const its = and(eq(provenEditTrials.editId, editId), sql`${provenEditTrials.newCode} is distinct from 'ok'`)
    const trials = await tx.update(provenEditTrials).set(again).where(its).returning({ id: provenEditTrials.id })
    effect.note({ trials: trials.length })
    return { ok: true }
  })
}

/** Makes the pending version the present one; see `Vault.applyEdit`. */
export function applyEdit(deps: VaultDependencies, actor: Actor, id: string, editId: string): Promise<EditDecision> {
  return changeEdit<EditDecision>(deps, actor, 'credential.apply-edit', id, editId, async (deciding) => {
    const { effect, row, edit } = deciding
    const refused = await mayReplace(effect.tx, row, edit)
    if (refused !== undefined) return effect.abandon(refused)
    await promote(effect.tx, deps, row, edit)
    await close(deciding, actor, { state: 'applied' })
    return { ok: true }
  })
}

/** Erases the pending version of an edit, also while it is being tried; see `Vault.discardEdit`. */
export function discardEdit(deps: VaultDependencies, actor: Actor, id: string, editId: string): Promise<EditDecision> {
  return deps.guard.change<EditDecision, CredentialResource>(
    actor,
    'credential.discard-edit',
    (tx) => findCredential(tx, id),
    async (effect, { row }) => {
      const { row: edit, isOver } = await findEdit(effect.tx, id, editId)
      if (isOver) return effect.abandon({ ok: false, reason: 'over' } as const)
      await erasePending(effect.tx, id, edit.version)
      await close({ effect, row, edit }, actor, { state: 'discarded' })
      return { ok: true }
    },
    { id },
  )
}

/** Erases the pending version of an edit whose hour is over; false where it is not, or that has been done. */
export function expireEdit(deps: VaultDependencies, actor: Actor, id: string, editId: string): Promise<boolean> {
  return deps.guard.change<boolean, CredentialResource>(
    actor,
    'credential.discard-edit',
    (tx) => findCredential(tx, id),
    async (effect, { row }) => {
      const { row: edit, isOver } = await findEdit(effect.tx, id, editId)
      if (!isOver || (edit.state !== 'trying' && edit.state !== 'tried')) return effect.abandon(false)
      await erasePending(effect.tx, id, edit.version)
      await close({ effect, row, edit }, system, { state: 'expired' })
      effect.note({ expired: true })
      return true
    },
    { id },
  )
}

/**
 * Takes a decision on an edit that has been tried out, in one transaction in which its credential, with its datasets and
 * connections, and the edit itself are locked.
 */
export function changeEdit<T>(
  deps: VaultDependencies,
  actor: Actor,
  action: Action,
  id: string,
  editId: string,
  decision: (deciding: Deciding) => Promise<T>,
): Promise<T | EditRefused> {
  return deps.guard.change<T | EditRefused, CredentialResource>(
    actor,
    action,
    (tx) => findWithDatasets(tx, id),
    async (effect, { row }) => {
      await lockItsConnections(effect.tx, id)
      const { row: edit, isOver, isTrying } = await findEdit(effect.tx, id, editId)
      if (isOver || isTrying) return effect.abandon({ ok: false, reason: isOver ? 'over' : 'trying' } as const)
      effect.note({ edit: editId, version: edit.version })
      return decision({ effect, row, edit })
    },
    { id },
  )
}

/** Returns why the pending version may not take the place of the present one; undefined where it may. */
export async function mayReplace(
  tx: Transaction,
  row: Deciding['row'],
  edit: Deciding['edit'],
): Promise<EditRefused | undefined> {
  if (isStale(row, edit)) return { ok: false, reason: 'changed' }
  if (!(await nameUsed(tx, row.ownerId, edit.nameKey, row.id))) return undefined
  return { ok: false, reason: 'name', error: accountNameTaken(edit.name) }
}

/** Writes down how an edit ended, and by whom. */
export async function close(
  { effect, edit }: Deciding,
  actor: Actor,
  ending: { readonly state: 'applied' | 'split' | 'discarded' | 'expired'; readonly splitCredentialId?: string },
): Promise<void> {
  effect.note({ edit: edit.id, version: edit.version })
  await effect.tx
    .update(provenEdits)
    .set({ ...ending, decidedAt: sql`now()`, decidedBy: actor.id })
    .where(eq(provenEdits.id, edit.id))
  await withdraw(effect.tx, 'edit.waiting', { type: 'credential', id: edit.credentialId }, edit.id)
}

function isStale(row: Deciding['row'], edit: Deciding['edit']): boolean {
  return row.revision !== edit.baseRevision || row.currentVersion !== edit.baseVersion
}
