import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytes, moment } from './columns.ts'
import { connections } from './connections.ts'
import { keyring } from './keyring.ts'
import { organizations, users } from './organizations.ts'

/** As a driver reports them; `at` is when (ISO 8601). */
export type SeenPrivileges = {
  readonly at: string
  readonly superuser: boolean | null
  readonly canWrite: boolean | null
}

export const credentials = pgTable(
  'credentials',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    ownerId: uuid()
      .notNull()
      .references(() => users.id),
    /** The *Account name*, as typed. */
    name: text().notNull(),
    /** Normalised (NFKC, folded): unique per owner, sorted and searched by. */
    nameKey: text().notNull(),
    type: text().notNull(),
    description: text().notNull().default(''),
    /** For display only: the sealed one is what signs in. Null where the type has none. */
    username: text(),
    currentVersion: integer().notNull(),
    revision: integer().notNull().default(1),
    createdAt: moment().notNull().defaultNow(),
    updatedAt: moment().notNull().defaultNow(),
    lastUsedAt: moment(),
    lastUsedBy: uuid(),
    lastUsedPurpose: text(),
    lastUsedConnectionId: uuid(),
  },
  (table) => [
    uniqueIndex('credentials_owner_name').on(table.ownerId, table.nameKey),
    index('credentials_owner_newest').on(table.ownerId, table.id),
    index('credentials_owner_used').on(table.ownerId, sql`coalesce(last_used_at, '-infinity'::timestamptz)`, table.id),
    index('credentials_organization').on(table.organizationId),
  ],
)

/** Every version of a credential's fields, sealed under a DEK of its own. */
export const credentialVersions = pgTable(
  'credential_versions',
  {
    credentialId: uuid()
      .notNull()
      .references(() => credentials.id, { onDelete: 'cascade' }),
    version: integer().notNull(),
    organizationId: uuid().notNull(),
    /** A sealed record whose key is the version's DEK (term 0). */
    payload: bytes().notNull(),
    createdAt: moment().notNull().defaultNow(),
    createdBy: uuid(),
    reason: text({ enum: ['created', 'edited', 'restored', 'rotated'] }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.credentialId, table.version] }),
    check(
      'payload_is_a_record',
      sql`octet_length(${table.payload}) between 98 and 70000 and get_byte(${table.payload}, 0) = 1`,
    ),
  ],
)

/** The bond credential–data connection, as people see it. What it permits is the grant. */
export const associations = pgTable(
  'associations',
  {
    credentialId: uuid()
      .notNull()
      .references(() => credentials.id, { onDelete: 'cascade' }),
    connectionId: uuid()
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    organizationId: uuid().notNull(),
    ownerId: uuid().notNull(),
    isDefault: boolean().notNull().default(false),
    /** The destination the owner agreed to, canonical text; compared with the connection's present one. */
    destination: text().notNull(),
    createdAt: moment().notNull().defaultNow(),
    lastSignInAt: moment(),
    lastSignInCode: text(),
    /** When the target last said that this account ends; of the version that signed in, so an edit forgets it. */
    learnedExpiresAt: moment(),
    /** What the account could do on the target at its last good sign-in, and at the look before that differed. */
    privileges: jsonb().$type<SeenPrivileges>(),
    previousPrivileges: jsonb().$type<SeenPrivileges>(),
  },
  (table) => [
    primaryKey({ columns: [table.credentialId, table.connectionId] }),
    uniqueIndex('associations_default').on(table.ownerId, table.connectionId).where(sql`is_default`),
    index('associations_connection').on(table.connectionId),
  ],
)

/** A DEK sealed under a term key for one purpose: the owner, or one association bound to its destination. */
export const grants = pgTable(
  'grants',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    credentialId: uuid().notNull(),
    version: integer().notNull(),
    purpose: text({ enum: ['owner', 'connection'] }).notNull(),
    connectionId: uuid(),
    keyTerm: integer()
      .notNull()
      .references(() => keyring.term, { onDelete: 'restrict' }),
    sealed: bytes().notNull(),
    createdAt: moment().notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      columns: [table.credentialId, table.version],
      foreignColumns: [credentialVersions.credentialId, credentialVersions.version],
    }).onDelete('cascade'),
    foreignKey({
      columns: [table.credentialId, table.connectionId],
      foreignColumns: [associations.credentialId, associations.connectionId],
    }).onDelete('cascade'),
    uniqueIndex('grants_owner').on(table.credentialId, table.version).where(sql`purpose = 'owner'`),
    uniqueIndex('grants_connection')
      .on(table.credentialId, table.version, table.connectionId)
      .where(sql`purpose = 'connection'`),
    index('grants_term').on(table.keyTerm),
    check('grant_purpose', sql`(${table.purpose} = 'connection') = (${table.connectionId} is not null)`),
    check(
      'grant_names_its_term',
      sql`octet_length(${table.sealed}) between 98 and 400 and get_byte(${table.sealed}, 0) = 1 and ${table.keyTerm} = (get_byte(${table.sealed}, 2)::bigint << 24) + (get_byte(${table.sealed}, 3) << 16) + (get_byte(${table.sealed}, 4) << 8) + get_byte(${table.sealed}, 5)`,
    ),
  ],
)
