import { and, eq, gt, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { Effect } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import { Unreadable } from '../access/refusals.ts'
import { type ConnectionResource, findConnection } from '../connections/connections.ts'
import { currentDestination } from '../connections/destination.ts'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { associations, type credentials, credentialVersions, grants } from '../db/schema/credentials.ts'
import { provenEdits } from '../db/schema/proven-edits.ts'
import {
  type Binding,
  grantConnection,
  openForConnection,
  openForOwner,
  type SealedGrant,
  sealVersion,
  type VersionIdentity,
} from '../secrets/grants.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Expiry } from './expiry.ts'

type Keys = { readonly keyring: Keyring; readonly deploymentId: string }
type Owned = { readonly id: string; readonly organizationId: string }
type Fields = Readonly<Record<string, Secret>>
type CredentialRow = typeof credentials.$inferSelect
type ConnectionRow = ConnectionResource['row']

/** A version of a credential, still sealed, with all that is needed to open it for one connection. */
export type Sealed = {
  readonly ok: true
  readonly type: string
  readonly identity: Omit<VersionIdentity, 'deploymentId'>
  readonly grant: SealedGrant
  readonly payload: Buffer
  readonly binding: Binding
  /** When the target said that the account ends, if it did (ISO 8601). */
  readonly knownExpiry: string | undefined
  /** The row whose destination was compared: what is dialled must be made from it, not from a later reading. */
  readonly connection: ConnectionRow
  readonly resource: Resource
}
export type Closed = {
  readonly ok: false
  /** `paused` and `tried now` are the breaker's. */
  readonly reason: 'not associated' | 'destination changed' | 'edit over' | 'paused' | 'tried now'
  readonly resource: Resource
}

export type VersionToWrite = {
  readonly version: number
  readonly fields: Fields
  readonly by: string | null
  readonly reason: 'created' | 'edited' | 'restored'
  /** The version it replaces: associations whose grant for that one opens are granted this one. */
  readonly follows?: number
  /** The version whose fields it has, where it restores one. */
  readonly restoredFrom?: number
  /** When it ends, where that is known already. */
  readonly expiry?: Expiry
  /** Where it does not replace that one yet. */
  readonly pending?: PendingVersion
}

/** Until when a version waits, and for which connections it may be opened meanwhile. */
export type PendingVersion = { readonly until: SQL<Date>; readonly connectionIds: readonly string[] }

/** Seals `fields` as a version of the credential, with its owner grant and the grants it takes over. */
export async function writeVersion(tx: Transaction, keys: Keys, owned: Owned, write: VersionToWrite): Promise<void> {
  const identity = identityOf(keys, owned, write.version)
  const { payload, owner } = sealVersion(keys.keyring, identity, write.fields)
  await tx.insert(credentialVersions).values({
    credentialId: owned.id,
    version: write.version,
    organizationId: owned.organizationId,
    payload,
    createdBy: write.by,
    reason: write.reason,
    restoredFrom: write.restoredFrom ?? null,
    pendingUntil: write.pending?.until ?? null,
    ...write.expiry,
  })
  await insertGrant(tx, owned, write.version, owner, null)
  if (write.follows === undefined) return
  await takeOverGrants(tx, keys, owned, write.version, write.follows, write.pending?.connectionIds)
  if (write.pending === undefined) await retire(tx, owned, write.follows)
}

/** Returns the number of a credential's next version. Those of edits that came to nothing are not given again. */
export async function nextVersion(tx: Transaction, credentialId: string): Promise<number> {
  const { rows } = await tx.execute<{ next: number }>(sql`
    select 1 + greatest(
      (select max(version) from ${credentialVersions} where ${credentialVersions.credentialId} = ${credentialId}),
      (select max(version) from ${provenEdits} where ${provenEdits.credentialId} = ${credentialId})
    ) as next`)
  const [row] = rows
  if (row === undefined) throw new Error('A select without a table gave no row.')
  return row.next
}

/**
 * Returns what opens the credential for the connection as that is now, without opening it: the present version, or a
 * pending one that is still waiting. Decides on the connection too. A connection whose destination is not the agreed one
 * stays closed before any key is touched.
 */
export async function sealedFor(
  effect: Effect,
  row: CredentialRow,
  connectionId: string,
  version = row.currentVersion,
): Promise<Sealed | Closed> {
  const { tx } = effect
  const connection = await findConnection(tx, connectionId, 'share')
  await effect.also('connection.use', connection)
  const resource: Resource = {
    type: 'credential',
    id: row.id,
    organizationId: row.organizationId,
    ownerId: row.ownerId,
  }
  const [bond] = await tx.select().from(associations).where(bondOf(row.id, connectionId))
  if (connection === undefined || bond === undefined) return { ok: false, reason: 'not associated', resource }
  const isPresent = version === row.currentVersion
  if (!isPresent && !(await isWaiting(tx, row.id, version))) return { ok: false, reason: 'edit over', resource }
  const destination = currentDestination(connection.row)
  const found = bond.destination === destination ? await grantOf(tx, row.id, version, connectionId) : undefined
  if (found === undefined) return { ok: false, reason: 'destination changed', resource }
  const { id: credentialId, organizationId } = row
  return {
    ok: true,
    type: row.type,
    identity: { credentialId, organizationId, version },
    ...found,
    binding: { connectionId, destination },
    knownExpiry: isPresent ? bond.learnedExpiresAt?.toISOString() : undefined,
    connection: connection.row,
    resource,
  }
}

/** Opens what `sealedFor` found. Throws OpenFailed where grant, payload or binding are not the ones sealed together. */
export function openSealed(keys: Keys, sealed: Sealed): Record<string, Secret> {
  const identity = { deploymentId: keys.deploymentId, ...sealed.identity }
  return openForConnection(keys.keyring, identity, sealed.grant, sealed.payload, sealed.binding)
}

/** Opens the present version by its owner grant, for an edit or a new association. Throws Unreadable. */
export function openPresent(tx: Transaction, keys: Keys, row: CredentialRow): Promise<Record<string, Secret>> {
  return openVersion(tx, keys, row, row.currentVersion)
}

/** Opens a version by its owner grant, to restore it. Throws Unreadable, also where it was erased. */
export async function openVersion(
  tx: Transaction,
  keys: Keys,
  row: CredentialRow,
  version: number,
): Promise<Record<string, Secret>> {
  const owner = await ownerGrant(tx, row.id, version)
  const payload = await payloadOf(tx, row.id, version)
  return unreadableUnlessOpen(() => openForOwner(keys.keyring, identityOf(keys, row, version), owner, payload))
}

/** Grants a version to one connection, for one destination, by opening its owner grant. Throws Unreadable. */
export async function writeConnectionGrant(
  tx: Transaction,
  keys: Keys,
  owned: Owned,
  version: number,
  binding: Binding,
): Promise<void> {
  const owner = await ownerGrant(tx, owned.id, version)
  const identity = identityOf(keys, owned, version)
  const grant = unreadableUnlessOpen(() => grantConnection(keys.keyring, identity, owner, binding))
  await insertGrant(tx, owned, version, grant, binding.connectionId)
}

/** The condition that names one association. */
export function bondOf(credentialId: string, connectionId: string) {
  return and(eq(associations.credentialId, credentialId), eq(associations.connectionId, connectionId))
}

function identityOf(keys: Keys, owned: Owned, version: number): VersionIdentity {
  return { deploymentId: keys.deploymentId, organizationId: owned.organizationId, credentialId: owned.id, version }
}

async function insertGrant(
  tx: Transaction,
  owned: Owned,
  version: number,
  grant: SealedGrant,
  connectionId: string | null,
): Promise<void> {
  await tx.insert(grants).values({
    id: newId(),
    organizationId: owned.organizationId,
    credentialId: owned.id,
    version,
    purpose: connectionId === null ? 'owner' : 'connection',
    connectionId,
    keyTerm: grant.keyTerm,
    sealed: grant.sealed,
  })
}

/**
 * Grants a version to the connections that hold an authentic grant of the one it replaces, or to those of them that are
 * listed, unless they hold one already. The old grant is opened with the recorded destination first: a destination edited
 * in the table alone must not be granted anything. Throws Unreadable.
 */
export async function takeOverGrants(
  tx: Transaction,
  keys: Keys,
  owned: Owned,
  version: number,
  follows: number,
  connectionIds?: readonly string[],
): Promise<void> {
  const granted = await tx
    .select({ connectionId: grants.connectionId })
    .from(grants)
    .where(and(eq(grants.credentialId, owned.id), eq(grants.version, version), isNotNull(grants.connectionId)))
  for (const binding of await authenticBindings(tx, keys, owned, follows, connectionIds)) {
    if (granted.some(({ connectionId }) => connectionId === binding.connectionId)) continue
    await writeConnectionGrant(tx, keys, owned, version, binding)
  }
}

/** Returns where a version may be opened, each as its owner agreed to it: of all connections, or of those listed. */
export async function authenticBindings(
  tx: Transaction,
  keys: Keys,
  owned: Owned,
  version: number,
  connectionIds?: readonly string[],
): Promise<readonly Binding[]> {
  const payload = await payloadOf(tx, owned.id, version)
  const its = and(eq(associations.credentialId, owned.id), eq(grants.version, version))
  const held = await tx
    .select({
      connectionId: associations.connectionId,
      destination: associations.destination,
      keyTerm: grants.keyTerm,
      sealed: grants.sealed,
    })
    .from(associations)
    .innerJoin(
      grants,
      and(eq(grants.credentialId, associations.credentialId), eq(grants.connectionId, associations.connectionId)),
    )
    .where(connectionIds === undefined ? its : and(its, inArray(associations.connectionId, [...connectionIds])))
    // A connection may be deleted at this moment, and its associations with it.
    .for('key share', { of: associations })
  return held
    .map(({ connectionId, destination, ...grant }) => ({ binding: { connectionId, destination }, grant }))
    .filter(({ binding, grant }) =>
      opens(() => openForConnection(keys.keyring, identityOf(keys, owned, version), grant, payload, binding)),
    )
    .map(({ binding }) => binding)
}

/**
 * Makes a version one that was replaced: it opens for its owner only (to restore it, for 30 days), no longer for any
 * connection, and what data stores told of its end is forgotten.
 */
export async function retire(tx: Transaction, owned: Owned, version: number): Promise<void> {
  const replaced = and(eq(credentialVersions.credentialId, owned.id), eq(credentialVersions.version, version))
  await tx.update(credentialVersions).set({ replacedAt: sql`now()` }).where(replaced)
  await tx.update(associations).set({ learnedExpiresAt: null }).where(eq(associations.credentialId, owned.id))
  await tx
    .delete(grants)
    .where(and(eq(grants.credentialId, owned.id), eq(grants.version, version), eq(grants.purpose, 'connection')))
}

async function isWaiting(tx: Transaction, credentialId: string, version: number): Promise<boolean> {
  const its = and(eq(credentialVersions.credentialId, credentialId), eq(credentialVersions.version, version))
  const [row] = await tx
    .select({ version: credentialVersions.version })
    .from(credentialVersions)
    .where(and(its, gt(credentialVersions.pendingUntil, sql`now()`)))
  return row !== undefined
}

async function grantOf(tx: Transaction, credentialId: string, version: number, connectionId: string) {
  const [grant] = await tx
    .select({ keyTerm: grants.keyTerm, sealed: grants.sealed })
    .from(grants)
    .where(
      and(
        eq(grants.credentialId, credentialId),
        eq(grants.version, version),
        eq(grants.purpose, 'connection'),
        eq(grants.connectionId, connectionId),
      ),
    )
  if (grant === undefined) return undefined
  return { grant, payload: await payloadOf(tx, credentialId, version) }
}

async function ownerGrant(tx: Transaction, credentialId: string, version: number): Promise<SealedGrant> {
  const [grant] = await tx
    .select({ keyTerm: grants.keyTerm, sealed: grants.sealed })
    .from(grants)
    .where(and(eq(grants.credentialId, credentialId), eq(grants.version, version), eq(grants.purpose, 'owner')))
  if (grant === undefined) throw new Unreadable()
  return grant
}

async function payloadOf(tx: Transaction, credentialId: string, version: number): Promise<Buffer> {
  const [row] = await tx
    .select({ payload: credentialVersions.payload })
    .from(credentialVersions)
    .where(and(eq(credentialVersions.credentialId, credentialId), eq(credentialVersions.version, version)))
  // None where it was erased, which is the end of a version that was replaced long ago.
  if (row === undefined || row.payload === null) throw new Unreadable()
  return row.payload
}

function unreadableUnlessOpen<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw error instanceof OpenFailed ? new Unreadable() : error
  }
}

function opens(open: () => Record<string, Secret>): boolean {
  try {
    for (const secret of Object.values(open())) secret.wipe()
    return true
  } catch (error) {
    if (error instanceof OpenFailed) return false
    throw error
  }
}
