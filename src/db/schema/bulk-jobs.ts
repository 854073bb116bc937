import { sql } from 'drizzle-orm'
import { index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { users } from './organizations.ts'

/** One action on many credentials, confirmed by the person who saw what it would do. */
export const bulkJobs = pgTable(
  'bulk_jobs',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    action: text({ enum: ['test', 'delete', 'transfer', 'expiry'] }).notNull(),
    /** Of a transfer. */
    newOwnerId: uuid(),
    /** Of an expiry; null clears it. */
    expiresAt: moment(),
    createdAt: moment().notNull().defaultNow(),
    startedAt: moment(),
    heartbeatAt: moment(),
    finishedAt: moment(),
    cancelRequestedAt: moment(),
  },
  (table) => [
    index('bulk_jobs_user').on(table.userId, table.createdAt),
    index('bulk_jobs_open').on(table.createdAt).where(sql`started_at is not null and finished_at is null`),
  ],
)

/** What became of each of its credentials, in the order in which they were chosen. */
export const bulkItems = pgTable(
  'bulk_items',
  {
    jobId: uuid()
      .notNull()
      .references(() => bulkJobs.id, { onDelete: 'cascade' }),
    position: integer().notNull(),
    credentialId: uuid().notNull(),
    /** As it was called when it was chosen: a deleted one has no other. */
    name: text().notNull(),
    state: text({ enum: ['waiting', 'done', 'failed', 'not attempted'] }).notNull(),
    /** Why it failed or was not attempted. */
    reason: text(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.position] })],
)
