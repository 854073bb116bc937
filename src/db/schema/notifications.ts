import { sql } from 'drizzle-orm'
import { boolean, index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { users } from './organizations.ts'

/** What a person is told: the lines behind the bell. No names, for what they may see can change. */
export const notifications = pgTable(
  'notifications',
  {
    /** Of UUID version 7: their order is the order in which they came. */
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    event: text().notNull(),
    /** What makes it the same one, so that it is told once whoever tells it. */
    key: text().notNull(),
    resourceType: text({ enum: ['dataset', 'credential', 'connection'] }).notNull(),
    resourceId: uuid().notNull(),
    /** The person who did it, if one did. */
    byId: uuid(),
    /** Numbers, moments and ids, never a secret. */
    details: jsonb().$type<Record<string, string | number | boolean | null>>().notNull(),
    createdAt: moment().notNull().defaultNow(),
    readAt: moment(),
    /** Whether e-mail and webhook are still to be thought of. */
    pending: boolean().notNull().default(true),
  },
  (table) => [
    uniqueIndex('notifications_once').on(table.userId, table.event, table.key),
    index('notifications_list').on(table.userId, sql`(read_at is null)`, table.id),
    index('notifications_pending').on(table.id).where(sql`pending`),
    index('notifications_created').on(table.createdAt),
  ],
)

/** Where somebody wants other e-mails than everybody gets. */
export const notificationChoices = pgTable(
  'notification_choices',
  {
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    topic: text().notNull(),
    email: boolean().notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.topic] })],
)
