import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { connections } from './connections.ts'
import { organizations, users } from './organizations.ts'

/** How much of a table is taken, at random; the same `seed` takes the same rows again where the data store allows that. */
export type DatasetSample = {
  readonly of: 'percent' | 'rows'
  readonly amount: number
  readonly seed: number
}

export type DatasetSource =
  | { readonly kind: 'table'; readonly schema: string; readonly table: string; readonly sample?: DatasetSample }
  | { readonly kind: 'query'; readonly query: string }

/** A dataset that a query over datasets reads, and the name by which it does. */
export type DatasetInput = { readonly name: string; readonly datasetId: string }

export type DatasetColumn = { readonly name: string; readonly type: string }

/** How the columns of a version differ from those of the version before it. */
export type Drift = {
  readonly added: readonly DatasetColumn[]
  readonly removed: readonly DatasetColumn[]
  readonly changed: readonly { readonly name: string; readonly from: string; readonly to: string }[]
}

export const datasets = pgTable(
  'datasets',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    ownerId: uuid()
      .notNull()
      .references(() => users.id),
    name: text().notNull(),
    description: text().notNull().default(''),
    /** Nothing is stored of it: its rows are read from the connection at each look, and it has no versions. */
    isDynamic: boolean().notNull().default(false),
    /** Those that were added together, for the page that shows how far they are; null for what was added before. */
    additionId: uuid(),
    /** Null once the connection was deleted and the dataset kept: its versions stay, it cannot be refreshed. */
    connectionId: uuid().references(() => connections.id, { onDelete: 'set null' }),
    /** The stored account chosen for it; null where the credentials were typed and forgotten, or deleted since. */
    credentialId: uuid(),
    source: jsonb().$type<DatasetSource>().notNull(),
    /** What the names in the query of a combined dataset stood for when it was saved; null for every other dataset. */
    inputs: jsonb().$type<readonly DatasetInput[]>(),
    rowLimit: integer(),
    revision: integer().notNull().default(1),
    createdAt: moment().notNull().defaultNow(),
    /** Since when it is among the deleted datasets, which keep everything for 30 days. */
    deletedAt: moment(),
    /** Since when it is deleted for good; its row goes with the last of its files. */
    erasedAt: moment(),
  },
  (table) => [
    index('datasets_owner').on(table.ownerId, table.createdAt),
    index('datasets_connection').on(table.connectionId),
    index('datasets_credential').on(table.credentialId),
    index('datasets_addition').on(table.additionId),
    index('datasets_deleted').on(table.deletedAt).where(sql`deleted_at is not null`),
  ],
)

/** One pull of a dataset. Rows, columns and size are final only when it is `completed`. */
export const datasetVersions = pgTable(
  'dataset_versions',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    datasetId: uuid()
      .notNull()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    number: integer().notNull(),
    /** A `deleted` one keeps its row, so that its number is not given again, and is nowhere to be seen. */
    status: text({ enum: ['queued', 'running', 'completed', 'failed', 'cancelled', 'deleted'] }).notNull(),
    /** Who asked for it, and by which account (a stored account's name, or the username typed). */
    createdBy: uuid().notNull(),
    credentialId: uuid(),
    accountName: text().notNull(),
    runId: uuid().notNull(),
    rows: bigint({ mode: 'number' }).notNull().default(0),
    /** Read from the source so far, in bytes; of the stored file once completed. */
    bytes: bigint({ mode: 'number' }).notNull().default(0),
    columns: jsonb().$type<DatasetColumn[]>(),
    /** Null where there is none, or no version before. */
    drift: jsonb().$type<Drift>(),
    /** File name under the snapshot store, from the moment it may exist until it is known to be gone. */
    file: text(),
    code: text(),
    message: text(),
    /** The ladder of a run that the target refused, as its page shows it. */
    diagnosis: jsonb().$type<unknown>(),
    createdAt: moment().notNull().defaultNow(),
    startedAt: moment(),
    /** Written at most once a second while running; an old one means that the process has died. */
    heartbeatAt: moment(),
    finishedAt: moment(),
    cancelRequestedAt: moment(),
    /** Who asked for its end. */
    cancelRequestedBy: uuid(),
  },
  (table) => [
    uniqueIndex('dataset_versions_number').on(table.datasetId, table.number),
    index('dataset_versions_open').on(table.status).where(sql`status in ('queued', 'running')`),
    /** For the sweep: files that a failed, cancelled or deleted version has left. */
    index('dataset_versions_left')
      .on(table.status)
      .where(sql`file is not null and status in ('failed', 'cancelled', 'deleted')`),
    /** For the administrators' page: what an organization's datasets take. */
    index('dataset_versions_stored')
      .on(table.organizationId, table.datasetId, table.bytes)
      .where(sql`file is not null and status = 'completed'`),
  ],
)
