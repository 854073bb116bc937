import { and, asc, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { acceptedTypes, driversAccepting } from '../connections/accepted-types.ts'
import { currentDestination } from '../connections/destination.ts'
import { type AccountPrivileges, privilegesOf } from '../connections/privileges.ts'
import { type Address, addressOf, visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import { driver } from '../connector/registry.ts'
import type { Database } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { schedules } from '../db/schema/schedules.ts'
import { type ParsedName, parseName } from '../names.ts'
import { isTried } from './breaker.ts'
import { type CredentialListing, type CredentialPage, createListing, visibleTo } from './listing.ts'
import { isHeld } from './maintenance.ts'
import { type MissedUse, missedOf } from './missed-uses.ts'
import { type OpenEdit, openEditsOf } from './proven-edit-queries.ts'
import { schedulesWith } from './scheduled.ts'

/** One association of a credential as its detail shows it. */
export type AssociationRow = {
  readonly connectionId: string
  readonly connectionName: string
  readonly driverLabel: string
  readonly address: Address
  readonly isDefault: boolean
  readonly destinationChanged: boolean
  /** Canonical text of the destination the owner agreed to, and of the connection's present one. */
  readonly agreedDestination: string
  readonly currentDestination: string
  readonly lastSignInAt: Date | null
  readonly lastSignInCode: string | null
  readonly privileges: AccountPrivileges | null
  /** When the data store said, at its last good sign-in, that the account ends. */
  readonly learnedExpiresAt: Date | null
  /** The actor's datasets that were made with this account from this connection, and those of others. */
  readonly datasets: number
  readonly datasetsOfOthers: number
  /** Schedules of datasets from this connection that sign in with it, of whomever. */
  readonly schedules: number
  /** Whether Keyward signs in to the connection with it by itself, now and then. */
  readonly healthChecks: boolean
}

export type CredentialDetail = {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly username: string | null
  readonly description: string
  readonly ownerName: string
  readonly version: number
  readonly revision: number
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Of the present version. */
  readonly expiresAt: Date | null
  readonly expirySource: 'set' | 'learned' | null
  readonly lastUse: {
    readonly at: Date
    readonly by: string | null
    readonly purpose: string | null
    readonly connectionName: string | null
  } | null
  /** The refusal since which nothing uses it by itself; null while it is not paused. */
  readonly pause: {
    readonly at: Date
    readonly code: string
    /** Where it was refused; null where that is gone or hidden. */
    readonly connectionName: string | null
    /** Whether somebody tries it at this moment. */
    readonly tried: boolean
  } | null
  /** The maintenance window that is set and not over, and whether it has begun. */
  readonly hold: { readonly from: Date; readonly until: Date; readonly begun: boolean } | null
  /** What would have used it by itself meanwhile, now and in the last week. */
  readonly missed: readonly MissedUse[]
  readonly associations: readonly AssociationRow[]
  /** With how many users it is shared for use. */
  readonly sharedWith: number
  /** Edits of it that wait for a decision. */
  readonly openEdits: readonly OpenEdit[]
}

/** What would stop working without a credential. A count for what the actor may not see. */
export type CredentialDependants = {
  readonly associations: readonly AssociationRow[]
  readonly datasets: readonly { readonly id: string; readonly name: string }[]
  readonly datasetsOfOthers: number
  /** The actor's datasets that are refreshed with it by themselves, and how many of others are. */
  readonly scheduled: readonly { readonly id: string; readonly name: string }[]
  readonly scheduledOfOthers: number
  readonly sharedWith: number
}

/** A connection that a credential could be associated with, and the destination that would be agreed to (canonical text). */
export type AssociableConnection = {
  readonly id: string
  readonly name: string
  readonly address: Address
  readonly destination: string
}

export type CredentialQueries = ReturnType<typeof createCredentialQueries>

/** Reads about credentials, limited to what the actor may see. No result has room for a secret. */
export function createCredentialQueries(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps
  const listing = createListing(db)

  /** What is true of one credential is true of a list of them: none while the feature is off. Throws FeatureOff. */
  function mayList(actor: Actor): Promise<void> {
    const { id: ownerId } = actor
    const organizationId = actor.kind === 'user' ? actor.organizationId : ''
    return guard.read(actor, 'credential.read', { type: 'credential', id: null, organizationId, ownerId })
  }

  async function show(actor: Actor, id: string): Promise<CredentialDetail> {
    const [row] = await db
      .select({ credential: credentials, ownerName: users.name })
      .from(credentials)
      .innerJoin(users, eq(users.id, credentials.ownerId))
      .where(eq(credentials.id, id))
    await guard.read(actor, 'credential.read', row && { ...row.credential, type: 'credential' })
    const { credential, ownerName } = row as NonNullable<typeof row>
    const { name, type, username, description, currentVersion: version, revision, createdAt, updatedAt } = credential
    const { expiresAt, expirySource } = credential
    const lastUse = await lastUseOf(db, actor, credential)
    const bonds = await associationsOf(db, actor, id, username)
    const openEdits = await openEditsOf(db, id)
    return {
      id,
      name,
      type,
      username,
      description,
      ownerName,
      version,
      revision,
      createdAt,
      updatedAt,
      expiresAt,
      expirySource,
      lastUse,
      pause: await pauseOf(db, actor, credential),
      hold: holdOf(credential),
      missed: await missedOf(db, actor, id),
      associations: bonds,
      sharedWith: await db.$count(credentialShares, eq(credentialShares.credentialId, id)),
      openEdits,
    }
  }

  /** Reports whether another credential of the actor's has this name key. */
  async function nameInUse(actor: UserActor, key: string, exceptId?: string): Promise<boolean> {
    await mayList(actor)
    const its = and(eq(credentials.ownerId, actor.id), eq(credentials.nameKey, key))
    const others = exceptId === undefined ? its : and(its, ne(credentials.id, exceptId))
    const [row] = await db.select({ id: credentials.id }).from(credentials).where(others).limit(1)
    return row !== undefined
  }

  return {
    /** Returns a page of 50; `next` continues after its last row. The first page counts nothing. */
    async list(actor: Actor, search: CredentialListing): Promise<CredentialPage> {
      await mayList(actor)
      return listing.page(actor, search)
    },

    /** Returns the ids of all that a search shows, at most `limit`, in its order. */
    async matching(actor: Actor, search: CredentialListing, limit: number): Promise<readonly string[]> {
      await mayList(actor)
      return listing.ids(actor, search, limit)
    },

    /** Returns one credential with its associations. Throws NotFound where the actor may not see it. */
    show,

    /** Returns the actor's credentials that could be associated with a connection and are not, by name, at most 200. */
    async notAssociated(actor: UserActor, connection: { readonly id: string; readonly driver: string }) {
      await mayList(actor)
      const { id, name, username } = credentials
      return db
        .select({ id, name, username })
        .from(credentials)
        .where(
          and(
            visibleTo(actor),
            inArray(credentials.type, [...acceptedTypes(connection.driver)]),
            sql`not exists (select from associations bond where bond.connection_id = ${connection.id} and bond.credential_id = ${credentials.id})`,
          ),
        )
        .orderBy(asc(credentials.nameKey))
        .limit(200)
    },

    /** Returns the account name parsed, or the sentence that says why it cannot be stored. */
    async checkName(actor: UserActor, text: string): Promise<ParsedName> {
      const parsed = parseName(text, 'Account name')
      if (!parsed.ok || !(await nameInUse(actor, parsed.key))) return parsed
      return { ok: false, error: accountNameTaken(parsed.name) }
    },

    nameInUse,

    /** Returns what the deletion page lists. */
    async dependants(actor: Actor, id: string): Promise<CredentialDependants> {
      const detail = await show(actor, id)
      const its = await db
        .select({ id: datasets.id, name: datasets.name, own: ownDataset(actor) })
        .from(datasets)
        .where(and(eq(datasets.credentialId, id), isNull(datasets.deletedAt)))
        .orderBy(asc(datasets.name))
      const planned = await db
        .select({ id: datasets.id, name: datasets.name, own: ownDataset(actor) })
        .from(schedules)
        .innerJoin(datasets, eq(datasets.id, schedules.datasetId))
        .where(and(eq(schedules.credentialId, id), isNull(datasets.deletedAt)))
        .orderBy(asc(datasets.name))
      const own = its.filter((one) => one.own)
      const scheduled = planned.filter((one) => one.own)
      const ofOthers = {
        datasetsOfOthers: its.length - own.length,
        scheduledOfOthers: planned.length - scheduled.length,
      }
      const { associations: bonds, sharedWith } = detail
      return { associations: bonds, datasets: own, scheduled, ...ofOthers, sharedWith }
    },

    /** Returns the connections the actor may use that take this credential and have it not yet, by name, at most 200. */
    async associable(actor: Actor, id: string): Promise<readonly AssociableConnection[]> {
      const { type } = await show(actor, id)
      const rows = await db
        .select({
          id: connections.id,
          name: connections.name,
          driver: connections.driver,
          parameters: connections.parameters,
        })
        .from(connections)
        .where(
          and(
            connectionsVisibleTo(actor),
            inArray(connections.driver, [...driversAccepting(type)]),
            sql`not exists (select from associations bond where bond.credential_id = ${id} and bond.connection_id = ${connections.id})`,
          ),
        )
        .orderBy(asc(connections.nameKey))
        .limit(200)
      return rows.map((row) => {
        const { id: connectionId, name } = row
        return { id: connectionId, name, address: addressOf(row), destination: currentDestination(row) }
      })
    },
  }
}

/** The sentence about an account name that its owner has already. */
export function accountNameTaken(name: string): string {
  return `You already have an account named "${name}". Choose another name.`
}

async function lastUseOf(
  db: Database,
  actor: Actor,
  row: typeof credentials.$inferSelect,
): Promise<CredentialDetail['lastUse']> {
  if (row.lastUsedAt === null) return null
  const [names] = await db
    .select({
      by: sql<string | null>`(select name from ${users} where ${users.id} = ${row.lastUsedBy})`,
      connectionName: sql<
        string | null
      >`(select name from ${connections} where ${connections.id} = ${row.lastUsedConnectionId} and ${connectionsVisibleTo(actor) ?? true})`,
    })
    .from(sql`(select 1) as one`)
  return {
    at: row.lastUsedAt,
    purpose: row.lastUsedPurpose,
    by: names?.by ?? null,
    connectionName: names?.connectionName ?? null,
  }
}

async function pauseOf(db: Database, actor: Actor, row: typeof credentials.$inferSelect) {
  const { pausedAt: at, pausedCode, pausedConnectionId } = row
  if (at === null) return null
  const its = and(eq(connections.id, pausedConnectionId ?? ''), connectionsVisibleTo(actor))
  const [place] = pausedConnectionId === null ? [] : await db.select().from(connections).where(its)
  return { at, code: pausedCode ?? '', connectionName: place?.name ?? null, tried: isTried(row) }
}

function holdOf(row: typeof credentials.$inferSelect): CredentialDetail['hold'] {
  const { heldFrom, heldUntil: until, createdAt } = row
  const at = new Date()
  if (until === null || until <= at) return null
  return { from: heldFrom ?? createdAt, until, begun: isHeld(row, at) }
}

async function associationsOf(
  db: Database,
  actor: Actor,
  credentialId: string,
  username: string | null,
): Promise<readonly AssociationRow[]> {
  const rows = await db
    .select({
      bond: associations,
      name: connections.name,
      driver: connections.driver,
      parameters: connections.parameters,
      healthChecks: sql<boolean>`${connections.healthCredentialId} = ${credentialId} and ${connections.healthMinutes} is not null`,
      datasets: datasetsOf(ownDataset(actor)),
      datasetsOfOthers: datasetsOf(sql`not ${ownDataset(actor)}`),
      scheduled: schedulesWith(sql`${associations.credentialId}`, sql`d.connection_id = ${associations.connectionId}`),
    })
    .from(associations)
    .innerJoin(connections, eq(connections.id, associations.connectionId))
    .where(eq(associations.credentialId, credentialId))
    .orderBy(asc(connections.nameKey))
  return rows.map(({ bond, name, datasets: own, datasetsOfOthers, scheduled, healthChecks, ...connection }) => {
    const current = currentDestination(connection)
    return {
      connectionId: bond.connectionId,
      connectionName: name,
      driverLabel: driver(connection.driver)?.label ?? connection.driver,
      address: addressOf(connection),
      isDefault: bond.isDefault,
      destinationChanged: current !== bond.destination,
      agreedDestination: bond.destination,
      currentDestination: current,
      lastSignInAt: bond.lastSignInAt,
      lastSignInCode: bond.lastSignInCode,
      privileges: privilegesOf(bond, connection, username),
      learnedExpiresAt: bond.learnedExpiresAt,
      datasets: own,
      datasetsOfOthers,
      schedules: scheduled,
      healthChecks,
    }
  })
}

function ownDataset(actor: Actor): SQL<boolean> {
  return actor.kind === 'system' ? sql`true` : sql`(${datasets.ownerId} = ${actor.id})`
}

/** Counts datasets that were made with an association, by the index over their account. */
function datasetsOf(condition: SQL): SQL<number> {
  return sql`(select count(*)::int from ${datasets} where ${datasets.credentialId} = ${associations.credentialId} and ${datasets.connectionId} = ${associations.connectionId} and ${datasets.deletedAt} is null and ${condition})`
}
