import { boolean, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytes, moment } from './columns.ts'

/** One row: the identity of this installation. It is part of what every sealed record is bound to. */
export const deployment = pgTable('deployment', {
  id: uuid().primaryKey(),
  createdAt: moment().notNull().defaultNow(),
})

export const organizations = pgTable('organizations', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  createdAt: moment().notNull().defaultNow(),
})

export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    /** As typed, for display. */
    email: text().notNull(),
    /** Normalised (NFKC, lower case): what is compared. */
    emailKey: text().notNull(),
    name: text().notNull(),
    role: text({ enum: ['member', 'administrator'] }).notNull(),
    passwordHash: text().notNull(),
    disabledAt: moment(),
    revision: integer().notNull().default(1),
    createdAt: moment().notNull().defaultNow(),
  },
  (table) => [uniqueIndex('users_email_key').on(table.emailKey)],
)

export const sessions = pgTable(
  'sessions',
  {
    /** SHA-256 of the bearer token, in hex. The token itself is nowhere. */
    id: text().primaryKey(),
    /** What pages and logs may show of a session. */
    publicId: uuid().notNull().unique(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: moment().notNull().defaultNow(),
    /** When the owner last proved their password; recent proof is asked for before a destination is confirmed. */
    authenticatedAt: moment().notNull().defaultNow(),
    /** Sliding: 60 minutes after the last request. */
    expiresAt: moment().notNull(),
    /** Fixed: 12 hours after sign-in. */
    endsAt: moment().notNull(),
    address: text(),
  },
  (table) => [index('sessions_user').on(table.userId)],
)

/** One-time addresses printed on the console, kept as a hash. */
export const setupTokens = pgTable('setup_tokens', {
  hash: bytes().primaryKey(),
  createdAt: moment().notNull().defaultNow(),
  usedAt: moment(),
})

/** Counters of failed sign-ins, shared by every process. The key is a digest of account or address. */
export const throttles = pgTable('throttles', {
  key: text().primaryKey(),
  failures: integer().notNull(),
  windowEndsAt: moment().notNull(),
})

export const features = pgTable(
  'features',
  {
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    feature: text({ enum: ['stored_credentials'] }).notNull(),
    enabled: boolean().notNull(),
    changedAt: moment().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.feature] })],
)

/** What one user gets instead of their organization's setting. */
export const featureExceptions = pgTable(
  'feature_exceptions',
  {
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    feature: text({ enum: ['stored_credentials'] }).notNull(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    enabled: boolean().notNull(),
    changedAt: moment().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.feature, table.userId] })],
)
