import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Effect } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import { refuseOtherTypes } from '../connections/accepted-types.ts'
import { findConnection } from '../connections/connections.ts'
import { currentDestination, destinationToGrant } from '../connections/destination.ts'
import type { Transaction } from '../db/client.ts'
import { connections } from '../db/schema/connections.ts'
import { associations, grants } from '../db/schema/credentials.ts'
import { learnExpiry } from './expiry.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import { nothingSeen } from './learned.ts'
import { bondOf, writeConnectionGrant } from './sealed-versions.ts'

type Owned = { readonly id: string; readonly organizationId: string; readonly ownerId: string }
type OwnedOfType = Owned & { readonly type: string }

export type AssociateOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'already associated' | 'destination changed' }

/** What is to be granted: `destination` is what the actor agreed to (canonical text), where they were shown one. */
export type Bond = { readonly connectionId: string; readonly destination?: string | undefined }

/**
 * Associates a credential with a connection that the actor may use, for its present destination; nothing is granted where
 * that is no longer the one they agreed to. Throws TypeNotAccepted.
 */
export function associate(deps: VaultDependencies, actor: Actor, id: string, bond: Bond): Promise<AssociateOutcome> {
  return deps.guard.change<AssociateOutcome, CredentialResource>(
    actor,
    'credential.associate',
    (tx) => findCredential(tx, id),
    async (effect, { row }) => {
      const outcome = await addAssociation(effect, deps, row, row.currentVersion, bond)
      if (!outcome.ok) return effect.abandon(outcome)
      effect.note({ connectionId: bond.connectionId })
      return outcome
    },
    { id },
  )
}

/** Adds the bond and its grant inside an action on the credential. */
export async function addAssociation(
  effect: Effect,
  deps: VaultDependencies,
  owned: OwnedOfType,
  version: number,
  { connectionId, destination: agreed }: Bond,
): Promise<AssociateOutcome> {
  const { tx } = effect
  // Locked for update, so that two first accounts of a connection do not both become its default.
  const connection = await findConnection(tx, connectionId, 'update')
  await effect.also('connection.use', connection)
  if (connection === undefined) throw new NotFound()
  const destination = destinationToGrant(connection.row)
  refuseOtherTypes(connection.row.driver, owned.type)
  if (agreed !== undefined && agreed !== destination) return { ok: false, reason: 'destination changed' }
  const inserted = await tx
    .insert(associations)
    .values({
      credentialId: owned.id,
      connectionId,
      organizationId: owned.organizationId,
      ownerId: owned.ownerId,
      isDefault: !(await hasDefault(tx, owned.ownerId, connectionId)),
      destination,
    })
    .onConflictDoNothing({ target: [associations.credentialId, associations.connectionId] })
    .returning({ connectionId: associations.connectionId })
  if (inserted.length === 0) return { ok: false, reason: 'already associated' }
  await writeConnectionGrant(tx, deps, owned, version, { connectionId, destination })
  return { ok: true }
}

/** Removes the bond with its grants. The next account of that connection, if any, becomes the default. */
export function dissociate(
  deps: VaultDependencies,
  actor: Actor,
  id: string,
  connectionId: string,
): Promise<{ readonly remaining: number }> {
  return deps.guard.change(
    actor,
    'credential.dissociate',
    (tx) => findCredential(tx, id),
    async ({ tx, note }, { row }) => {
      await lockConnections(tx, [connectionId])
      const [removed] = await tx.delete(associations).where(bondOf(id, connectionId)).returning()
      if (removed === undefined) throw new NotFound()
      if (removed.isDefault) await promoteOldest(tx, row.ownerId, connectionId)
      if (removed.learnedExpiresAt !== null) await learnExpiry(tx, row)
      note({ connectionId })
      const [left] = await tx
        .select({ count: sql<number>`count(*)::int` })
        .from(associations)
        .where(eq(associations.credentialId, id))
      return { remaining: left?.count ?? 0 }
    },
    { id },
  )
}

/** Re-grants the present version for the connection's present destination; false where that is no longer `destination`. */
export function confirmDestination(
  deps: VaultDependencies,
  actor: Actor,
  id: string,
  connectionId: string,
  destination: string,
): Promise<boolean> {
  return deps.guard.change<boolean, CredentialResource>(
    actor,
    'credential.confirm-destination',
    (tx) => findCredential(tx, id),
    async (effect, { row }) => {
      const { tx, note, abandon } = effect
      const connection = await findConnection(tx, connectionId, 'share')
      await effect.also('connection.use', connection)
      if (connection === undefined || currentDestination(connection.row) !== destination) return abandon(false)
      destinationToGrant(connection.row)
      const [bond] = await tx
        .update(associations)
        .set({ destination, movedAt: null, lastSignInCode: null, ...nothingSeen })
        .where(bondOf(id, connectionId))
        .returning()
      if (bond === undefined) throw new NotFound()
      await learnExpiry(tx, row)
      await tx
        .delete(grants)
        .where(
          and(eq(grants.credentialId, id), eq(grants.connectionId, connectionId), eq(grants.purpose, 'connection')),
        )
      await writeConnectionGrant(tx, deps, row, row.currentVersion, { connectionId, destination })
      note({ connectionId })
      return true
    },
    { id },
  )
}

/** Returns what marks an association as moved where a use found that first: someone changed the connection behind our back. */
export function noticeMoved(id: string, connectionId: string): (tx: Transaction) => Promise<void> {
  return async (tx) => {
    const unmarked = and(bondOf(id, connectionId), isNull(associations.movedAt))
    await tx.update(associations).set({ movedAt: new Date() }).where(unmarked)
  }
}

/** Makes the credential the owner's default on the connection. */
export function makeDefault(deps: VaultDependencies, actor: Actor, id: string, connectionId: string): Promise<void> {
  return deps.guard.change(
    actor,
    'credential.set-default',
    (tx) => findCredential(tx, id),
    async ({ tx, note }, { row }) => {
      await lockConnections(tx, [connectionId])
      await tx
        .update(associations)
        .set({ isDefault: false })
        .where(and(eq(associations.ownerId, row.ownerId), eq(associations.connectionId, connectionId)))
      const [made] = await tx.update(associations).set({ isDefault: true }).where(bondOf(id, connectionId)).returning()
      if (made === undefined) throw new NotFound()
      note({ connectionId })
    },
    { id },
  )
}

/** Reports whether an owner has an account on the connection that is offered first. */
export async function hasDefault(tx: Transaction, ownerId: string, connectionId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: associations.credentialId })
    .from(associations)
    .where(
      and(
        eq(associations.ownerId, ownerId),
        eq(associations.connectionId, connectionId),
        eq(associations.isDefault, true),
      ),
    )
  return row !== undefined
}

/** Removes every association of a credential, each as `dissociate` does; resolves with how many there were. */
export async function dissociateAll(tx: Transaction, credential: Owned): Promise<number> {
  const its = eq(associations.credentialId, credential.id)
  const held = await tx.select({ id: associations.connectionId }).from(associations).where(its)
  await lockConnections(
    tx,
    held.map(({ id }) => id),
  )
  const removed = await tx.delete(associations).where(its).returning()
  for (const { isDefault, connectionId } of removed) {
    if (isDefault) await promoteOldest(tx, credential.ownerId, connectionId)
  }
  return removed.length
}

/**
 * Locks connections before their associations are changed, as everything does that changes them: so two changes of one
 * connection's default never meet half-way. The order everywhere is dataset, credential, connection, association.
 */
export async function lockConnections(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const { id } = connections
  await tx
    .select({ id })
    .from(connections)
    .where(inArray(id, [...ids]))
    .orderBy(asc(id))
    .for('update')
}

/** Makes an owner's oldest account on the connection their default, if they have one. */
export async function promoteOldest(tx: Transaction, ownerId: string, connectionId: string): Promise<void> {
  const [oldest] = await tx
    .select({ id: associations.credentialId })
    .from(associations)
    .where(and(eq(associations.ownerId, ownerId), eq(associations.connectionId, connectionId)))
    .orderBy(asc(associations.createdAt))
    .limit(1)
  if (oldest === undefined) return
  await tx.update(associations).set({ isDefault: true }).where(bondOf(oldest.id, connectionId))
}
