import { index, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { credentials } from './credentials.ts'
import { users } from './organizations.ts'

/** Who may use a credential on the connections that its owner associated. They never see, edit or associate it. */
export const credentialShares = pgTable(
  'credential_shares',
  {
    credentialId: uuid()
      .notNull()
      .references(() => credentials.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    organizationId: uuid().notNull(),
    createdAt: moment().notNull().defaultNow(),
    createdBy: uuid().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.credentialId, table.userId] }),
    index('credential_shares_user').on(table.userId),
  ],
)
