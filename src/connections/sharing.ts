import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import type { ShareRole } from '../access/policy.ts'
import { NotFound } from '../access/refusals.ts'
import {
  alreadyThere,
  findColleague,
  noRole,
  noUser,
  parseShareRole,
  refuseAbove,
  type ShareOutcome,
} from '../access/sharing.ts'
import type { Database } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connectionShares } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { notify } from '../notifications/notify.ts'
import { indexConnection } from '../search/documents.ts'
import { type ConnectionResource, findConnection } from './connections.ts'

/** Someone who may work with a connection. */
export type Person = {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly role: ShareRole
  /** Whether they added the connection: they stay its owner. */
  readonly isFirst: boolean
  readonly disabled: boolean
  /** Since when; null for who added it. */
  readonly since: Date | null
}

/** What stops for a person when they lose a connection. */
export type Losses = { readonly person: Person; readonly associations: number; readonly datasets: number }

export type Sharing = ReturnType<typeof createSharing>

/** The service that shares data connections with users of the organization. It shares no credential (docs/decisions/072). */
export function createSharing(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

  return {
    /** Returns who may work with a connection: who added it, then the others by name. */
    async people(actor: Actor, id: string): Promise<readonly Person[]> {
      const connection = await db.transaction((tx) => findConnection(tx, id, 'share'))
      await guard.read(actor, 'connection.read', connection)
      return peopleOf(db, connection as ConnectionResource)
    },

    /** Shares with the user who has this e-mail address; at most the actor's own role. */
    share(actor: UserActor, id: string, email: string, role: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, ConnectionResource>(
        actor,
        'connection.share',
        (tx) => findConnection(tx, id, 'update'),
        async ({ tx, note, abandon }, connection) => {
          const granted = parseShareRole(role)
          if (granted === undefined) return abandon(noRole)
          refuseAbove(actor, connection, granted)
          const user = await findColleague(tx, connection.organizationId, email)
          if (user === undefined) return abandon(noUser)
          const { organizationId } = connection
          const share = { connectionId: id, userId: user.id, organizationId, role: granted, createdBy: actor.id }
          const added = await tx
            .insert(connectionShares)
            .values(share)
            .onConflictDoNothing()
            .returning({ userId: connectionShares.userId })
          const there = user.id === connection.ownerId || added.length === 0
          if (there) return abandon<ShareOutcome>(alreadyThere(user.name))
          note({ userId: user.id, role: granted })
          await indexConnection(tx, id)
          const told = { organizationId, userId: user.id, details: { role: granted }, byId: actor.id }
          await notify(tx, { ...told, event: 'connection.shared', about: { type: 'connection', id } })
          return { ok: true }
        },
        { id },
      )
    },

    /** Changes the role of someone it is shared with; at most to the actor's own. */
    changeRole(actor: Actor, id: string, userId: string, role: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, ConnectionResource>(
        actor,
        'connection.share',
        (tx) => findConnection(tx, id, 'update'),
        async ({ tx, note, abandon }, connection) => {
          const granted = parseShareRole(role)
          if (granted === undefined) return abandon(noRole)
          refuseAbove(actor, connection, granted)
          if (userId === connection.ownerId) return abandon(staysOwner)
          const previous = connection.shares?.[userId]
          if (previous === undefined) throw new NotFound()
          await tx.update(connectionShares).set({ role: granted }).where(shareOf(id, userId))
          note({ userId, role: granted, previousRole: previous })
          return { ok: true }
        },
        { id },
      )
    },

    /** Returns what stops for someone without the connection, for the page that asks. One's own, when leaving. */
    async losses(actor: Actor, id: string, userId: string): Promise<Losses> {
      const connection = await db.transaction((tx) => findConnection(tx, id, 'share'))
      await guard.read(actor, removal(actor, userId), connection)
      const person = (await peopleOf(db, connection as ConnectionResource)).find((one) => one.userId === userId)
      if (person === undefined || person.isFirst) throw new NotFound()
      const bonds = and(eq(associations.connectionId, id), eq(associations.ownerId, userId))
      const made = and(eq(datasets.connectionId, id), eq(datasets.ownerId, userId), isNull(datasets.deletedAt))
      return { person, associations: await db.$count(associations, bonds), datasets: await db.$count(datasets, made) }
    },

    /**
     * Takes the connection from someone, or lets the actor leave it. In the same transaction their associations with it
     * go with their grants, and what they are importing from it is asked to end. Their datasets keep their data.
     */
    remove(actor: Actor, id: string, userId: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, ConnectionResource>(
        actor,
        removal(actor, userId),
        (tx) => findConnection(tx, id, 'update'),
        async (effect, connection) => {
          if (userId === connection.ownerId) return effect.abandon(staysOwner)
          const [gone] = await effect.tx.delete(connectionShares).where(shareOf(id, userId)).returning()
          if (gone === undefined) throw new NotFound()
          await indexConnection(effect.tx, id)
          await endUse(effect, id, { userId, byId: actor.id })
          effect.note({ userId, role: gone.role })
          return { ok: true }
        },
        { id },
      )
    },
  }
}

/** Nobody needs a permission to give up their own. */
function removal(actor: Actor, userId: string): 'connection.leave' | 'connection.unshare' {
  return actor.id === userId ? 'connection.leave' : 'connection.unshare'
}

const staysOwner: ShareOutcome = {
  ok: false,
  field: null,
  error: 'Who added a data connection stays its owner. Delete the connection if it is no longer needed.',
}

function shareOf(connectionId: string, userId: string) {
  return and(eq(connectionShares.connectionId, connectionId), eq(connectionShares.userId, userId))
}

async function endUse(
  { tx, note }: Effect,
  connectionId: string,
  { userId, byId }: { readonly userId: string; readonly byId: string | null },
): Promise<void> {
  const its = and(eq(associations.connectionId, connectionId), eq(associations.ownerId, userId))
  const bonds = await tx.delete(associations).where(its).returning({ id: associations.credentialId })
  const { id } = datasets
  const made = tx.select({ id }).from(datasets).where(eq(datasets.connectionId, connectionId))
  const theirs = and(inArray(datasetVersions.datasetId, made), eq(datasetVersions.createdBy, userId))
  const ended = await tx
    .update(datasetVersions)
    .set({ cancelRequestedAt: sql`now()`, cancelRequestedBy: byId })
    .where(and(theirs, inArray(datasetVersions.status, ['queued', 'running'])))
    .returning({ id: datasetVersions.id })
  note({ associationsRemoved: bonds.length, snapshotsEnded: ended.length })
}

async function peopleOf(db: Database, { id, row }: ConnectionResource): Promise<readonly Person[]> {
  const { name, email, disabledAt } = users
  const [first] = await db.select({ name, email, disabledAt }).from(users).where(eq(users.id, row.ownerId))
  const others = await db
    .select({
      userId: connectionShares.userId,
      name,
      email,
      disabledAt,
      role: connectionShares.role,
      since: connectionShares.createdAt,
    })
    .from(connectionShares)
    .innerJoin(users, eq(users.id, connectionShares.userId))
    .where(eq(connectionShares.connectionId, id ?? ''))
    .orderBy(asc(users.name), asc(users.id))
  const owner = {
    userId: row.ownerId,
    name: '',
    email: '',
    disabledAt: null,
    ...first,
    role: 'owner',
    since: null,
  } as const
  return [{ ...personOf(owner), isFirst: true }, ...others.map((other) => ({ ...personOf(other), isFirst: false }))]
}

function personOf<T extends { disabledAt: Date | null }>({ disabledAt, ...rest }: T) {
  return { ...rest, disabled: disabledAt !== null }
}
