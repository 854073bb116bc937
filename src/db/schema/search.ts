import { sql } from 'drizzle-orm'
import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { datasets } from './catalog.ts'
import { connections } from './connections.ts'

// What things that are shared are found by. The parts of their texts are indexed once for each person who may see them,
// as numbers that are this person's own, so that a search takes as long as what they may see is much (docs/decisions/100).
// The function is made by the migration that made these tables. Who may see what is decided by the shares, not here.

/** Of a dataset. Each text stands on a line of its own, folded, between line breaks. */
export const datasetSearch = pgTable(
  'dataset_search',
  {
    datasetId: uuid()
      .primaryKey()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    viewers: uuid().array().notNull(),
    textKey: text().notNull(),
    /** The columns of its latest version. */
    columnsKey: text().notNull(),
  },
  () => [
    index('dataset_search_text').using('gin', sql`viewers_grams(viewers, text_key)`),
    index('dataset_search_columns').using('gin', sql`viewers_grams(viewers, columns_key)`),
  ],
)

/** Of a data connection. */
export const connectionSearch = pgTable(
  'connection_search',
  {
    connectionId: uuid()
      .primaryKey()
      .references(() => connections.id, { onDelete: 'cascade' }),
    viewers: uuid().array().notNull(),
    textKey: text().notNull(),
  },
  () => [index('connection_search_text').using('gin', sql`viewers_grams(viewers, text_key)`)],
)
