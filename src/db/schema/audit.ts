import { bigint, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, moment } from './columns.ts'

/** The ledger: append-only, chained, keyed. No column has room for a secret. No foreign keys: it outlives what it names. */
export const auditEntries = pgTable(
  'audit_entries',
  {
    /** Without gaps, from 1. */
    sequence: bigint({ mode: 'number' }).primaryKey(),
    time: moment().notNull(),
    actorKind: text({ enum: ['user', 'system', 'anonymous'] }).notNull(),
    actorId: uuid(),
    actorAddress: text(),
    action: text().notNull(),
    resourceType: text().notNull(),
    resourceId: text(),
    organizationId: uuid(),
    outcome: text({ enum: ['allowed', 'denied', 'failed'] }).notNull(),
    /** Why a secret was used: test, browse, preview, snapshot of a dataset … */
    purpose: text(),
    requestId: text(),
    runId: uuid(),
    instance: text().notNull(),
    /** Ids and counts that belong to the action. */
    details: jsonb().$type<Record<string, string | number | boolean | null>>().notNull(),
    previousHash: bytes().notNull(),
    hash: bytes().notNull(),
    mac: bytes().notNull(),
  },
  (table) => [
    index('audit_resource').on(table.resourceType, table.resourceId, table.sequence),
    index('audit_actor').on(table.actorId, table.sequence),
  ],
)
