import { type SQL, sql } from 'drizzle-orm'

/** Counts the schedules that sign in with a credential, by the index over their account: SQL about that column. */
export function schedulesWith(credentialId: SQL, condition: SQL = sql`true`): SQL<number> {
  return sql`(select count(*)::int from schedules planned join datasets d on d.id = planned.dataset_id
    where planned.credential_id = ${credentialId} and d.deleted_at is null and ${condition})`
}
