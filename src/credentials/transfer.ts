import { and, eq, gt, inArray, isNull } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import { roleOn } from '../access/policy.ts'
import { type ConnectionResource, findConnection } from '../connections/connections.ts'
import type { Transaction } from '../db/client.ts'
import { connections } from '../db/schema/connections.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { provenEdits } from '../db/schema/proven-edits.ts'
import { hasDefault, lockConnections, promoteOldest } from './associations.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'

/** To whom, and whether associations go whose connection the new owner may not use. */
export type Transfer = { readonly newOwnerId: string; readonly dropUnusable: boolean }

export type TransferOutcome =
  | { readonly ok: true; readonly dropped: number }
  /** Why not, as a sentence. */
  | { readonly ok: false; readonly error: string }

/**
 * Gives a credential to another user of its organization, with its versions, grants and associations; what is sealed stays
 * as it is. Shares of it end, and so do health checks with it: who gave and who chose them is its owner no longer. In the
 * ledger are the old and the new owner.
 */
export function transfer(deps: VaultDependencies, actor: Actor, id: string, to: Transfer): Promise<TransferOutcome> {
  return deps.guard.change<TransferOutcome, CredentialResource>(
    actor,
    'credential.transfer',
    (tx) => findCredential(tx, id),
    async ({ tx, note, abandon }, { row }) => {
      const error = await refusedTransfer(tx, row, to.newOwnerId)
      if (error !== undefined) return abandon<TransferOutcome>({ ok: false, error })
      const its = await lockedConnectionsOf(tx, id)
      const unusable = its.filter((one) => roleOn({ kind: 'user', id: to.newOwnerId }, one) === null)
      if (unusable.length > 0 && !to.dropUnusable) return abandon<TransferOutcome>({ ok: false, error: notConfirmed })
      const shares = await tx.delete(credentialShares).where(eq(credentialShares.credentialId, id)).returning()
      const healthChecks = await endHealthChecks(tx, id)
      for (const connection of its) await moveBond(tx, row, connection, to, unusable.includes(connection))
      await tx
        .update(credentials)
        .set({ ownerId: to.newOwnerId, revision: row.revision + 1, updatedAt: new Date() })
        .where(eq(credentials.id, id))
      const dropped = unusable.length
      note({ from: row.ownerId, to: to.newOwnerId, associationsRemoved: dropped, sharesRemoved: shares.length })
      note({ healthChecksEnded: healthChecks })
      return { ok: true, dropped }
    },
    { id },
  )
}

const notConfirmed =
  'The new owner may not use all of its data connections, and losing those associations was not agreed to. Choose it again and agree, or share the data connections first.'

type Row = CredentialResource['row']

/** Returns why a credential cannot go to that person, as a sentence; undefined where it can. */
async function refusedTransfer(tx: Transaction, row: Row, newOwnerId: string): Promise<string | undefined> {
  if (newOwnerId === row.ownerId) return 'It is theirs already.'
  const { organizationId } = row
  const person = and(eq(users.id, newOwnerId), eq(users.organizationId, organizationId), isNull(users.disabledAt))
  // Shared, so that they are not disabled meanwhile.
  const [user] = await tx.select({ name: users.name }).from(users).where(person).for('share')
  if (user === undefined) return 'The new owner has no account here any more. Choose somebody else.'
  const taken = and(eq(credentials.ownerId, newOwnerId), eq(credentials.nameKey, row.nameKey))
  const [same] = await tx.select({ id: credentials.id }).from(credentials).where(taken)
  if (same !== undefined) return `${user.name} already has an account named "${row.name}". Rename one of them first.`
  const open = and(eq(provenEdits.credentialId, row.id), inArray(provenEdits.state, ['trying', 'tried']))
  const [edit] = await tx
    .select({ id: provenEdits.id })
    .from(provenEdits)
    .where(and(open, gt(provenEdits.expiresAt, new Date())))
  return edit && 'A change of it is being tried. Apply or discard that first.'
}

/** The connections a credential is associated with, by id, locked as everything does that changes associations. */
async function lockedConnectionsOf(tx: Transaction, credentialId: string): Promise<readonly ConnectionResource[]> {
  const held = await tx
    .select({ id: associations.connectionId })
    .from(associations)
    .where(eq(associations.credentialId, credentialId))
  const ids = held.map(({ id }) => id)
  await lockConnections(tx, ids)
  const found = []
  for (const id of ids) found.push(await findConnection(tx, id, 'update'))
  return found.filter((one) => one !== undefined)
}

/** Nobody chose the new owner's account for them; who owns the connection may choose one of their own. */
async function endHealthChecks(tx: Transaction, credentialId: string): Promise<number> {
  const ended = await tx
    .update(connections)
    .set({ healthMinutes: null, healthCredentialId: null, healthNextAt: null })
    .where(eq(connections.healthCredentialId, credentialId))
    .returning({ id: connections.id })
  return ended.length
}

/** Each owner keeps one default of a connection: the old one's next account follows, the new one's first stays. */
async function moveBond(
  tx: Transaction,
  row: Row,
  connection: ConnectionResource,
  { newOwnerId }: Transfer,
  drop: boolean,
): Promise<void> {
  const connectionId = connection.row.id
  const bond = and(eq(associations.credentialId, row.id), eq(associations.connectionId, connectionId))
  const [before] = await tx.select({ isDefault: associations.isDefault }).from(associations).where(bond)
  if (drop) await tx.delete(associations).where(bond)
  else {
    const isDefault = !(await hasDefault(tx, newOwnerId, connectionId))
    await tx.update(associations).set({ ownerId: newOwnerId, isDefault }).where(bond)
  }
  if (before?.isDefault) await promoteOldest(tx, row.ownerId, connectionId)
}
