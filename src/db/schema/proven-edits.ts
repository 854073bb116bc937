import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { connections } from './connections.ts'
import { credentials } from './credentials.ts'

/** An edit whose secret is a pending version, tried before it becomes the present one. */
export const provenEdits = pgTable(
  'proven_edits',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    credentialId: uuid()
      .notNull()
      .references(() => credentials.id, { onDelete: 'cascade' }),
    /** The pending version; no foreign key, for a discarded or expired one is erased and the edit is remembered. */
    version: integer().notNull(),
    /** What it was made from; applying it to anything newer is a conflict. */
    baseVersion: integer().notNull(),
    baseRevision: integer().notNull(),
    name: text().notNull(),
    nameKey: text().notNull(),
    description: text().notNull(),
    username: text(),
    state: text({ enum: ['trying', 'tried', 'applied', 'split', 'discarded', 'expired'] }).notNull(),
    createdBy: uuid().notNull(),
    createdAt: moment().notNull().defaultNow(),
    /** An hour after it was made. */
    expiresAt: moment().notNull(),
    /** Written at most once a second while its trials run; an old one means that the process has died. */
    heartbeatAt: moment(),
    decidedAt: moment(),
    decidedBy: uuid(),
    /** The credential that keeps the old secret after a split. */
    splitCredentialId: uuid(),
  },
  (table) => [
    index('proven_edits_credential').on(table.credentialId, table.createdAt),
    index('proven_edits_open').on(table.expiresAt).where(sql`state in ('trying', 'tried')`),
  ],
)

/** One connection, or one dataset of it, on which an edit is tried. */
export const provenEditTrials = pgTable(
  'proven_edit_trials',
  {
    id: uuid().primaryKey(),
    editId: uuid()
      .notNull()
      .references(() => provenEdits.id, { onDelete: 'cascade' }),
    connectionId: uuid()
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    /** Null for the sign-in itself. */
    datasetId: uuid(),
    /** `ok`, a diagnosis code, or null while it is not known. */
    oldCode: text(),
    newCode: text(),
    oldDiagnosis: jsonb().$type<unknown>(),
    newDiagnosis: jsonb().$type<unknown>(),
    finishedAt: moment(),
  },
  (table) => [
    uniqueIndex('proven_edit_trials_sign_in').on(table.editId, table.connectionId).where(sql`dataset_id is null`),
    uniqueIndex('proven_edit_trials_dataset').on(table.editId, table.datasetId).where(sql`dataset_id is not null`),
  ],
)
