import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { bytes, moment } from './columns.ts'

/** Term keys by number. A row whose purpose is `audit` keys the ledger; one whose purpose is `records` seals grants. */
export const keyring = pgTable('keyring', {
  term: integer().primaryKey(),
  purpose: text({ enum: ['records', 'audit'] }).notNull(),
  state: text({ enum: ['staged', 'active', 'decrypt-only', 'retired'] }).notNull(),
  createdAt: moment().notNull().defaultNow(),
})

/** A term key wrapped by one KEK; a term may be wrapped by several while a KEK is being replaced. */
export const keyringWraps = pgTable(
  'keyring_wraps',
  {
    term: integer()
      .notNull()
      .references(() => keyring.term, { onDelete: 'restrict' }),
    fingerprint: text().notNull(),
    wrapped: bytes().notNull(),
    createdAt: moment().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.term, table.fingerprint] })],
)
