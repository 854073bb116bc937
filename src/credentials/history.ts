import { and, desc, eq, gte, isNull, lt, ne, type SQL, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connections } from '../db/schema/connections.ts'
import { credentials, credentialVersions } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import type { CredentialDetail, CredentialQueries } from './queries.ts'
import { isRestorable, restorableDays } from './restore.ts'

/** What is listed: uses of the secret, changes (and attempts at them), or both. */
export const historyKinds = ['all', 'uses', 'changes'] as const
export type HistoryKind = (typeof historyKinds)[number]

/** One version of a credential; never its fields. */
export type VersionRow = {
  readonly version: number
  readonly createdAt: Date
  /** Null for Keyward itself, and for who is not known here any more. */
  readonly createdByName: string | null
  readonly reason: (typeof credentialVersions.$inferSelect)['reason']
  readonly restoredFrom: number | null
  /** Until when it was the present one; null where it is. */
  readonly replacedAt: Date | null
  readonly expiresAt: Date | null
  /** `kept` is what can no longer be restored and waits to be erased. */
  readonly state: 'present' | 'restorable' | 'kept' | 'erased'
  /** Until when it can be restored; null where it cannot. */
  readonly restorableUntil: Date | null
}

/** One ledger entry about a credential, in the names of those that the reader may know of. */
export type HistoryEntry = {
  readonly sequence: number
  readonly time: Date
  /** Null for Keyward itself, and for people of other organizations. */
  readonly actorName: string | null
  readonly actorKind: 'user' | 'system' | 'anonymous'
  readonly action: string
  readonly outcome: 'allowed' | 'denied' | 'failed'
  readonly purpose: string | null
  readonly runId: string | null
  /** Null where it was about none, or about one that is gone or hidden. */
  readonly connectionName: string | null
  /** With whom it was shared, or not any more. */
  readonly sharedWith: string | null
  readonly version: number | null
  readonly restoredFrom: number | null
  readonly renamed: boolean
  /** Why it was not used although it was allowed. */
  readonly reason: string | null
}

export type Paged<Row> = { readonly rows: readonly Row[]; readonly next: number | null }
export type History = ReturnType<typeof createHistory>

const pageSize = 50
/** So many entries are looked through for one page at most: a page of changes may be short where uses are many. */
const walked = 10_000

/** Reads what became of a credential: its versions, and what the ledger holds of it. For its owner. */
export function createHistory(deps: { db: Database; queries: CredentialQueries }) {
  const { db, queries } = deps

  async function versions(credential: CredentialDetail, actor: UserActor, before?: number): Promise<Paged<VersionRow>> {
    const its = eq(credentialVersions.credentialId, credential.id)
    const found = await db
      .select(versionColumns(actor))
      .from(credentialVersions)
      .innerJoin(credentials, eq(credentials.id, credentialVersions.credentialId))
      .where(
        and(its, isNull(credentialVersions.pendingUntil), before ? lt(credentialVersions.version, before) : undefined),
      )
      .orderBy(desc(credentialVersions.version))
      .limit(pageSize + 1)
    const rows = found.slice(0, pageSize).map(versionRow)
    return { rows, next: found.length > pageSize ? (rows.at(-1)?.version ?? null) : null }
  }

  async function entries(actor: UserActor, id: string, asked: EntriesAsked): Promise<Paged<HistoryEntry>> {
    const { kind, before, limit } = asked
    const floor = kind === 'all' ? undefined : await floorOf(db, id, before)
    const found = await db
      .select(entryColumns(actor))
      .from(auditEntries)
      .where(and(about(id, before), floor === undefined ? undefined : gte(auditEntries.sequence, floor), isOf(kind)))
      .orderBy(desc(auditEntries.sequence))
      .limit(limit + 1)
    const rows = found.slice(0, limit)
    const more = found.length > limit ? rows.at(-1)?.sequence : floor
    return { rows, next: more ?? null }
  }

  return {
    /** Returns a page of 50 versions, the newest first; `next` is the version before which the next page continues. */
    async versions(actor: UserActor, id: string, before?: number): Promise<Paged<VersionRow>> {
      return versions(await queries.show(actor, id), actor, before)
    },

    /** Returns at most 50 entries, the newest first; `next` is the sequence before which the next page continues. */
    async entries(actor: UserActor, id: string, kind: HistoryKind, before?: number): Promise<Paged<HistoryEntry>> {
      await queries.show(actor, id)
      return entries(actor, id, { kind, before, limit: pageSize })
    },

    /** Returns the entries of that kind, the newest first, as they are asked for; decides before the first. */
    async every(actor: UserActor, id: string, kind: HistoryKind): Promise<AsyncGenerator<readonly HistoryEntry[]>> {
      await queries.show(actor, id)
      return pages((before) => entries(actor, id, { kind, before, limit: 1000 }))
    },
  }
}

type EntriesAsked = { readonly kind: HistoryKind; readonly before: number | undefined; readonly limit: number }

async function* pages<Row>(read: (before: number | undefined) => Promise<Paged<Row>>): AsyncGenerator<readonly Row[]> {
  let before: number | undefined
  do {
    const { rows, next } = await read(before)
    yield rows
    before = next ?? undefined
  } while (before !== undefined)
}

function about(id: string, before: number | undefined): SQL | undefined {
  const { resourceType, resourceId, sequence } = auditEntries
  const its = and(eq(resourceType, 'credential'), eq(resourceId, id))
  return before === undefined ? its : and(its, lt(sequence, before))
}

function isOf(kind: HistoryKind): SQL | undefined {
  if (kind === 'all') return undefined
  return kind === 'uses' ? eq(auditEntries.action, 'credential.use') : ne(auditEntries.action, 'credential.use')
}

/** Where a page stops looking: the sequence of the last entry that it may look at; undefined where all are fewer. */
async function floorOf(db: Database, id: string, before: number | undefined): Promise<number | undefined> {
  const [last] = await db
    .select({ sequence: auditEntries.sequence })
    .from(auditEntries)
    .where(about(id, before))
    .orderBy(desc(auditEntries.sequence))
    .offset(walked - 1)
    .limit(1)
  return last?.sequence
}

function versionColumns(actor: UserActor) {
  const { version, createdAt, createdBy, reason, restoredFrom, replacedAt, expiresAt, payload } = credentialVersions
  return {
    ...{ version, createdAt, reason, restoredFrom, replacedAt, expiresAt },
    createdByName: userName(actor, sql`${createdBy}`),
    present: sql<boolean>`${version} = ${credentials.currentVersion}`,
    restorable: sql<boolean>`coalesce(${isRestorable}, false)`,
    erased: sql<boolean>`${payload} is null`,
  }
}

type FoundVersion = Omit<VersionRow, 'state' | 'restorableUntil'> & {
  readonly present: boolean
  readonly restorable: boolean
  readonly erased: boolean
}

function versionRow({ present, restorable, erased, ...row }: FoundVersion): VersionRow {
  const state = present ? 'present' : erased ? 'erased' : restorable ? 'restorable' : 'kept'
  const until = state === 'restorable' && row.replacedAt ? daysAfter(row.replacedAt) : null
  return { ...row, replacedAt: present ? null : row.replacedAt, state, restorableUntil: until }
}

function daysAfter(at: Date): Date {
  return new Date(at.getTime() + restorableDays * 86_400_000)
}

/** Columns are written with their table: the subqueries have some of the same name. */
function entryColumns(actor: UserActor) {
  const { sequence, time, actorKind, action, outcome, purpose, runId } = auditEntries
  const connectionId = idIn('connectionId')
  return {
    ...{ sequence, time, actorKind, action, outcome, purpose, runId },
    actorName: userName(actor, sql`audit_entries.actor_id`),
    connectionName: sql<
      string | null
    >`(select name from ${connections} where ${connections.id} = ${connectionId} and ${connectionsVisibleTo(actor) ?? true})`,
    sharedWith: userName(actor, idIn('userId')),
    version: numberIn('version'),
    restoredFrom: numberIn('restoredFrom'),
    renamed: sql<boolean>`coalesce(audit_entries.details->>'renamed', '') = 'true'`,
    reason: sql<string | null>`audit_entries.details->>'reason'`,
  }
}

function idIn(detail: string): SQL {
  const text = sql`audit_entries.details->>${detail}`
  return sql`(case when ${text} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (${text})::uuid end)`
}

function numberIn(detail: string): SQL<number | null> {
  const text = sql`audit_entries.details->>${detail}`
  return sql`(case when ${text} ~ '^[0-9]{1,9}$' then (${text})::int end)`
}

/** The name of a user of the actor's organization. */
function userName(actor: UserActor, id: SQL): SQL<string | null> {
  return sql`(select person.name from ${users} as person where person.id = ${id} and person.organization_id = ${actor.organizationId})`
}
