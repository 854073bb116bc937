import { eq } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Use } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { ConnectionResource } from '../connections/connections.ts'
import type { OpenedCredential } from '../connector/driver.ts'
import { newId } from '../db/new-id.ts'
import { credentials } from '../db/schema/credentials.ts'
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
import { type Occasion, type Turn, takeTurn } from './breaker.ts'
import { type TypedFields, usernameOf } from './credential-type.ts'
import { applyEdit, discardEdit, type EditDecision, expireEdit, retryEdit } from './edit-decisions.ts'
import { judgeEdit, knownType, writeEditedVersion } from './edited-version.ts'
import { type ExpiryChoice, expiryOf, type SetExpiryOutcome, setExpiry } from './expiry.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import { type StartOutcome, startEdit } from './proven-edits.ts'
import { accountNameTaken } from './queries.ts'
import { type RestoreOutcome, restore } from './restore.ts'
import { type Closed, openSealed, type Sealed, sealedFor, writeVersion } from './sealed-versions.ts'
import { type SplitOutcome, splitEdit } from './split-edit.ts'
import { type Transfer, type TransferOutcome, transfer } from './transfer.ts'

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
  | {
      readonly ok: true
      readonly credential: OpenedCredential
      readonly connection: ConnectionResource['row']
      /** What the breaker is to be told of it; null where an edit is tried, which says nothing about what is stored. */
      readonly turn: Turn | null
      /** True where it is somebody else's, and shared with the actor for use. */
      readonly lent?: boolean
    }
  | { readonly ok: false; readonly reason: Closed['reason'] | 'unreadable' }

/** Which version is opened, the present one unless told, and what makes that happen now: a person, unless told. */
export type Opening = {
  /** A pending one that is being tried. */
  readonly version?: number | undefined
  readonly occasion?: Occasion | undefined
}

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
        const expiry = expiryOf(input.type, input.fields)
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
            ...expiry,
          })
          .onConflictDoNothing()
          .returning({ id: credentials.id })
        if (inserted.length === 0) return abandon(nameTaken(name.name))
        created(id)
        const owned = { id, organizationId: actor.organizationId, ownerId: actor.id, type: input.type }
        const write = { version: 1, fields: input.fields, by: actor.id, reason: 'created', expiry } as const
        await writeVersion(tx, deps, owned, write)
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
          const name = await judgeEdit(tx, row, change)
          if (!name.ok) return abandon(name)
          const next = await writeEditedVersion(tx, deps, row, change.typed, actor.id)
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
              ...next.expiry,
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

    /** Makes the fields of an earlier version the present ones again, as a new version. The id stays. */
    restore: (actor: Actor, id: string, version: number, revision: number): Promise<RestoreOutcome> =>
      restore(deps, actor, id, version, revision),
    /**
     * Begins a proven edit: what is typed waits as a pending version that only a trial opens, beside what is to be tried.
     * Resolves with the id of the edit; nothing of the credential has changed.
     */
    startEdit: (actor: UserActor, id: string, change: CredentialEdit): Promise<StartOutcome> =>
      startEdit(deps, actor, id, change),

    /** Has what did not go well tried again; whoever is first has it. */
    retryEdit: (actor: Actor, id: string, editId: string): Promise<EditDecision> => retryEdit(deps, actor, id, editId),

    /** Makes the pending version the present one, everywhere. */
    applyEdit: (actor: Actor, id: string, editId: string): Promise<EditDecision> => applyEdit(deps, actor, id, editId),

    /** Makes it the present one where it has proven itself; the other connections keep the old secret under a new name. */
    splitEdit: (actor: Actor, id: string, editId: string, name: string): Promise<SplitOutcome> =>
      splitEdit(deps, actor, id, editId, name),

    /** Erases the pending version of an edit. */
    discardEdit: (actor: Actor, id: string, editId: string): Promise<EditDecision> =>
      discardEdit(deps, actor, id, editId),

    /** Erases that of an edit whose hour is over; false where it is not, or that has been done. */
    expireEdit: (actor: Actor, id: string, editId: string): Promise<boolean> => expireEdit(deps, actor, id, editId),

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
     * is recorded as failed, also where the breaker does not let it be used now.
     */
    async open(
      actor: Actor,
      id: string,
      connectionId: string,
      use: Use,
      { version, occasion = 'by hand' }: Opening = {},
    ): Promise<OpenOutcome> {
      const found = await guard.change<ToOpen | Closed, CredentialResource>(
        actor,
        'credential.use',
        (tx) => findCredential(tx, id),
        async (effect, resource) => {
          const { row } = resource
          // To try an edit is part of editing: who may only use it tries none.
          if (version !== undefined) await effect.also('credential.edit', resource)
          const sealed = await sealedFor(effect, row, connectionId, version)
          if (!sealed.ok) return effect.abandon(sealed)
          const turn = version === undefined ? await takeTurn(effect.tx, row, connectionId, occasion, actor.id) : null
          if (typeof turn === 'string') return effect.abandon({ ...sealed, ok: false, reason: turn })
          effect.note({ connectionId, version: sealed.identity.version })
          await effect.tx
            .update(credentials)
            .set({
              lastUsedAt: new Date(),
              lastUsedBy: actor.id,
              lastUsedPurpose: use.purpose,
              lastUsedConnectionId: connectionId,
            })
            .where(eq(credentials.id, id))
          return { ...sealed, turn }
        },
        { id, use },
      )
      const opened = found.ok ? openOrClose(deps, found) : found
      if (!opened.ok) {
        const { reason } = opened
        const along = reason === 'destination changed' ? noticeMoved(id, connectionId) : undefined
        await guard.recordFailure(actor, 'credential.use', found.resource, use, { connectionId, reason }, along)
      }
      return opened.ok && found.resource.ownerId !== actor.id ? { ...opened, lent: true } : opened
    },
  }
}

function ownedBy(actor: UserActor): Resource {
  return { type: 'credential', id: null, organizationId: actor.organizationId, ownerId: actor.id }
}

type ToOpen = Sealed & { readonly turn: Turn | null }

function openOrClose(deps: VaultDependencies, sealed: ToOpen): OpenOutcome {
  try {
    const fields = openSealed(deps, sealed)
    const { type, connection, knownExpiry, turn } = sealed
    const expiry = knownExpiry === undefined ? {} : { knownExpiry }
    return { ok: true, connection, turn, credential: { type, fields, ...expiry } }
  } catch (error) {
    if (error instanceof OpenFailed) return { ok: false, reason: 'unreadable' }
    throw error
  }
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
