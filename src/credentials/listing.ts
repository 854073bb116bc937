import { and, eq, type SQL } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import { likeEscaped } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { type Compiled, compile } from '../db/compiled.ts'
import { credentials } from '../db/schema/credentials.ts'
import { foldForSearch } from '../names.ts'
import { type Attention, type AttentionFilter, attentionOf } from './attention.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { type CredentialSort, idsQuery, pageQuery, type Shape } from './listing-query.ts'
import { isHeld } from './maintenance.ts'

export type { CredentialSort } from './listing-query.ts'

/** One row of the left panel. */
export type CredentialRow = {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly username: string | null
  readonly connections: number
  /** Made with it: the actor's own, and those of others. */
  readonly datasets: number
  readonly datasetsOfOthers: number
  /** Of datasets that are refreshed with it by themselves. */
  readonly schedules: number
  readonly lastUsedAt: Date | null
  /** What came of the newest sign-in with it, on whichever connection; null where there was none. */
  readonly lastSignInCode: string | null
  readonly attention: readonly Attention[]
  /** The refusal that paused it; null while it is not paused. */
  readonly pausedCode: string | null
  /** The end of the maintenance window that it is in; null outside one. */
  readonly heldUntil: Date | null
}

export type CredentialListing = {
  readonly text?: string | undefined
  readonly type?: string | undefined
  readonly attention?: AttentionFilter | undefined
  readonly sort?: CredentialSort | undefined
  /** Opaque; the `next` of the page before. An unreadable one starts from the beginning. */
  readonly after?: string | undefined
}
export type CredentialPage = { readonly rows: readonly CredentialRow[]; readonly next: string | null }

const pageSize = 50

export type Listing = ReturnType<typeof createListing>

/** Returns what reads lists of the credentials an actor may know of. It decides nothing: its caller has. */
export function createListing(db: Database) {
  const compiled = new Map<string, Compiled>()

  function statementOf(shape: Shape, make: (shape: Shape) => SQL): Compiled {
    const key = make.name + JSON.stringify(shape)
    const known = compiled.get(key) ?? compile(db, make(shape))
    compiled.set(key, known)
    return known
  }

  return {
    /** Returns a page of 50; `next` continues after its last row. */
    async page(actor: Actor, listing: CredentialListing): Promise<CredentialPage> {
      const { sort = 'name', after } = listing
      const from = after === undefined ? undefined : decodeCursor(after, sort)
      const statement = statementOf({ ...shapeOf(actor, listing), after: from !== undefined }, pageQuery)
      const values = { ...valuesOf(actor, listing), key: from?.key, after: from?.id, limit: pageSize + 1 }
      const found = await statement(values)
      const rows = found.slice(0, pageSize).map(cellsOf)
      const last = rows.at(-1)
      const now = new Date()
      const next = found.length > pageSize && last ? cursorOf(sort, last) : null
      return { rows: rows.map((row) => listed(row, now)), next }
    },

    /** Returns the ids of all that a listing shows, from its first page on, at most `limit`. */
    async ids(actor: Actor, listing: CredentialListing, limit: number): Promise<readonly string[]> {
      const statement = statementOf({ ...shapeOf(actor, listing), after: false }, idsQuery)
      const found = await statement({ ...valuesOf(actor, listing), limit })
      return found.map(([id]) => id as string)
    },
  }
}

/** The credentials an actor may know of: the SQL of `credential.read`. */
export function visibleTo(actor: Actor): SQL | undefined {
  if (actor.kind === 'system') return undefined
  return and(eq(credentials.organizationId, actor.organizationId), eq(credentials.ownerId, actor.id))
}

function shapeOf(actor: Actor, { text = '', type = '', attention, sort = 'name' }: CredentialListing) {
  const search = foldForSearch(text) !== ''
  return { everyone: actor.kind === 'system', search, type: type !== '', attention: attention ?? null, sort }
}

function valuesOf(actor: Actor, { text = '', type = '' }: CredentialListing) {
  const { id, organizationId } = actor.kind === 'user' ? actor : { id: null, organizationId: null }
  const term = foldForSearch(text)
  return { id, organizationId, term, pattern: `%${likeEscaped(term)}%`, type }
}

/** One row of the query, its columns by name; the moments as PostgreSQL writes them. */
type Cells = ReturnType<typeof cellsOf>

/** Every page runs this 50 times: an object put together from spread parts took a hundred times as long. */
function cellsOf(row: readonly unknown[]) {
  return {
    id: row[0] as string,
    name: row[1] as string,
    key: row[2] as string,
    type: row[3] as string,
    username: row[4] as string | null,
    createdAt: row[5] as string,
    lastUsedAt: row[6] as string | null,
    expiresAt: row[7] as string | null,
    pausedCode: row[8] as string | null,
    heldFrom: row[9] as string | null,
    heldUntil: row[10] as string | null,
    connections: row[11] as number,
    lastSignInCode: row[12] as string | null,
    refused: row[13] as boolean,
    moved: row[14] as boolean,
    weakTls: row[15] as boolean,
    datasets: row[16] as number,
    datasetsOfOthers: row[17] as number,
    schedules: row[18] as number,
  }
}

function cursorOf(sort: CredentialSort, { id, key, lastUsedAt, expiresAt }: Cells): string {
  const keys = { name: key, created: '', used: lastUsedAt ?? '-infinity', expires: expiresAt ?? 'infinity' }
  return encodeCursor(sort, keys[sort], id)
}

function listed(row: Cells, now: Date): CredentialRow {
  const { id, name, type, username, connections, datasets, datasetsOfOthers, lastSignInCode, pausedCode } = row
  const { refused, moved, weakTls, schedules } = row
  const lastUsedAt = dateOf(row.lastUsedAt)
  const createdAt = new Date(row.createdAt)
  const attention = attentionOf(
    { refused, moved, weakTls, createdAt, lastUsedAt, expiresAt: dateOf(row.expiresAt) },
    now,
  )
  const heldUntil = heldUntilOf(row, now)
  return {
    id,
    name,
    type,
    username,
    connections,
    datasets,
    datasetsOfOthers,
    schedules,
    lastUsedAt,
    lastSignInCode,
    attention,
    pausedCode,
    heldUntil,
  }
}

function heldUntilOf(row: Cells, now: Date): Date | null {
  const window = { heldFrom: dateOf(row.heldFrom), heldUntil: dateOf(row.heldUntil) }
  return isHeld(window, now) ? window.heldUntil : null
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
