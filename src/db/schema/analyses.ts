import { sql } from 'drizzle-orm'
import { index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { datasets, datasetVersions } from './catalog.ts'
import { bytes, moment } from './columns.ts'

/** What was computed over stored versions: a profile of one, or how two of them differ. */
export const analyses = pgTable(
  'analyses',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    datasetId: uuid()
      .notNull()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    kind: text({ enum: ['profile', 'comparison'] }).notNull(),
    /** The version that is profiled, or the later one of two. */
    versionId: uuid()
      .notNull()
      .references(() => datasetVersions.id, { onDelete: 'cascade' }),
    /** What it is about, in one text: the same is not computed twice. */
    subject: text().notNull(),
    status: text({ enum: ['queued', 'running', 'completed', 'failed', 'cancelled'] }).notNull(),
    percent: integer().notNull().default(0),
    /** Of a completed one: JSON, sealed under a key of its own that derives from the dataset's. It holds values of rows. */
    result: bytes(),
    /** Why it failed or was cancelled, in sentences. */
    message: text(),
    createdBy: uuid().notNull(),
    createdAt: moment().notNull().defaultNow(),
    heartbeatAt: moment().notNull().defaultNow(),
    finishedAt: moment(),
    cancelRequestedAt: moment(),
  },
  (table) => [
    uniqueIndex('analyses_subject').on(table.subject),
    index('analyses_dataset').on(table.datasetId),
    index('analyses_version').on(table.versionId),
    index('analyses_open').on(table.status).where(sql`status in ('queued', 'running')`),
  ],
)

/** Which versions of other datasets a version was made from. They may be gone since, so nothing is referenced. */
export const datasetLineage = pgTable(
  'dataset_lineage',
  {
    versionId: uuid()
      .notNull()
      .references(() => datasetVersions.id, { onDelete: 'cascade' }),
    /** What the query calls it. */
    name: text().notNull(),
    inputId: uuid().notNull(),
    inputVersion: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.versionId, table.name] }), index('dataset_lineage_input').on(table.inputId)],
)
