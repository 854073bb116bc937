import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { datasets } from './catalog.ts'
import { moment } from './columns.ts'
import { users } from './organizations.ts'

/** Who else may work with a dataset, and how: `consumer` reads it, `editor` also changes and refreshes it, `owner` does all. */
export const datasetShares = pgTable(
  'dataset_shares',
  {
    datasetId: uuid()
      .notNull()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    organizationId: uuid().notNull(),
    role: text({ enum: ['consumer', 'editor', 'owner'] }).notNull(),
    createdAt: moment().notNull().defaultNow(),
    createdBy: uuid().notNull(),
  },
  (table) => [primaryKey({ columns: [table.datasetId, table.userId] }), index('dataset_shares_user').on(table.userId)],
)
