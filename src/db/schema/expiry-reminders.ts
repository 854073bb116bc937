import { foreignKey, integer, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { credentialVersions } from './credentials.ts'

/** That a reminder of an expiry was given: once for each version, date and number of days, by whichever process. */
export const expiryReminders = pgTable(
  'expiry_reminders',
  {
    credentialId: uuid().notNull(),
    version: integer().notNull(),
    expiresAt: moment().notNull(),
    /** 30, 7 or 1; 0 when it has expired. */
    days: integer().notNull(),
    organizationId: uuid().notNull(),
    at: moment().notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.credentialId, table.version, table.expiresAt, table.days] }),
    foreignKey({
      columns: [table.credentialId, table.version],
      foreignColumns: [credentialVersions.credentialId, credentialVersions.version],
    }).onDelete('cascade'),
  ],
)
