import { type SQL, sql } from 'drizzle-orm'
import { notifications } from '../db/schema/notifications.ts'

/** So many unread ones are counted; one more means "more than". It keeps the count short, which every page waits for. */
export const mostCounted = 99

/** Returns, as SQL, how many notifications a user has not read, at most one more than `mostCounted`: read along with them. */
export function unreadSql(userId: unknown): SQL<number> {
  const unread = sql`${notifications.userId} = ${userId} and (${notifications.readAt} is null) = true`
  return sql<number>`(select count(*)::int from (select from ${notifications} where ${unread} limit ${sql.raw(String(mostCounted + 1))}) unread)`
}
