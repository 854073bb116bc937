import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import type { Person } from '../access/people.ts'
import { createRoleSharing, type Ending, type SharedKind, type ShareOutcome } from '../access/sharing.ts'
import type { Database } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connectionShares } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { notify } from '../notifications/notify.ts'
import { indexConnection } from '../search/documents.ts'
import { type ConnectionResource, findConnection } from './connections.ts'

/** What stops for a person when they lose a connection. */
export type Losses = { readonly person: Person; readonly associations: number; readonly datasets: number }

export type Sharing = ReturnType<typeof createSharing>

/** The service that shares data connections with users of the organization. It shares no credential (docs/decisions/072). */
export function createSharing(deps: { db: Database; guard: Guard }) {
  const { db } = deps
  const shares = createRoleSharing(deps, sharedConnections)

  return {
    ...shares,

    /** Returns what stops for someone without the connection, for the page that asks. One's own, when leaving. */
    async losses(actor: Actor, id: string, userId: string): Promise<Losses> {
      const person = await shares.removable(actor, id, userId)
      const bonds = and(eq(associations.connectionId, id), eq(associations.ownerId, userId))
      const made = and(eq(datasets.connectionId, id), eq(datasets.ownerId, userId), isNull(datasets.deletedAt))
      return { person, associations: await db.$count(associations, bonds), datasets: await db.$count(datasets, made) }
    },

    /**
     * Takes the connection from someone, or lets the actor leave it. In the same transaction their associations with it
     * go with their grants, and what they are importing from it is asked to end. Their datasets keep their data.
     */
    remove(actor: Actor, id: string, userId: string): Promise<ShareOutcome> {
      return shares.remove(actor, id, userId, (effect, ending) => endUse(effect, id, ending))
    },
  }
}

const sharedConnections: SharedKind<ConnectionResource> = {
  type: 'connection',
  find: findConnection,
  async add(tx, { id, ...share }) {
    const row = { connectionId: id, ...share }
    return (await tx.insert(connectionShares).values(row).onConflictDoNothing().returning()).length > 0
  },
  async setRole(tx, id, userId, role) {
    await tx.update(connectionShares).set({ role }).where(shareOf(id, userId))
  },
  async remove(tx, id, userId) {
    const [gone] = await tx.delete(connectionShares).where(shareOf(id, userId)).returning()
    return gone?.role
  },
  others(db, id) {
    const { userId, role, createdAt: since } = connectionShares
    const { name, email, disabledAt } = users
    return db
      .select({ userId, name, email, disabledAt, role, since })
      .from(connectionShares)
      .innerJoin(users, eq(users.id, userId))
      .where(eq(connectionShares.connectionId, id))
      .orderBy(asc(name), asc(users.id))
  },
  changed: indexConnection,
  async tell(tx, { id, organizationId, userId, role, createdBy }) {
    const told = { organizationId, userId, details: { role }, byId: createdBy }
    await notify(tx, { ...told, event: 'connection.shared', about: { type: 'connection', id } })
  },
  staysOwner: 'Who added a data connection stays its owner. Delete the connection if it is no longer needed.',
}

function shareOf(connectionId: string, userId: string) {
  return and(eq(connectionShares.connectionId, connectionId), eq(connectionShares.userId, userId))
}

async function endUse({ tx, note }: Effect, connectionId: string, { userId, byId }: Ending): Promise<void> {
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
