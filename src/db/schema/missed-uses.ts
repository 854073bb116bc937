import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { connections } from './connections.ts'
import { credentials } from './credentials.ts'

/** What would have used a credential by itself while it was paused or held. */
export const missedUses = pgTable(
  'missed_uses',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    credentialId: uuid()
      .notNull()
      .references(() => credentials.id, { onDelete: 'cascade' }),
    connectionId: uuid()
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    /** What it was for, as the ledger says it. */
    purpose: text().notNull(),
    because: text({ enum: ['paused', 'held'] }).notNull(),
    firstAt: moment().notNull(),
    lastAt: moment().notNull(),
    times: integer().notNull().default(1),
    /** When it was made up for, or the pause ended. */
    closedAt: moment(),
  },
  (table) => [
    uniqueIndex('missed_uses_open')
      .on(table.credentialId, table.connectionId, table.purpose, table.because)
      .where(sql`closed_at is null`),
    index('missed_uses_credential').on(table.credentialId, table.lastAt),
  ],
)
