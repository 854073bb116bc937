import { and, eq, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Use } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { ConnectionResource } from '../connections/connections.ts'
import type { OpenedCredential } from '../connector/driver.ts'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { parseName, searchKey } from '../names.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { Secret } from '../secrets/secret.ts'
import {
  type AssociateOutcome,
  addAssociation,
  associate,
  confirmDestination,
  dissociate,
  dissociateAll,
  makeDefault,
  noticeMoved,
} from './associations.ts'
import {
  type CredentialType,
  parseEditedFields,
  type TypedFields,
  touchesSecrets,
  usernameOf,
} from './credential-type.ts'
import { type ExpiryChoice, type SetExpiryOutcome, setExpiry } from './expiry.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import { nothingSeen } from './learned.ts'
import { accountNameTaken } from './queries.ts'
import { type Closed, openPresent, openSealed, type Sealed, sealedFor, writeVersion } from './sealed-versions.ts'
import { type Transfer, type TransferOutcome, transfer } from './transfer.ts'
import { credentialType } from './types/registry.ts'

export type NewCredential = {
  readonly type: string
  readonly name: string
  readonly description: string
  /** Parsed by the type; the vault takes a sealed copy and the caller wipes them. */
  readonly fields: Readonly<Record<string, Secret>>
  /** Associated at once, each as `associate` would. */
  readonly connectionIds: readonly string[]
  /** What the actor agreed to, or what the fields have proven themselves on, by connection id (canonical text). */
  readonly destinations?: Readonly<Record<string, string>>
}

export type CredentialEdit = {
  readonly revision: number
  readonly name: string
  readonly description: string
  readonly typed: TypedFields
}

export type SaveOutcome =
  | { readonly ok: true; readonly id: string }
  | NameRefused
  /** A connection leads elsewhere than what was agreed to; nothing was stored. */
  | { readonly ok: false; readonly reason: 'destination changed'; readonly error: string }
export type EditOutcome =
  | { readonly ok: true; readonly version: number }
  | NameRefused
  | { readonly ok: false; readonly reason: 'fields'; readonly errors: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: 'stale'; readonly current: CurrentCredential }
export type NameRefused = { readonly ok: false; readonly reason: 'name'; readonly error: string }

/** The side of a conflict that is stored now. */
export type CurrentCredential = {
  readonly revision: number
  readonly name: string
  readonly username: string | null
  readonly description: string
}

/** A credential in the clear with the connection it was opened for, as that was checked; or why it stays closed. */
export type OpenOutcome =
  | { readonly ok: true; readonly credential: OpenedCredential; readonly connection: ConnectionResource['row'] }
  | { readonly ok: false; readonly reason: 'not associated' | 'destination changed' | 'unreadable' }
  | { readonly ok: false; readonly reason: 'fields'; readonly errors: Readonly<Record<string, string>> }

export type Vault = ReturnType<typeof createVault>

/** The only door to stored secrets: whatever seals, opens or re-grants one is a method here. */
export function createVault(deps: VaultDependencies) {
  const { guard } = deps
  return {
    /** Seals a new credential of the actor's and associates it. */
    create(actor: UserActor, input: NewCredential): Promise<SaveOutcome> {
      const find = async (): Promise<Resource> => ownedBy(actor)
      return guard.change<SaveOutcome, Resource>(actor, 'credential.create', find, async (effect) => {
        const { tx, created, note, abandon } = effect
        const name = parseName(input.name, 'Account name')
        if (!name.ok) return abandon(refusedName(name.error))
        const id = newId()
        const username = usernameOf(knownType(input.type), input.fields)
        const inserted = await tx
          .insert(credentials)
          .values({
            id,
            organizationId: actor.organizationId,
            ownerId: actor.id,
            name: name.name,
            nameKey: name.key,
            searchKey: searchKey(name.name, username),
            type: input.type,
            description: input.description,
            username,
            currentVersion: 1,
          })
          .onConflictDoNothing()
          .returning({ id: credentials.id })
        if (inserted.length === 0) return abandon(nameTaken(name.name))
        created(id)
        const owned = { id, organizationId: actor.organizationId, ownerId: actor.id, type: input.type }
        await writeVersion(tx, deps, owned, { version: 1, fields: input.fields, by: actor.id, reason: 'created' })
        for (const connectionId of input.connectionIds) {
          const bond = { connectionId, destination: input.destinations?.[connectionId] }
          const added = await addAssociation(effect, deps, owned, 1, bond)
          if (!added.ok && added.reason === 'destination changed') return abandon(moved)
        }
        note({ version: 1, associations: input.connectionIds.length })
        return { ok: true, id }
      })
    },

    /**
     * Changes name, description and fields. Typed fields make a new version, granted to every association whose present
     * grant opens; a blank secret keeps what is sealed. The id stays.
     */
    edit(actor: Actor, id: string, change: CredentialEdit): Promise<EditOutcome> {
      return guard.change<EditOutcome, CredentialResource>(
        actor,
        'credential.edit',
        (tx) => findCredential(tx, id),
        async ({ tx, note, abandon }, { row }) => {
          if (row.revision !== change.revision) return abandon({ ok: false, reason: 'stale', current: row } as const)
          const name = parseName(change.name, 'Account name')
          if (!name.ok) return abandon(refusedName(name.error))
          if (await nameUsed(tx, row.ownerId, name.key, id)) return abandon(nameTaken(name.name))
          const next = await newVersion(tx, deps, row, change.typed, actor.id)
          if (!next.ok) return abandon({ ok: false, reason: 'fields', errors: next.errors } as const)
          await tx
            .update(credentials)
            .set({
              name: name.name,
              nameKey: name.key,
              searchKey: searchKey(name.name, next.username),
              description: change.description,
              username: next.username,
              currentVersion: next.version,
              revision: row.revision + 1,
              updatedAt: new Date(),
            })
            .where(eq(credentials.id, id))
          note({ version: next.version, renamed: name.key !== row.nameKey })
          return { ok: true, version: next.version }
        },
        { id },
      )
    },

    /** Deletes the credential: its versions, grants and associations go with it. Datasets that used it keep their data. */
    delete(actor: Actor, id: string): Promise<void> {
      return guard.change(
        actor,
        'credential.delete',
        (tx) => findCredential(tx, id),
        async ({ tx, note }, { row }) => {
          const associationsRemoved = await dissociateAll(tx, row)
          await tx.delete(credentials).where(eq(credentials.id, id))
          note({ version: row.currentVersion, associationsRemoved })
        },
        { id },
      )
    },

    /**
     * Associates a credential with a connection: from now on it can be opened for that destination, and only for it.
     * `destination` is the one the actor agreed to.
     */
    associate: (actor: Actor, id: string, connectionId: string, destination?: string): Promise<AssociateOutcome> =>
      associate(deps, actor, id, { connectionId, destination }),

    /** Removes an association and its grants; resolves with how many associations the credential has left. */
    dissociate: (actor: Actor, id: string, connectionId: string): Promise<{ readonly remaining: number }> =>
      dissociate(deps, actor, id, connectionId),

    /** Agrees to the connection's present destination, if it is still `destination`. The caller has re-authenticated the actor. */
    confirmDestination: (actor: Actor, id: string, connectionId: string, destination: string): Promise<boolean> =>
      confirmDestination(deps, actor, id, connectionId, destination),

    /** Makes this account the one offered first on the connection. */
    makeDefault: (actor: Actor, id: string, connectionId: string): Promise<void> =>
      makeDefault(deps, actor, id, connectionId),

    /** Sets when the present version ends: a moment, null for no expiry, or as its data stores say. */
    setExpiry: (actor: Actor, id: string, choice: ExpiryChoice): Promise<SetExpiryOutcome> =>
      setExpiry(deps, actor, id, choice),

    /** Gives the credential to another user of the organization. */
    transfer: (actor: Actor, id: string, to: Transfer): Promise<TransferOutcome> => transfer(deps, actor, id, to),

    /**
     * Opens a credential for one connection. Its ledger entry is committed before anything is opened; what stays closed
     * is recorded as failed. With `typed`, the fields are as an edit would leave them (for trying an edit before it).
     */
    async open(actor: Actor, id: string, connectionId: string, use: Use, typed?: TypedFields): Promise<OpenOutcome> {
      const found = await guard.change<Sealed | Closed, CredentialResource>(
        actor,
        'credential.use',
        (tx) => findCredential(tx, id),
        async (effect, { row }) => {
          const sealed = await sealedFor(effect, row, connectionId)
          if (!sealed.ok) return effect.abandon(sealed)
          effect.note({ connectionId, version: row.currentVersion })
          await effect.tx
            .update(credentials)
            .set({
              lastUsedAt: new Date(),
              lastUsedBy: actor.id,
              lastUsedPurpose: use.purpose,
              lastUsedConnectionId: connectionId,
            })
            .where(eq(credentials.id, id))
          return sealed
        },
        { id, use },
      )
      const opened = found.ok ? openOrClose(deps, found, typed) : found
      if (!opened.ok && opened.reason !== 'fields') {
        const { reason } = opened
        const along = reason === 'destination changed' ? noticeMoved(id, connectionId) : undefined
        await guard.recordFailure(actor, 'credential.use', found.resource, use, { connectionId, reason }, along)
      }
      return opened
    },
  }
}

function ownedBy(actor: UserActor): Resource {
  return { type: 'credential', id: null, organizationId: actor.organizationId, ownerId: actor.id }
}

function openOrClose(deps: VaultDependencies, sealed: Sealed, typed: TypedFields | undefined): OpenOutcome {
  try {
    const fields = openSealed(deps, sealed)
    const type = credentialType(sealed.type)
    const { connection, knownExpiry } = sealed
    const expiry = knownExpiry === undefined ? {} : { knownExpiry }
    if (typed === undefined || type === undefined) {
      return { ok: true, connection, credential: { type: sealed.type, fields, ...expiry } }
    }
    const edited = parseEditedFields(type, typed, fields)
    wipeUnused(fields, edited.ok ? edited.fields : {})
    if (!edited.ok) return { ok: false, reason: 'fields', errors: edited.errors }
    return { ok: true, connection, credential: { type: sealed.type, fields: edited.fields } }
  } catch (error) {
    if (error instanceof OpenFailed) return { ok: false, reason: 'unreadable' }
    throw error
  }
}

/** Zeroes what was opened and is not among what an edit keeps. */
function wipeUnused(opened: Fields, kept: Fields): void {
  const still = new Set(Object.values(kept))
  for (const secret of Object.values(opened)) if (!still.has(secret)) secret.wipe()
}

type Fields = Readonly<Record<string, Secret>>

type NextVersion =
  | { readonly ok: true; readonly version: number; readonly username: string | null }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }

async function newVersion(
  tx: Transaction,
  deps: VaultDependencies,
  row: typeof credentials.$inferSelect,
  typed: TypedFields,
  by: string | null,
): Promise<NextVersion> {
  const type = knownType(row.type)
  const present = await openPresent(tx, deps, row)
  const edited = parseEditedFields(type, typed, present)
  try {
    return edited.ok ? await writeEdited(tx, deps, row, { type, typed, present, fields: edited.fields, by }) : edited
  } finally {
    wipeUnused(present, {})
    if (edited.ok) wipeUnused(edited.fields, {})
  }
}

type Edited = {
  readonly type: CredentialType
  readonly typed: TypedFields
  readonly present: Fields
  readonly fields: Fields
  readonly by: string | null
}

/** Seals the fields as the next version, unless they are those of the present one. */
async function writeEdited(
  tx: Transaction,
  deps: VaultDependencies,
  row: typeof credentials.$inferSelect,
  { type, typed, present, fields, by }: Edited,
): Promise<NextVersion> {
  const username = usernameOf(type, fields)
  if (!touchesSecrets(type, typed) && sameFields(present, fields)) {
    return { ok: true, version: row.currentVersion, username }
  }
  if (username !== row.username) {
    await tx.update(associations).set(nothingSeen).where(eq(associations.credentialId, row.id))
  }
  const version = row.currentVersion + 1
  await writeVersion(tx, deps, row, {
    version,
    fields,
    by,
    reason: 'edited',
    follows: row.currentVersion,
  })
  return { ok: true, version, username }
}

function sameFields(a: Readonly<Record<string, Secret>>, b: Readonly<Record<string, Secret>>): boolean {
  const ids = Object.keys(a)
  if (ids.length !== Object.keys(b).length) return false
  return ids.every((id) => {
    const other = b[id]
    return other !== undefined && a[id]?.expose().equals(other.expose())
  })
}

function knownType(id: string): CredentialType {
  const type = credentialType(id)
  if (type === undefined) throw new Error('A credential has a type that this version of Keyward does not know.')
  return type
}

async function nameUsed(tx: Transaction, ownerId: string, key: string, exceptId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.ownerId, ownerId), eq(credentials.nameKey, key), sql`${credentials.id} <> ${exceptId}`))
  return row !== undefined
}

const moved: SaveOutcome = {
  ok: false,
  reason: 'destination changed',
  error: 'The destination of the connection changed meanwhile, so nothing was stored. Check it, then try again.',
}

function refusedName(error: string): NameRefused {
  return { ok: false, reason: 'name', error }
}

function nameTaken(name: string): NameRefused {
  return refusedName(accountNameTaken(name))
}
