import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, pgTable, uuid } from 'drizzle-orm/pg-core'
import { datasets } from './catalog.ts'
import { bytes, moment } from './columns.ts'
import { keyring } from './keyring.ts'
import { organizations } from './organizations.ts'

/** The key that a dataset's snapshots are sealed under, itself sealed under a term key. Without its row nothing opens them. */
export const datasetKeys = pgTable(
  'dataset_keys',
  {
    datasetId: uuid()
      .primaryKey()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    organizationId: uuid().notNull(),
    keyTerm: integer()
      .notNull()
      .references(() => keyring.term, { onDelete: 'restrict' }),
    sealed: bytes().notNull(),
    createdAt: moment().notNull().defaultNow(),
  },
  (table) => [
    index('dataset_keys_term').on(table.keyTerm),
    check(
      'dataset_key_names_its_term',
      sql`octet_length(${table.sealed}) = 130 and get_byte(${table.sealed}, 0) = 1 and ${table.keyTerm} = (get_byte(${table.sealed}, 2)::bigint << 24) + (get_byte(${table.sealed}, 3) << 16) + (get_byte(${table.sealed}, 4) << 8) + get_byte(${table.sealed}, 5)`,
    ),
  ],
)

/**
 * What an organization's snapshots take, and may take. `bytes` and `versions` are kept by a trigger on `dataset_versions`:
 * those of completed versions whose file is there.
 */
export const organizationStorage = pgTable(
  'organization_storage',
  {
    organizationId: uuid()
      .primaryKey()
      .references(() => organizations.id),
    bytes: bigint({ mode: 'number' }).notNull().default(0),
    versions: integer().notNull().default(0),
    /** Null: what SNAPSHOT_QUOTA says. */
    limitBytes: bigint({ mode: 'number' }),
    limitChangedAt: moment(),
  },
  (table) => [check('limit_is_positive', sql`${table.limitBytes} >= 0`)],
)
