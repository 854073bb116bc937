import { type SQL, sql } from 'drizzle-orm'
import { type AttentionFilter, idsNeedingAttention, needsAttention } from './attention.ts'
import { schedulesWith } from './scheduled.ts'

export type CredentialSort = 'name' | 'used' | 'created' | 'expires'

/** What tells the statements of two listings apart. */
export type Shape = {
  readonly everyone: boolean
  readonly search: boolean
  readonly type: boolean
  readonly attention: AttentionFilter | null
  readonly sort: CredentialSort
  readonly after: boolean
}

/**
 * Returns the statement that reads one page: at most `limit` rows, with what their associations and datasets say.
 *
 * Without a filter it walks along the index of its order. With one it looks at the next rows in that order first; where
 * too few of them match, matches are rare, and an index of matches is asked instead. Both take about as long however
 * many credentials there are (docs/decisions/086).
 */
export function pageQuery(shape: Shape): SQL {
  return sql`with ${rowsOf(shape)} ${shownColumns} order by ${inOrder(shape.sort)}`
}

/** Returns the statement that reads the ids of everything a listing shows, in its order, at most `limit`. */
export function idsQuery(shape: Shape): SQL {
  const its = sql`from credentials where ${all(mayKnow(shape), ...conditionsOf(shape))}`
  return sql`select credentials.id ${its} order by ${inOrder(shape.sort)} limit ${value('limit')}`
}

/** So many rows are looked at in order before an index of matches is asked. */
const glance = 400

const value = (name: string) => sql.placeholder(name)

/** The common table expressions up to `page`, the rows of the page. */
function rowsOf(shape: Shape): SQL {
  const from = all(mayKnow(shape), shape.after ? behind(shape.sort) : undefined)
  const rest = sql`order by ${inOrder(shape.sort)} limit ${value('limit')}`
  const [narrowest, ...others] = conditionsOf(shape)
  const matching = shape.everyone ? undefined : matches(shape)
  const conditions = all(narrowest, ...others)
  if (matching === undefined) return sql`page as (select * from credentials where ${from} and ${conditions} ${rest})`
  const also = shape.attention === 'unused' && shape.sort === 'used' ? unusedInOrder : undefined
  const next = sql`where ${all(from, also)} order by ${inOrder(shape.sort)} limit ${sql.raw(String(glance))}`
  return sql`
    near as materialized (select * from credentials ${next}),
    found_near as materialized (select * from near as credentials where ${conditions} ${rest}),
    short as materialized (
      select (select count(*) from near) = ${sql.raw(String(glance))}
        and (select count(*) from found_near) < ${value('limit')} as here),
    matching as materialized (${matching}),
    page as (
      select * from found_near where not (select here from short)
      union all (
        select * from matching as credentials
        where (select here from short) and ${from} and ${all(...others)} ${rest}))`
}

function all(...conditions: readonly (SQL | undefined)[]): SQL {
  const given = conditions.filter((one) => one !== undefined)
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `)
}

/** The credentials an actor may know of. */
function mayKnow(shape: Shape): SQL | undefined {
  if (shape.everyone) return undefined
  return sql`credentials.organization_id = ${value('organizationId')} and credentials.owner_id = ${value('id')}`
}

/** What the filters ask of a row, the one that most likely matches least first. */
function conditionsOf(shape: Shape): SQL[] {
  const search = shape.search ? sql`credentials.search_key like ${value('pattern')}` : undefined
  const attention = shape.attention === null ? undefined : needsAttention(shape.attention)
  const type = shape.type ? sql`credentials.type = ${value('type')}` : undefined
  return [search, attention, type].filter((one) => one !== undefined)
}

/** A query of the rows of which the first of those conditions is true, by an index of them; undefined without filters. */
function matches(shape: Shape): SQL | undefined {
  const owner = value('id')
  const rows = sql`select credentials.* from credentials where`
  if (shape.search) {
    const parts = sql`search_grams(${owner}::uuid, ${value('term')}, least(3, length(${value('term')})))`
    return sql`${rows} search_grams(owner_id, search_key, 1) @> ${parts} and search_key like ${value('pattern')}`
  }
  if (shape.attention !== null) return sql`${rows} id in (${idsNeedingAttention(shape.attention, owner)})`
  return shape.type ? sql`${rows} owner_id = ${owner} and type = ${value('type')}` : undefined
}

const lastUsed = sql`coalesce(last_used_at, '-infinity'::timestamptz)`
const ends = sql`coalesce(expires_at, 'infinity'::timestamptz)`

/** What is unused for so long comes last in the order of use: begin there. */
const unusedInOrder = sql`${lastUsed} < now() - interval '90 days'`

function inOrder(sort: CredentialSort): SQL {
  if (sort === 'used') return sql`${lastUsed} desc, id desc`
  // Ids are of UUID version 7: their order is the order of creation.
  if (sort === 'created') return sql`id desc`
  return sort === 'expires' ? sql`${ends}, id` : sql`name_key, id`
}

/** The rows behind the one that a cursor names. */
function behind(sort: CredentialSort): SQL {
  if (sort === 'created') return sql`id < ${value('after')}`
  if (sort === 'name') return sql`(name_key, id) > (${value('key')}, ${value('after')}::uuid)`
  const there = sql`(${value('key')}::timestamptz, ${value('after')}::uuid)`
  return sort === 'used' ? sql`(${lastUsed}, id) < ${there}` : sql`(${ends}, id) > ${there}`
}

/** Of each row of `page`: its own columns, then what its associations, its datasets and schedules say taken together. */
const shownColumns = sql`
  select id, name, name_key, type, username, created_at, last_used_at, expires_at, paused_code, held_from, held_until,
    bond.connections, bond.last_sign_in_code, paused_at is not null or coalesce(bond.refused, false),
    coalesce(bond.moved, false), coalesce(bond.weak, false), made.own, made.others,
    ${schedulesWith(sql`page.id`)}
  from page
  cross join lateral (
    select count(*)::int as connections, (array_agg(last_sign_in_code order by last_sign_in_at desc nulls last))[1]
      as last_sign_in_code, bool_or(last_sign_in_code like 'auth.%') as refused,
      bool_or(moved_at is not null) as moved, bool_or(weak_tls) as weak
    from associations where credential_id = page.id) bond
  cross join lateral (
    select count(*) filter (where owner_id = page.owner_id)::int as own,
      count(*) filter (where owner_id <> page.owner_id)::int as others
    from datasets where credential_id = page.id and deleted_at is null) made`
