import { and, desc, eq, inArray, lt, type SQL, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Database } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { credentials } from '../db/schema/credentials.ts'
import { expiryReminders } from '../db/schema/expiry-reminders.ts'

/** One ledger entry of the actor's own, or of a reminder of one of their credentials, with the name of what it was about where that still exists. */
export type ActivityRow = {
  readonly sequence: number
  readonly time: Date
  readonly action: string
  readonly resourceType: string
  readonly resourceId: string | null
  readonly resourceName: string | null
  readonly outcome: 'allowed' | 'denied' | 'failed'
  readonly purpose: string | null
}

export type Activity = ReturnType<typeof createActivity>

const pageSize = 50

/** Reads from the ledger what the actor did, and what they were reminded of. */
export function createActivity(deps: { db: Database }) {
  return {
    /** Returns 50 entries, the newest first; `next` is the sequence before which the next page continues. */
    async list(actor: UserActor, before?: number): Promise<{ rows: readonly ActivityRow[]; next: number | null }> {
      const entries = auditEntries
      const found = await deps.db
        .select({
          sequence: entries.sequence,
          time: entries.time,
          action: entries.action,
          resourceType: entries.resourceType,
          resourceId: entries.resourceId,
          outcome: entries.outcome,
          purpose: entries.purpose,
          resourceName: nameOf(actor),
        })
        .from(entries)
        .where(
          sql`${entries.sequence} in (${pageOf(deps.db, eq(entries.actorId, actor.id), before)} union all ${pageOf(deps.db, remindersOf(deps.db, actor), before)})`,
        )
        .orderBy(desc(entries.sequence))
        .limit(pageSize + 1)
      const rows = found.slice(0, pageSize)
      return { rows, next: found.length > pageSize ? (rows.at(-1)?.sequence ?? null) : null }
    },
  }
}

/** Each kind by an index of its own, and no further than a page goes. */
function pageOf(db: Database, its: SQL | undefined, before: number | undefined) {
  const { sequence } = auditEntries
  return db
    .select({ sequence })
    .from(auditEntries)
    .where(and(its, before === undefined ? undefined : lt(sequence, before)))
    .orderBy(desc(sequence))
    .limit(pageSize + 1)
}

function remindersOf(db: Database, actor: UserActor): SQL | undefined {
  const reminded = db
    .selectDistinct({ id: sql<string>`${expiryReminders.credentialId}::text` })
    .from(expiryReminders)
    .innerJoin(credentials, eq(credentials.id, expiryReminders.credentialId))
    .where(eq(credentials.ownerId, actor.id))
  return and(
    eq(auditEntries.resourceType, 'credential'),
    inArray(auditEntries.resourceId, reminded),
    eq(auditEntries.action, 'credential.remind'),
  )
}

/** The present name of a credential, connection or dataset that the actor may see; null for what is gone or hidden. */
function nameOf(actor: UserActor) {
  const named = (table: string, type: string, orShared = sql``) =>
    sql`when audit_entries.resource_type = ${type} then (select name from ${sql.identifier(table)} where id::text = audit_entries.resource_id and (owner_id = ${actor.id} ${orShared}))`
  const shared = sql`or exists (select from connection_shares where connection_id = id and user_id = ${actor.id})`
  const sharedDataset = sql`or exists (select from dataset_shares where dataset_id = id and user_id = ${actor.id})`
  return sql<
    string | null
  >`case ${named('credentials', 'credential')} ${named('connections', 'connection', shared)} ${named('datasets', 'dataset', sharedDataset)} end`
}
