import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'

/** What is to be told outside Keyward: written with the event, sent afterwards, and tried again until it is taken. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    channel: text({ enum: ['webhook', 'email'] }).notNull(),
    /** Of an e-mail. */
    recipient: text(),
    /** What an e-mail is about: it is sent as long as that concerns its reader. Null in those that earlier versions wrote. */
    notificationId: uuid(),
    event: text().notNull(),
    /** Names and dates, never a secret. */
    body: jsonb().$type<Record<string, string | number | boolean | null>>().notNull(),
    createdAt: moment().notNull().defaultNow(),
    attempts: integer().notNull().default(0),
    /** Null once it was taken or given up. */
    nextAttemptAt: moment(),
    deliveredAt: moment(),
    /** A sentence without what the other side sent. */
    lastError: text(),
  },
  (table) => [index('deliveries_due').on(table.nextAttemptAt).where(sql`next_attempt_at is not null`)],
)
