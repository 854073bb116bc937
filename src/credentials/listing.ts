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

/** Cells in the order of the query's columns; the moments as PostgreSQL writes them. */
type Cells = {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly type: string
  readonly username: string | null
  readonly createdAt: string
  readonly lastUsedAt: string | null
  readonly expiresAt: string | null
  readonly pausedCode: string | null
  readonly heldFrom: string | null
  readonly heldUntil: string | null
  readonly connections: number
  readonly lastSignInCode: string | null
  readonly refused: boolean
  readonly moved: boolean
  readonly weakTls: boolean
  readonly datasets: number
  readonly datasetsOfOthers: number
  readonly schedules: number
}

function cellsOf(row: readonly unknown[]): Cells {
  const [id, name, key, type, username, createdAt, lastUsedAt, expiresAt, ...rest] = row
  const [pausedCode, heldFrom, heldUntil, ...counted] = rest
  const [connections, lastSignInCode, refused, moved, weakTls, datasets, datasetsOfOthers, schedules] = counted
  const own = { id, name, key, type, username, createdAt, lastUsedAt, expiresAt }
  const stops = { pausedCode, heldFrom, heldUntil }
  const bonds = { connections, lastSignInCode, refused, moved, weakTls }
  return { ...own, ...stops, ...bonds, datasets, datasetsOfOthers, schedules } as Cells
}

function cursorOf(sort: CredentialSort, { id, key, lastUsedAt, expiresAt }: Cells): string {
  const keys = { name: key, created: '', used: lastUsedAt ?? '-infinity', expires: expiresAt ?? 'infinity' }
  return encodeCursor(sort, keys[sort], id)
}

function listed(row: Cells, now: Date): CredentialRow {
  const { id, name, type, username, connections, datasets, datasetsOfOthers, lastSignInCode, pausedCode } = row
  const { refused, moved, weakTls, schedules } = row
  const lastUsedAt = dateOf(row.lastUsedAt)
  const moments = { createdAt: new Date(row.createdAt), lastUsedAt, expiresAt: dateOf(row.expiresAt) }
  const attention = attentionOf({ refused, moved, weakTls, ...moments }, now)
  const window = { heldFrom: dateOf(row.heldFrom), heldUntil: dateOf(row.heldUntil) }
  const heldUntil = isHeld(window, now) ? window.heldUntil : null
  const its = { id, name, type, username, connections, datasets, datasetsOfOthers, schedules }
  return { ...its, lastUsedAt, lastSignInCode, attention, pausedCode, heldUntil }
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
