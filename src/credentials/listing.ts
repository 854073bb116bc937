import { and, asc, desc, eq, like, lt, or, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import { currentDestination } from '../connections/destination.ts'
import { likeEscaped } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { type Compiled, compile } from '../db/compiled.ts'
import { credentials } from '../db/schema/credentials.ts'
import { nameKey } from '../names.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { isHeld } from './maintenance.ts'

/** What needs its owner's attention. */
export type Attention = 'refused' | 'destination changed' | 'unused for 90 days'

/** One row of the left panel. */
export type CredentialRow = {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly username: string | null
  readonly connections: number
  readonly lastUsedAt: Date | null
  readonly attention: readonly Attention[]
  /** The refusal that paused it; null while it is not paused. */
  readonly pausedCode: string | null
  /** The end of the maintenance window that it is in; null outside one. */
  readonly heldUntil: Date | null
}

export type CredentialSort = 'name' | 'used' | 'created'
export type CredentialListing = {
  readonly text?: string | undefined
  readonly type?: string | undefined
  readonly sort?: CredentialSort | undefined
  /** Opaque; the `next` of the page before. An unreadable one starts from the beginning. */
  readonly after?: string | undefined
}
export type CredentialPage = { readonly rows: readonly CredentialRow[]; readonly next: string | null }

const pageSize = 50

/** Returns what reads a page of the credentials an actor may know of. It decides nothing: its caller has. */
export function createListing(db: Database): (actor: Actor, listing: CredentialListing) => Promise<CredentialPage> {
  const compiled = new Map<string, Compiled>()

  function statementOf(shape: Shape): Compiled {
    const key = JSON.stringify(shape)
    const known = compiled.get(key) ?? compile(db, pageQuery(db, shape))
    compiled.set(key, known)
    return known
  }

  return async (actor, { text = '', type = '', sort = 'name', after }) => {
    const from = after === undefined ? undefined : decodeCursor(after, sort)
    const search = text.trim() !== ''
    const statement = statementOf({ everyone: actor.kind === 'system', search, type: type !== '', sort, after: !!from })
    const { id, organizationId } = actor.kind === 'user' ? actor : { id: null, organizationId: null }
    const pattern = `%${likeEscaped(nameKey(text))}%`
    const found = await statement({ id, organizationId, pattern, type, key: from?.key, after: from?.id })
    const rows = found.slice(0, pageSize).map(cellsOf)
    const last = rows.at(-1)
    return { rows: rows.map(listed), next: found.length > pageSize && last ? cursorOf(sort, last) : null }
  }
}

/** The credentials an actor may know of: the SQL of `credential.read`. */
export function visibleTo(actor: Actor): SQL | undefined {
  return actor.kind === 'system' ? undefined : ownedBy(actor)
}

/** What tells the texts of two statements apart. */
type Shape = {
  readonly everyone: boolean
  readonly search: boolean
  readonly type: boolean
  readonly sort: CredentialSort
  readonly after: boolean
}

const value = (name: string) => sql.placeholder(name)

function pageQuery(db: Database, shape: Shape) {
  const page = db
    .select()
    .from(credentials)
    .where(
      and(
        shape.everyone ? undefined : ownedBy({ id: value('id'), organizationId: value('organizationId') }),
        shape.search ? matches(value('pattern')) : undefined,
        shape.type ? eq(credentials.type, value('type')) : undefined,
        shape.after ? behind(shape.sort) : undefined,
      ),
    )
    .orderBy(...order(shape.sort))
    .limit(pageSize + 1)
    .as('page')
  const { id, name, nameKey: key, type, username, createdAt, lastUsedAt, pausedCode, heldFrom, heldUntil } = page
  const own = { id, name, key, type, username, createdAt, lastUsedAt, pausedCode, heldFrom, heldUntil }
  return db.select({ ...own, ...bondColumns }).from(page)
}

type Owner = { readonly id: string | Placeholder; readonly organizationId: string | Placeholder }

function ownedBy({ id, organizationId }: Owner): SQL | undefined {
  return and(eq(credentials.organizationId, organizationId), eq(credentials.ownerId, id))
}

function matches(pattern: Placeholder): SQL | undefined {
  return or(like(credentials.nameKey, pattern), sql`lower(${credentials.username}) like ${pattern}`)
}

const neverUsed = sql`'-infinity'::timestamptz`
const lastUsed = sql`coalesce(${credentials.lastUsedAt}, ${neverUsed})`

function order(sort: CredentialSort): SQL[] {
  if (sort === 'used') return [desc(lastUsed), desc(credentials.id)]
  // Ids are of UUID version 7: their order is the order of creation.
  if (sort === 'created') return [desc(credentials.id)]
  return [asc(credentials.nameKey), asc(credentials.id)]
}

/** The rows behind the one that a cursor names. */
function behind(sort: CredentialSort): SQL {
  if (sort === 'created') return lt(credentials.id, value('after'))
  if (sort === 'name')
    return sql`(${credentials.nameKey}, ${credentials.id}) > (${value('key')}, ${value('after')}::uuid)`
  return sql`(${lastUsed}, ${credentials.id}) < (${value('key')}::timestamptz, ${value('after')}::uuid)`
}

/** Written out: drizzle leaves a column of a subquery unqualified, and `connections` has an `id` too. */
const bondColumns = {
  connections: sql`(select count(*)::int from associations bond where bond.credential_id = "page"."id")`,
  refused: sql`exists (select from associations bond where bond.credential_id = "page"."id" and bond.last_sign_in_code like 'auth.%')`,
  bonds: sql`(select json_agg(json_build_object('destination', bond.destination, 'driver', other.driver, 'parameters', other.parameters)) from associations bond join connections other on other.id = bond.connection_id where bond.credential_id = "page"."id" and other.updated_at > bond.created_at)`,
}

/** Cells in the order of the query's columns; the moments as PostgreSQL writes them. */
type Cells = {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly type: string
  readonly username: string | null
  readonly createdAt: string
  readonly lastUsedAt: string | null
  readonly pausedCode: string | null
  readonly heldFrom: string | null
  readonly heldUntil: string | null
  readonly connections: number
  readonly refused: boolean
  readonly bonds: readonly { destination: string; driver: string; parameters: Record<string, string> }[] | null
}

function cellsOf(row: readonly unknown[]): Cells {
  const [id, name, key, type, username, createdAt, lastUsedAt, ...rest] = row
  const [pausedCode, heldFrom, heldUntil, connections, refused, bonds] = rest
  const stops = { pausedCode, heldFrom, heldUntil }
  return { id, name, key, type, username, createdAt, lastUsedAt, ...stops, connections, refused, bonds } as Cells
}

function cursorOf(sort: CredentialSort, { id, key, lastUsedAt }: Cells): string {
  if (sort === 'name') return encodeCursor(sort, key, id)
  if (sort === 'created') return encodeCursor(sort, '', id)
  return encodeCursor(sort, lastUsedAt ?? '-infinity', id)
}

function listed(row: Cells): CredentialRow {
  const { id, name, type, username, connections, pausedCode } = row
  const lastUsedAt = dateOf(row.lastUsedAt)
  const window = { heldFrom: dateOf(row.heldFrom), heldUntil: dateOf(row.heldUntil) }
  const heldUntil = isHeld(window, new Date()) ? window.heldUntil : null
  const attention = attentionOf(row, lastUsedAt)
  return { id, name, type, username, connections, lastUsedAt, attention, pausedCode, heldUntil }
}

function dateOf(moment: string | null): Date | null {
  return moment === null ? null : new Date(moment)
}

function attentionOf({ refused, bonds, createdAt }: Cells, lastUsedAt: Date | null): Attention[] {
  const attention: Attention[] = []
  if (refused) attention.push('refused')
  if ((bonds ?? []).some((bond) => currentDestination(bond) !== bond.destination)) attention.push('destination changed')
  if (Date.now() - (lastUsedAt ?? new Date(createdAt)).getTime() > ninetyDays) attention.push('unused for 90 days')
  return attention
}

const ninetyDays = 90 * 24 * 60 * 60 * 1000
