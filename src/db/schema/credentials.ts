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
    /** Name and username without case and accents: what the search box looks in. */
    searchKey: text().notNull().default(''),
    /** When the present version ends, and who says so: its owner, or a target at a good sign-in. */
    expiresAt: moment(),
    expirySource: text({ enum: ['set', 'learned'] }),
    /** The breaker: since when, by which refusal and on which connection nothing uses it by itself. */
    pausedAt: moment(),
    pausedCode: text(),
    pausedConnectionId: uuid(),
    /** While a person tries a paused one; nobody else does before then. */
    trialUntil: moment(),
    /** The maintenance window in which nothing uses it by itself. */
    heldFrom: moment(),
    heldUntil: moment(),
  },
  (table) => [
    index('credentials_owner_expires').on(table.ownerId, table.expiresAt).where(sql`expires_at is not null`),
    index('credentials_owner_paused').on(table.ownerId, table.id).where(sql`paused_at is not null`),
    index('credentials_expires').on(table.expiresAt).where(sql`expires_at is not null`),
    index('credentials_held').on(table.heldUntil).where(sql`held_until is not null`),
    uniqueIndex('credentials_owner_name').on(table.ownerId, table.nameKey),
    index('credentials_owner_newest').on(table.ownerId, table.id),
    index('credentials_owner_used').on(table.ownerId, sql`coalesce(last_used_at, '-infinity'::timestamptz)`, table.id),
    index('credentials_owner_ends').on(table.ownerId, sql`coalesce(expires_at, 'infinity'::timestamptz)`, table.id),
    index('credentials_owner_idle').on(table.ownerId, sql`coalesce(last_used_at, created_at)`),
    index('credentials_owner_type').on(table.ownerId, table.type, table.nameKey),
    index('credentials_organization').on(table.organizationId),
    /** What a search for any part goes by; the function is made by migration 0004 (docs/decisions/086). */
    index('credentials_search').using('gin', sql`search_grams(owner_id, search_key, 1)`),
  ],
)

/** Every version of a credential's fields, sealed under a DEK of its own: the present one, earlier ones, and pending ones. */
export const credentialVersions = pgTable(
  'credential_versions',
  {
    credentialId: uuid()
      .notNull()
      .references(() => credentials.id, { onDelete: 'cascade' }),
    version: integer().notNull(),
    organizationId: uuid().notNull(),
    /** A sealed record whose key is the version's DEK (term 0); null once it was erased, 30 days after it was replaced. */
    payload: bytes(),
    createdAt: moment().notNull().defaultNow(),
    createdBy: uuid(),
    reason: text({ enum: ['created', 'edited', 'restored', 'rotated'] }).notNull(),
    /** The version whose fields it has, where it was restored. */
    restoredFrom: integer(),
    /** Until when a pending version may become the present one; null for what is or was present. */
    pendingUntil: moment(),
    replacedAt: moment(),
    expiresAt: moment(),
    expirySource: text({ enum: ['set', 'learned'] }),
  },
  (table) => [
    primaryKey({ columns: [table.credentialId, table.version] }),
    index('credential_versions_pending').on(table.pendingUntil).where(sql`pending_until is not null`),
    index('credential_versions_replaced')
      .on(table.replacedAt)
      .where(sql`replaced_at is not null and payload is not null`),
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
    /** Since when the connection leads elsewhere than agreed, as far as Keyward changed it; a use compares again. */
    movedAt: moment(),
    /** Whether the agreed destination does without verified TLS. Nobody listens on the way to the same machine. */
    weakTls: boolean()
      .notNull()
      .generatedAlwaysAs(
        sql`destination not like '% tls=verify-full ca=%' and destination !~ '^[a-z0-9-]+://(localhost|127[.][0-9.]+|\\[::1\\]):'`,
      ),
  },
  (table) => [
    primaryKey({ columns: [table.credentialId, table.connectionId] }),
    uniqueIndex('associations_default').on(table.ownerId, table.connectionId).where(sql`is_default`),
    index('associations_connection').on(table.connectionId),
    index('associations_refused').on(table.ownerId, table.credentialId).where(sql`last_sign_in_code like 'auth.%'`),
    index('associations_moved').on(table.ownerId, table.credentialId).where(sql`moved_at is not null`),
    index('associations_weak').on(table.ownerId, table.credentialId).where(sql`weak_tls`),
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
