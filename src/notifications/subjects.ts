import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Deployment } from '../access/features.ts'
import { visibleTo as datasetsVisibleTo } from '../catalog/queries.ts'
import { visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import { ownerStillShares, usableBy } from '../credentials/shared-accounts.ts'
import type { Reader } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { paths } from '../paths.ts'
import type { Subject } from './notify.ts'

/** A thing as a person may see it now. */
export type SeenSubject = { readonly name: string; readonly path: string }

/** Returns by id those of the subjects that the actor may see now. What is deleted, withdrawn or switched off is not there. */
export async function seenSubjects(
  reader: Reader,
  deployment: Deployment,
  actor: UserActor,
  subjects: readonly Subject[],
): Promise<ReadonlyMap<string, SeenSubject>> {
  const idsOf = (type: Subject['type']) => [...new Set(subjects.filter((one) => one.type === type).map(({ id }) => id))]
  const found = [
    ...(await seenDatasets(reader, actor, idsOf('dataset'))),
    ...(await seenConnections(reader, actor, idsOf('connection'))),
    ...(await seenCredentials(reader, deployment, actor, idsOf('credential'))),
  ]
  return new Map(found.map(({ id, ...seen }) => [id, seen]))
}

/** Returns the person whom something is told, as far as it matters to what they may see. */
export function readerOf({ id, organizationId, role, name, email }: typeof users.$inferSelect): UserActor {
  return { kind: 'user', id, organizationId, role, name, email, address: null, requestId: null }
}

type Found = SeenSubject & { readonly id: string }

async function seenDatasets(reader: Reader, actor: UserActor, ids: string[]): Promise<Found[]> {
  if (ids.length === 0) return []
  const { id, name, deletedAt } = datasets
  const its = and(inArray(id, ids), isNull(deletedAt), datasetsVisibleTo(actor))
  const rows = await reader.select({ id, name }).from(datasets).where(its)
  return rows.map((row) => ({ ...row, path: paths.dataset(row.id) }))
}

async function seenConnections(reader: Reader, actor: UserActor, ids: string[]): Promise<Found[]> {
  if (ids.length === 0) return []
  const { id, name } = connections
  const its = and(inArray(id, ids), connectionsVisibleTo(actor))
  const rows = await reader.select({ id, name }).from(connections).where(its)
  return rows.map((row) => ({ ...row, path: paths.connection(row.id) }))
}

/** Their own have pages; those of others are only in the list of what is shared with them. */
async function seenCredentials(reader: Reader, deployment: Deployment, actor: UserActor, ids: string[]) {
  if (ids.length === 0) return []
  const { id, name, ownerId } = credentials
  const rows = await reader
    .select({ id, name, ownerId })
    .from(credentials)
    .innerJoin(users, and(eq(users.id, ownerId), ownerStillShares(deployment)))
    .where(and(inArray(id, ids), usableBy(actor)))
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    path: row.ownerId === actor.id ? paths.credential(row.id) : paths.sharedCredentials(),
  }))
}
