import { type Placeholder, type SQL, sql } from 'drizzle-orm'

/** Why a credential may need its owner's attention, the most urgent first; as an address says it. */
export const everyAttention = ['refused', 'moved', 'expired', 'expiring', 'unused', 'weak-tls'] as const

/** One reason why a credential needs attention. */
export type Attention = (typeof everyAttention)[number]

/** A filter of the list: one reason, or any of them. */
export type AttentionFilter = Attention | 'any'

/** Returns the filter that an address names; undefined for none. */
export function attentionFilter(text: string | undefined): AttentionFilter | undefined {
  return text === 'any' ? 'any' : everyAttention.find((one) => one === text)
}

/** What is known of one credential, its associations taken together. */
export type Known = {
  /** Its breaker is open, or the last sign-in on one of its connections was turned away. */
  readonly refused: boolean
  readonly moved: boolean
  readonly weakTls: boolean
  readonly expiresAt: Date | null
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
}

/** Returns what needs attention, the most urgent first. */
export function attentionOf(known: Known, now: Date): Attention[] {
  const ends = known.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  const expired = ends <= now.getTime()
  const is: Record<Attention, boolean> = {
    refused: known.refused,
    moved: known.moved,
    expired,
    expiring: !expired && ends <= now.getTime() + 30 * day,
    unused: (known.lastUsedAt ?? known.createdAt).getTime() < now.getTime() - 90 * day,
    'weak-tls': known.weakTls,
  }
  return everyAttention.filter((one) => is[one])
}

/** The same as SQL about a row of `credentials`. */
export function needsAttention(filter: AttentionFilter): SQL {
  if (filter !== 'any') return conditions[filter]
  return sql`(${sql.join(Object.values(conditions), sql` or `)})`
}

/** Returns a query of the ids of an owner's credentials that need it, each from an index of its own. */
export function idsNeedingAttention(filter: AttentionFilter, owner: Placeholder): SQL {
  if (filter !== 'any') return idsOf[filter](owner)
  const each = everyAttention.map((one) => sql`(${idsOf[one](owner)})`)
  return sql.join(each, sql` union `)
}

const day = 24 * 60 * 60 * 1000

/**
 * A scalar subquery where EXISTS would do: that may be planned as a hash of every such association there is, and this is
 * looked up for one row at a time.
 */
const bondThat = (condition: SQL) =>
  sql`coalesce((select true from associations bond where bond.credential_id = credentials.id and ${condition} limit 1), false)`

/** Written as the partial indexes have it, so that PostgreSQL knows them again. */
const signInRefused = sql`last_sign_in_code like 'auth.%'`
const paused = sql`paused_at is not null`
const expired = sql`expires_at <= now()`
const expiring = sql`expires_at > now() and expires_at <= now() + interval '30 days'`
const unused = sql`coalesce(last_used_at, created_at) < now() - interval '90 days'`

const conditions: Record<Attention, SQL> = {
  refused: sql`(${paused} or ${bondThat(signInRefused)})`,
  moved: bondThat(sql`moved_at is not null`),
  expired,
  expiring: sql`(${expiring})`,
  unused,
  'weak-tls': bondThat(sql`weak_tls`),
}

type Ids = (owner: Placeholder) => SQL
const credentialsThat = (condition: SQL): Ids => {
  return (owner) => sql`select id from credentials where owner_id = ${owner} and ${condition}`
}
const bondsThat = (condition: SQL): Ids => {
  return (owner) => sql`select credential_id as id from associations where owner_id = ${owner} and ${condition}`
}

const idsOf: Record<Attention, Ids> = {
  refused: (owner) => sql`${credentialsThat(paused)(owner)} union ${bondsThat(signInRefused)(owner)}`,
  moved: bondsThat(sql`moved_at is not null`),
  expired: credentialsThat(expired),
  expiring: credentialsThat(expiring),
  unused: credentialsThat(unused),
  'weak-tls': bondsThat(sql`weak_tls`),
}
