import { and, asc, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import { type Deployment, featureSql } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import {
  type AssociatedCredential,
  type ConnectionQueries,
  visibleTo as connectionsVisibleTo,
  heldUntil,
  likeEscaped,
} from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

/** A credential of somebody else that the actor may use. There is no username here: that is its owner's. */
export type SharedCredential = {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly ownerName: string
  /** Those that its owner associated and the actor may use, by name, at most 20. */
  readonly connections: readonly { readonly id: string; readonly name: string }[]
  /** How many there are of them. */
  readonly usable: number
  /** When the actor last used it; null where none of its last 10,000 entries in the ledger is theirs. */
  readonly lastUsedAt: Date | null
}

export type SharedPage = { readonly rows: readonly SharedCredential[]; readonly next: string | null }
export type SharedAccounts = ReturnType<typeof createSharedAccounts>

const pageSize = 50

/** Reads which credentials of others the actor may use; the SQL of `credential.use` for who does not own them. */
export function createSharedAccounts(deps: {
  db: Database
  guard: Guard
  connections: ConnectionQueries
  deployment: Deployment
}) {
  const { db, guard, deployment } = deps

  /** Who may read credentials of their own, may read what is shared with them. */
  function readOwn(actor: UserActor): Promise<void> {
    const { id: ownerId, organizationId } = actor
    return guard.read(actor, 'credential.read', { type: 'credential', id: null, organizationId, ownerId })
  }

  function sharedRows(actor: UserActor, which: SQL | undefined, limit: number) {
    const { id, name, nameKey, type } = credentials
    return db
      .select({ id, name, nameKey, type, ownerName: users.name, ...useColumns(actor) })
      .from(credentials)
      .innerJoin(credentialShares, sharedWith(actor))
      .innerJoin(users, ownerStillShares(deployment))
      .where(which)
      .orderBy(asc(nameKey), asc(id))
      .limit(limit)
  }

  return {
    /** Returns the accounts of others that the actor may use on a connection they may see, by name. None is a default. */
    async usableOn(actor: UserActor, connectionId: string): Promise<readonly AssociatedCredential[]> {
      const { destination: current } = await deps.connections.show(actor, connectionId)
      const { destination, lastSignInAt, lastSignInCode } = associations
      const rows = await db
        .select({
          ...{ credentialId: credentials.id, name: credentials.name, ownerName: users.name },
          ...{ agreedDestination: destination, lastSignInAt, lastSignInCode },
          ...{ pausedCode: credentials.pausedCode, heldUntil },
        })
        .from(associations)
        .innerJoin(credentials, eq(credentials.id, associations.credentialId))
        .innerJoin(credentialShares, sharedWith(actor))
        .innerJoin(users, ownerStillShares(deployment))
        .where(eq(associations.connectionId, connectionId))
        .orderBy(asc(credentials.nameKey), asc(credentials.id))
      return rows.map(({ ownerName, name, ...row }) => ({
        ...row,
        name: accountOf(name, ownerName),
        ...{ username: null, isDefault: false, privileges: null },
        destinationChanged: row.agreedDestination !== current,
      }))
    },

    /** Returns one credential that is shared with the actor, with how many datasets of the actor's were made with it. Throws NotFound where there is none, or not any more. */
    async show(actor: UserActor, id: string): Promise<SharedCredential & { readonly datasets: number }> {
      await readOwn(actor)
      const [row] = await sharedRows(actor, eq(credentials.id, id), 1)
      if (row === undefined) throw new NotFound()
      const made = and(eq(datasets.credentialId, id), eq(datasets.ownerId, actor.id), isNull(datasets.deletedAt))
      return { ...sharedCredential(row), datasets: await db.$count(datasets, made) }
    },

    /** Returns a page of 50 credentials that are shared with the actor, by name; `next` continues after its last row. */
    async list(actor: UserActor, after?: string): Promise<SharedPage> {
      await readOwn(actor)
      const found = await sharedRows(actor, behind(after), pageSize + 1)
      const rows = found.slice(0, pageSize)
      const last = rows.at(-1)
      const next = found.length > pageSize && last ? encodeCursor('shared', last.nameKey, last.id) : null
      return { rows: rows.map(sharedCredential), next }
    },

    /** Returns the credentials shared with the actor whose name has that folded text in it, by name. Nobody finds by usernames of others. */
    async find(actor: UserActor, text: string, limit: number) {
      const { id, name, nameKey } = credentials
      const plain = sql`replace(regexp_replace(normalize(${nameKey}, NFKD), '[\\u0300-\\u036f]', '', 'g'), 'ß', 'ss')`
      return db
        .select({ id, name, ownerName: users.name })
        .from(credentials)
        .innerJoin(credentialShares, sharedWith(actor))
        .innerJoin(users, ownerStillShares(deployment))
        .where(sql`${plain} like ${`%${likeEscaped(text)}%`}`)
        .orderBy(asc(nameKey), asc(id))
        .limit(limit)
    },
  }
}

/** The credentials that an actor may use: their own, and those shared with them. */
export function usableBy(actor: Actor): SQL | undefined {
  if (actor.kind === 'system') return undefined
  const shared = sql`exists (select from ${credentialShares} where ${credentialShares.credentialId} = ${credentials.id} and ${credentialShares.userId} = ${actor.id})`
  return or(eq(credentials.ownerId, actor.id), and(eq(credentials.organizationId, actor.organizationId), shared))
}

/** How the account of somebody else is called: "Reporting (Ada Lovelace's)". */
function accountOf(name: string, ownerName: string): string {
  return `${name} (${ownerName}'s)`
}

/** The credential's share with the actor, in their organization: a share that names someone of another gives nothing. */
function sharedWith(actor: UserActor): SQL | undefined {
  return and(
    eq(credentialShares.credentialId, credentials.id),
    eq(credentialShares.userId, actor.id),
    eq(credentials.organizationId, actor.organizationId),
  )
}

/** What somebody shares ends with them; `guard` says the same when it is used. */
export function ownerStillShares(deployment: Deployment): SQL | undefined {
  const owner = { id: credentials.ownerId, organizationId: credentials.organizationId }
  return and(
    eq(users.id, credentials.ownerId),
    isNull(users.disabledAt),
    featureSql(owner, 'stored_credentials', deployment),
  )
}

function behind(after: string | undefined): SQL | undefined {
  const cursor = after === undefined ? undefined : decodeCursor(after, 'shared')
  if (cursor === undefined) return undefined
  return sql`(${credentials.nameKey}, ${credentials.id}) > (${cursor.key}, ${cursor.id}::uuid)`
}

type Place = { readonly id: string; readonly name: string }

function useColumns(actor: UserActor) {
  const where = sql`from ${associations} join ${connections} on ${connections.id} = ${associations.connectionId} where ${associations.credentialId} = ${credentials.id} and ${connectionsVisibleTo(actor)}`
  const its = sql`resource_type = 'credential' and resource_id = ${credentials.id}::text`
  return {
    usable: sql<number>`(select count(*)::int ${where})`,
    connections: sql<
      Place[] | null
    >`(select json_agg(place) from (select ${connections.id}, ${connections.name} ${where} order by ${connections.nameKey} limit 20) as place)`,
    lastUsedAt: sql<
      string | null
    >`(select time from (select * from ${auditEntries} where ${its} order by sequence desc limit 10000) as latest where actor_id = ${actor.id} and action = 'credential.use' and outcome = 'allowed' order by sequence desc limit 1)`,
  }
}

type Found = Pick<SharedCredential, 'id' | 'name' | 'type' | 'ownerName' | 'usable'> & {
  readonly connections: Place[] | null
  readonly lastUsedAt: string | null
}

function sharedCredential({
  id,
  name,
  type,
  ownerName,
  usable,
  connections: places,
  lastUsedAt,
}: Found): SharedCredential {
  const used = lastUsedAt === null ? null : new Date(lastUsedAt)
  return { id, name, type, ownerName, usable, connections: places ?? [], lastUsedAt: used }
}
