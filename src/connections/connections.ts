import { and, asc, eq, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { Parameters } from '../connector/driver.ts'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connectionShares, connections } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { parseName } from '../names.ts'
import { indexConnection } from '../search/documents.ts'
import { currentDestination } from './destination.ts'

/** What a form or a client says of a connection; parameters have been parsed by the driver's specs. */
export type ConnectionInput = { readonly name: string; readonly driver: string; readonly parameters: Parameters }

export type CreateOutcome = { readonly ok: true; readonly id: string } | NameRefused
export type EditOutcome =
  | { readonly ok: true; readonly stopped: number }
  | NameRefused
  | { readonly ok: false; readonly reason: 'stale'; readonly current: ConnectionInput & { readonly revision: number } }
  /** The destination would change and that has not been confirmed: this many associations would stop. */
  | { readonly ok: false; readonly reason: 'destination changes'; readonly associations: number }
export type DeleteOutcome = { readonly ok: true }
export type NameRefused = { readonly ok: false; readonly reason: 'name'; readonly error: string }

/** A connection as a resource to decide on, with its row. */
export type ConnectionResource = Resource & { readonly row: typeof connections.$inferSelect }

export type Connections = ReturnType<typeof createConnections>

/** The service that adds, changes and deletes data connections. */
export function createConnections(deps: { guard: Guard }) {
  const { guard } = deps
  return {
    /** Adds a connection owned by the actor. */
    create(actor: UserActor, input: ConnectionInput): Promise<CreateOutcome> {
      const find = async () => ownedBy(actor)
      return guard.change<CreateOutcome, Resource>(
        actor,
        'connection.create',
        find,
        async ({ tx, created, abandon }) => {
          const name = parseName(input.name, 'Connection name')
          if (!name.ok) return abandon({ ok: false, reason: 'name', error: name.error } as const)
          const id = newId()
          const inserted = await tx
            .insert(connections)
            .values({
              id,
              organizationId: actor.organizationId,
              ownerId: actor.id,
              name: name.name,
              nameKey: name.key,
              driver: input.driver,
              parameters: { ...input.parameters },
            })
            .onConflictDoNothing()
            .returning({ id: connections.id })
          if (inserted.length === 0) return abandon(nameTaken(name.name, true))
          await indexConnection(tx, id)
          created(id)
          return { ok: true, id }
        },
      )
    },

    /**
     * Changes name and parameters. A changed destination is saved only when `destinationConfirmed`; the associations
     * made for the old one then open nothing until their owner confirms (secrets.md §1).
     */
    edit(
      actor: Actor,
      id: string,
      change: { readonly revision: number; readonly input: ConnectionInput; readonly destinationConfirmed: boolean },
    ): Promise<EditOutcome> {
      const find = (tx: Transaction) => findConnection(tx, id, 'update')
      return guard.change<EditOutcome, ConnectionResource>(
        actor,
        'connection.edit',
        find,
        async ({ tx, note, abandon }, { row }) => {
          const name = parseName(change.input.name, 'Connection name')
          if (!name.ok) return abandon({ ok: false, reason: 'name', error: name.error } as const)
          if (row.revision !== change.revision) return abandon({ ok: false, reason: 'stale', current: row } as const)
          const stopped = await countStopped(tx, id, currentDestination(change.input))
          const moves = currentDestination(row) !== currentDestination(change.input)
          if (moves && stopped > 0 && !change.destinationConfirmed) {
            return abandon({ ok: false, reason: 'destination changes', associations: stopped } as const)
          }
          if (await nameUsed(tx, row.ownerId, name.key, id))
            return abandon(nameTaken(name.name, row.ownerId === actor.id))
          await tx
            .update(connections)
            .set({
              name: name.name,
              nameKey: name.key,
              driver: change.input.driver,
              parameters: { ...change.input.parameters },
              revision: row.revision + 1,
              updatedAt: new Date(),
            })
            .where(eq(connections.id, id))
          await indexConnection(tx, id)
          await markMoved(tx, id, currentDestination(change.input))
          note({ destinationChanged: moves, associationsStopped: moves ? stopped : 0 })
          return { ok: true, stopped: moves ? stopped : 0 }
        },
        { id },
      )
    },

    /**
     * Deletes the connection with its shares, its associations and their grants. Its datasets keep their versions and
     * lose the connection (`detach`), or the actor's own are marked deleted too (`delete`): a role on a connection is
     * none on what others made from it.
     */
    delete(actor: Actor, id: string, datasetsTo: 'detach' | 'delete'): Promise<DeleteOutcome> {
      const find = async (tx: Transaction) => {
        // Datasets are locked before their connection, as a refresh does.
        const its = eq(datasets.connectionId, id)
        await tx.select({ id: datasets.id }).from(datasets).where(its).orderBy(asc(datasets.id)).for('update')
        return findConnection(tx, id, 'update')
      }
      return guard.change<DeleteOutcome, ConnectionResource>(
        actor,
        'connection.delete',
        find,
        async ({ tx, note }) => {
          if (datasetsTo === 'delete') {
            const own = actor.kind === 'user' ? eq(datasets.ownerId, actor.id) : undefined
            const its = and(eq(datasets.connectionId, id), own, sql`${datasets.deletedAt} is null`)
            const gone = await tx
              .update(datasets)
              .set({ deletedAt: new Date() })
              .where(its)
              .returning({ id: datasets.id })
            note({ datasetsDeleted: gone.length })
          }
          const bonds = await tx
            .delete(associations)
            .where(eq(associations.connectionId, id))
            .returning({ id: associations.credentialId })
          note({ associationsRemoved: bonds.length })
          await tx.delete(connections).where(eq(connections.id, id))
          return { ok: true }
        },
        { id },
      )
    },
  }
}

/** Finds a connection with its shares to decide on; `update` locks its row until the transaction ends. */
export async function findConnection(
  tx: Transaction,
  id: string,
  lock: 'update' | 'share',
): Promise<ConnectionResource | undefined> {
  const [row] = await tx.select().from(connections).where(eq(connections.id, id)).for(lock)
  if (row === undefined) return undefined
  return {
    type: 'connection',
    id,
    organizationId: row.organizationId,
    ownerId: row.ownerId,
    shares: await sharesOf(tx, id),
    row,
  }
}

/** Read by itself, once the lock is held: along with the row they would be those of before the wait for it. */
async function sharesOf(tx: Transaction, connectionId: string): Promise<NonNullable<Resource['shares']>> {
  const { userId, role } = connectionShares
  const rows = await tx
    .select({ userId, role })
    .from(connectionShares)
    .where(eq(connectionShares.connectionId, connectionId))
  return Object.fromEntries(rows.map((share) => [share.userId, share.role]))
}

function ownedBy(actor: UserActor): Resource {
  return { type: 'connection', id: null, organizationId: actor.organizationId, ownerId: actor.id }
}

async function countStopped(tx: Transaction, connectionId: string, destination: string): Promise<number> {
  const [row] = await tx
    .select({ count: sql<number>`count(*)::int` })
    .from(associations)
    .where(and(eq(associations.connectionId, connectionId), sql`${associations.destination} <> ${destination}`))
  return row?.count ?? 0
}

/** Keeps on each association since when its connection leads elsewhere than agreed; one that it leads to again has none. */
async function markMoved(tx: Transaction, connectionId: string, destination: string): Promise<void> {
  const moved = sql`${associations.destination} <> ${destination}`
  await tx
    .update(associations)
    .set({ movedAt: sql`case when ${moved} then now() end` })
    .where(and(eq(associations.connectionId, connectionId), sql`(${moved}) = (${associations.movedAt} is null)`))
}

async function nameUsed(tx: Transaction, ownerId: string, key: string, exceptId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: connections.id })
    .from(connections)
    .where(and(eq(connections.ownerId, ownerId), eq(connections.nameKey, key), sql`${connections.id} <> ${exceptId}`))
  return row !== undefined
}

function nameTaken(name: string, own: boolean): NameRefused {
  const who = own ? 'You already have' : 'Its owner already has'
  return { ok: false, reason: 'name', error: `${who} a connection named "${name}". Choose another name.` }
}
