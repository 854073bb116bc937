import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { datasets } from './catalog.ts'

/** A word that a dataset is found by. `tagKey` is what tags are compared by (`nameKey`). */
export const datasetTags = pgTable(
  'dataset_tags',
  {
    datasetId: uuid()
      .notNull()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    tag: text().notNull(),
    tagKey: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.datasetId, table.tagKey] }),
    index('dataset_tags_key').on(table.tagKey, table.datasetId),
  ],
)
