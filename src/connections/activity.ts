import { and, desc, eq, inArray, isNotNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { isAtLeast } from '../access/policy.ts'
import type { Database } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connections, signIns } from '../db/schema/connections.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import type { ConnectionQueries } from './queries.ts'

/** One ledger entry about a connection, in the names of those that the reader may know of. */
export type ConnectionActivityRow = {
  readonly sequence: number
  readonly time: Date
  /** Null for Keyward itself, and for people of other organizations. */
  readonly actorName: string | null
  readonly actorKind: 'user' | 'system' | 'anonymous'
  readonly action: string
  readonly resourceType: string
  /** The reader's own credential that it was done with. */
  readonly credentialName: string | null
  /** With whom it was shared, and the role they got. */
  readonly sharedWith: string | null
  readonly sharedRole: string | null
  readonly outcome: 'allowed' | 'denied' | 'failed'
  readonly purpose: string | null
}

export type ConnectionActivity = ReturnType<typeof createConnectionActivity>

const pageSize = 50

/** Reads what happened to a connection from the ledger: all of it for its owners and editors, their own for consumers. */
export function createConnectionActivity(deps: { db: Database; queries: ConnectionQueries }) {
  const { db, queries } = deps
  return {
    /** Returns 50 entries, the newest first; `next` is the sequence before which the next page continues. */
    async list(
      actor: UserActor,
      connectionId: string,
      before?: number,
    ): Promise<{ readonly rows: readonly ConnectionActivityRow[]; readonly next: number | null }> {
      const { role } = await queries.show(actor, connectionId)
      const entries = auditEntries
      const found = await db
        .select({
          sequence: entries.sequence,
          time: entries.time,
          actorName: nameOf(actor, sql`${entries.actorId}`),
          actorKind: entries.actorKind,
          action: entries.action,
          resourceType: entries.resourceType,
          credentialName: sql<
            string | null
          >`(select name from ${credentials} where ${entries.resourceType} = 'credential' and ${credentials.id}::text = ${entries.resourceId} and ${credentials.ownerId} = ${actor.id})`,
          sharedWith: nameOf(actor, sql`(${entries.details}->>'userId')::uuid`),
          sharedRole: sql<string | null>`${entries.details}->>'role'`,
          outcome: entries.outcome,
          purpose: entries.purpose,
        })
        .from(entries)
        // Joined only so that columns are written with their tables.
        .innerJoin(connections, eq(connections.id, connectionId))
        .where(
          and(
            about(connectionId, await credentialsOf(db, connectionId)),
            isAtLeast(role, 'editor') ? undefined : eq(entries.actorId, actor.id),
            before === undefined ? undefined : lt(entries.sequence, before),
          ),
        )
        .orderBy(desc(entries.sequence))
        .limit(pageSize + 1)
      const rows = found.slice(0, pageSize)
      return { rows, next: found.length > pageSize ? (rows.at(-1)?.sequence ?? null) : null }
    },
  }
}

/** Entries of the connection itself, and those of its credentials on it: each found by the ledger's index on what it is about. */
function about(connectionId: string, credentialIds: readonly string[]): SQL | undefined {
  const { resourceType, resourceId, details } = auditEntries
  return or(
    and(eq(resourceType, 'connection'), eq(resourceId, connectionId)),
    and(
      eq(resourceType, 'credential'),
      inArray(resourceId, [...credentialIds]),
      sql`${details}->>'connectionId' = ${connectionId}`,
    ),
  )
}

/** The credentials that are associated with it or were tried on it, at most 1000 of either. */
async function credentialsOf(db: Database, connectionId: string): Promise<readonly string[]> {
  const bonds = db
    .select({ id: associations.credentialId })
    .from(associations)
    .where(eq(associations.connectionId, connectionId))
    .limit(1000)
  const tried = db
    .selectDistinct({ id: signIns.credentialId })
    .from(signIns)
    .where(and(eq(signIns.connectionId, connectionId), isNotNull(signIns.credentialId)))
    .limit(1000)
  const [held, seen] = [await bonds, await tried]
  return [...new Set([...held, ...seen].flatMap(({ id }) => (id === null ? [] : [id])))]
}

/** The name of a user of the actor's organization. */
function nameOf(actor: UserActor, id: SQL): SQL<string | null> {
  return sql<
    string | null
  >`(select name from ${users} where ${users.id} = ${id} and ${users.organizationId} = ${actor.organizationId})`
}
