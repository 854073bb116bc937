import { and, asc, desc, eq, inArray, isNull, like, or, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import type { ShareRole } from '../access/policy.ts'
import type { Parameters } from '../connector/driver.ts'
import { driver } from '../connector/registry.ts'
import type { Database } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connectionShares, connections } from '../db/schema/connections.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { connectionSearch } from '../db/schema/search.ts'
import { foldForSearch, nameKey } from '../names.ts'
import { driversAccepting } from './accepted-types.ts'
import { currentDestination, destinationOf, protection } from './destination.ts'
import { type AccountPrivileges, privilegesOf } from './privileges.ts'

/** How a connection's destination reads: `postgresql://db.example.com:5432/sales`, and how it is protected. */
export type Address = { readonly address: string; readonly protection: string; readonly weak: boolean }

/** One row of the list of data connections. */
export type ConnectionRow = {
  readonly id: string
  readonly name: string
  readonly driverLabel: string
  readonly address: Address
  readonly ownerName: string
  /** The actor's own associated credentials. */
  readonly credentials: number
  readonly lastSignInAt: Date | null
  readonly lastSignInCode: string | null
  /** Whether its health checks wait, because their account is paused. */
  readonly healthWaits: boolean
}

export type ConnectionDetail = ConnectionRow & {
  readonly driver: string
  readonly parameters: Parameters
  /** Canonical text: what someone who associates credentials on a page agrees to. */
  readonly destination: string
  /** The actor's. */
  readonly role: ShareRole
  readonly revision: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** One of the actor's credentials that is associated with a connection. */
export type AssociatedCredential = {
  readonly credentialId: string
  readonly name: string
  readonly username: string | null
  readonly isDefault: boolean
  /** True where the connection's destination is no longer the one this association was made for. */
  readonly destinationChanged: boolean
  readonly agreedDestination: string
  readonly lastSignInAt: Date | null
  readonly lastSignInCode: string | null
  readonly privileges: AccountPrivileges | null
  /** The refusal that paused it everywhere; null while it is not paused. */
  readonly pausedCode: string | null
  /** The end of the maintenance window that it is in; null outside one. */
  readonly heldUntil: Date | null
}

/** What would go with a connection. Counts for what the actor may not see. */
export type ConnectionDependants = {
  readonly credentials: readonly { readonly id: string; readonly name: string }[]
  readonly credentialsOfOthers: number
  readonly datasets: readonly { readonly id: string; readonly name: string }[]
  readonly datasetsOfOthers: number
}

/** What a page of a connection may be read for: who may not go on to do it is refused when the page opens. */
type ReadAction =
  | 'connection.read'
  | 'connection.edit'
  | 'connection.delete'
  | 'connection.share'
  | 'connection.set-health'

const pageSize = 50

export type ConnectionQueries = ReturnType<typeof createConnectionQueries>

/** Reads about data connections, limited to what the actor may see. */
export function createConnectionQueries(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

  async function one(actor: Actor, id: string, action: ReadAction = 'connection.read') {
    const [row] = await db
      .select(detailColumns(actor))
      .from(connections)
      .innerJoin(users, eq(users.id, connections.ownerId))
      .where(eq(connections.id, id))
    const resource = row && {
      type: 'connection' as const,
      id,
      organizationId: row.organizationId,
      ownerId: row.ownerId,
      shares: actor.kind === 'user' && row.role !== null ? { [actor.id]: row.role } : {},
    }
    await guard.read(actor, action, resource)
    const { role, ...found } = row as NonNullable<typeof row>
    return { ...found, role: role as ShareRole }
  }

  return {
    /** Returns a page of 50 by name, those alone that take `credentialType`; `next` continues after its last row. */
    async list(
      actor: Actor,
      search: { readonly text?: string; readonly after?: string; readonly credentialType?: string },
    ): Promise<{ readonly rows: readonly ConnectionRow[]; readonly next: string | null }> {
      const found = await db
        .select(detailColumns(actor))
        .from(connections)
        .innerJoin(users, eq(users.id, connections.ownerId))
        .where(and(visibleTo(actor), matches(search.text), takes(search.credentialType), follows(search.after)))
        .orderBy(asc(connections.nameKey), asc(connections.id))
        .limit(pageSize + 1)
      const rows = found.slice(0, pageSize)
      const last = rows.at(-1)
      return { rows: rows.map(describe), next: found.length > pageSize && last ? last.id + last.nameKey : null }
    },

    /** Returns one connection, for `action` with it. Throws NotFound where the actor may not see it, or Forbidden. */
    async show(actor: Actor, id: string, action?: ReadAction): Promise<ConnectionDetail> {
      const row = await one(actor, id, action)
      const { driver: driverId, parameters, role, revision, createdAt, updatedAt } = row
      const destination = currentDestination(row)
      return { ...describe(row), driver: driverId, parameters, destination, role, revision, createdAt, updatedAt }
    },

    /** Returns the actor's own credentials associated with a connection, the default first. */
    async associatedCredentials(actor: Actor, id: string): Promise<readonly AssociatedCredential[]> {
      const connection = await one(actor, id)
      const rows = await db
        .select({
          credentialId: credentials.id,
          name: credentials.name,
          username: credentials.username,
          isDefault: associations.isDefault,
          agreedDestination: associations.destination,
          lastSignInAt: associations.lastSignInAt,
          lastSignInCode: associations.lastSignInCode,
          privileges: associations.privileges,
          previousPrivileges: associations.previousPrivileges,
          pausedCode: credentials.pausedCode,
          heldUntil,
        })
        .from(associations)
        .innerJoin(credentials, eq(credentials.id, associations.credentialId))
        .where(
          and(
            eq(associations.connectionId, id),
            actor.kind === 'user' ? eq(associations.ownerId, actor.id) : undefined,
          ),
        )
        .orderBy(desc(associations.isDefault), asc(credentials.nameKey))
      const current = currentDestination(connection)
      return rows.map(({ previousPrivileges, ...row }) => ({
        ...row,
        destinationChanged: row.agreedDestination !== current,
        privileges: privilegesOf({ ...row, previousPrivileges }, connection, row.username),
      }))
    },

    /** Returns what depends on a connection, for its deletion page. */
    async dependants(actor: Actor, id: string): Promise<ConnectionDependants> {
      await one(actor, id)
      const bonds = await db
        .select({ id: credentials.id, name: credentials.name, ownerId: associations.ownerId })
        .from(associations)
        .innerJoin(credentials, eq(credentials.id, associations.credentialId))
        .where(eq(associations.connectionId, id))
        .orderBy(asc(credentials.nameKey))
      const its = await db
        .select({ id: datasets.id, name: datasets.name, ownerId: datasets.ownerId })
        .from(datasets)
        .where(and(eq(datasets.connectionId, id), isNull(datasets.deletedAt)))
        .orderBy(asc(datasets.name))
      const isOwn = ({ ownerId }: { ownerId: string }) => actor.kind === 'system' || ownerId === actor.id
      const [own, ownDatasets] = [bonds.filter(isOwn), its.filter(isOwn)]
      return {
        credentials: own,
        credentialsOfOthers: bonds.length - own.length,
        datasets: ownDatasets,
        datasetsOfOthers: its.length - ownDatasets.length,
      }
    },
  }
}

/** The connections an actor may know of: the SQL of `connection.read`. */
export function visibleTo(actor: Actor): SQL | undefined {
  if (actor.kind === 'system') return undefined
  const shared = sql`exists (select from ${connectionShares} where ${connectionShares.connectionId} = ${connections.id} and ${connectionShares.userId} = ${actor.id})`
  return and(eq(connections.organizationId, actor.organizationId), or(eq(connections.ownerId, actor.id), shared))
}

/** Returns how a stored connection's address reads to people. */
export function addressOf(connection: { readonly driver: string; readonly parameters: Parameters }): Address {
  const destination = destinationOf(connection.driver, connection.parameters)
  const known = driver(connection.driver)
  if (destination === undefined || known === undefined) {
    return { address: `unknown driver "${connection.driver}"`, protection: 'not usable', weak: true }
  }
  const { text, weak } = protection(destination.tls)
  return { address: known.address(connection.parameters), protection: text, weak }
}

/** Names are unique for their owner only, so a page continues after a name and an id: 36 characters of it, then the name. */
function follows(after: string | undefined): SQL | undefined {
  if (after === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.test(after)) return undefined
  return sql`(${connections.nameKey}, ${connections.id}) > (${after.slice(36).replaceAll('\0', '')}, ${after.slice(0, 36)}::uuid)`
}

/** The connections whose driver signs in with a credential type. */
function takes(credentialType: string | undefined): SQL | undefined {
  return credentialType === undefined ? undefined : inArray(connections.driver, [...driversAccepting(credentialType)])
}

function matches(text: string | undefined): SQL | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const pattern = `%${likeEscaped(nameKey(text))}%`
  const folded = `%${likeEscaped(foldForSearch(text))}%`
  const found = sql`exists (select from ${connectionSearch} where ${connectionSearch.connectionId} = ${connections.id} and ${connectionSearch.textKey} like ${folded})`
  return or(like(connections.nameKey, pattern), found)
}

/** Escapes what LIKE treats as a wildcard, so that a search for `50%` finds just that. */
export function likeEscaped(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`)
}

function detailColumns(actor: Actor) {
  const mine = actor.kind === 'user' ? sql`and ${associations.ownerId} = ${actor.id}` : sql``
  return {
    id: connections.id,
    organizationId: connections.organizationId,
    ownerId: connections.ownerId,
    ownerName: users.name,
    name: connections.name,
    nameKey: connections.nameKey,
    driver: connections.driver,
    parameters: connections.parameters,
    revision: connections.revision,
    createdAt: connections.createdAt,
    updatedAt: connections.updatedAt,
    lastSignInAt: connections.lastSignInAt,
    lastSignInCode: connections.lastSignInCode,
    role: roleOf(actor),
    healthWaits: sql<boolean>`${connections.healthMinutes} is not null and exists (select from ${credentials} where ${credentials.id} = ${connections.healthCredentialId} and ${credentials.pausedAt} is not null)`,
    credentials: sql<number>`(select count(*)::int from ${associations} where ${associations.connectionId} = ${connections.id} ${mine})`,
  }
}

/** The SQL of `roleOn`. */
function roleOf(actor: Actor): SQL<ShareRole | null> {
  if (actor.kind === 'system') return sql`'owner'`
  return sql`case when ${connections.ownerId} = ${actor.id} then 'owner' else (select role from ${connectionShares} where ${connectionShares.connectionId} = ${connections.id} and ${connectionShares.userId} = ${actor.id}) end`
}

/** Until when its owner holds a credential, where that has begun; null where it is not held. */
export const heldUntil =
  sql<Date | null>`case when ${credentials.heldUntil} > now() and coalesce(${credentials.heldFrom}, '-infinity') <= now() then ${credentials.heldUntil} end`.mapWith(
    credentials.heldUntil,
  )

type Described = Pick<
  ConnectionRow,
  'id' | 'name' | 'ownerName' | 'credentials' | 'lastSignInAt' | 'lastSignInCode' | 'healthWaits'
> & {
  readonly driver: string
  readonly parameters: Parameters
}

function describe(row: Described): ConnectionRow {
  const { id, name, ownerName, credentials: count, lastSignInAt, lastSignInCode, healthWaits } = row
  const driverLabel = driver(row.driver)?.label ?? row.driver
  const signedIn = { lastSignInAt, lastSignInCode, healthWaits }
  return { id, name, driverLabel, ownerName, address: addressOf(row), credentials: count, ...signedIn }
}
