import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { organizations, users } from './organizations.ts'

export const connections = pgTable(
  'connections',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    ownerId: uuid()
      .notNull()
      .references(() => users.id),
    name: text().notNull(),
    nameKey: text().notNull(),
    driver: text().notNull(),
    /** By `FieldSpec` id. Never a secret. */
    parameters: jsonb().$type<Record<string, string>>().notNull(),
    revision: integer().notNull().default(1),
    createdAt: moment().notNull().defaultNow(),
    updatedAt: moment().notNull().defaultNow(),
    lastSignInAt: moment(),
    lastSignInCode: text(),
    /** How often its owner has it tried by itself, and with which of their accounts; null for never. */
    healthMinutes: integer(),
    healthCredentialId: uuid(),
    healthNextAt: moment(),
  },
  (table) => [
    index('connections_health').on(table.healthNextAt).where(sql`health_next_at is not null`),
    uniqueIndex('connections_owner_name').on(table.ownerId, table.nameKey),
    index('connections_organization').on(table.organizationId),
  ],
)

/** Who else may work with a connection, and how: `consumer` uses it, `editor` also changes it, `owner` does all. */
export const connectionShares = pgTable(
  'connection_shares',
  {
    connectionId: uuid()
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    organizationId: uuid().notNull(),
    role: text({ enum: ['consumer', 'editor', 'owner'] }).notNull(),
    createdAt: moment().notNull().defaultNow(),
    createdBy: uuid().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.connectionId, table.userId] }),
    index('connection_shares_user').on(table.userId),
  ],
)

/** What came of each sign-in that nobody asked for. */
export const connectionHealth = pgTable(
  'connection_health',
  {
    connectionId: uuid()
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    at: moment().notNull().defaultNow(),
    code: text().notNull(),
    milliseconds: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.connectionId, table.at] })],
)

/** One climb of the diagnosis ladder, kept so that its page can be shown again. */
export const signIns = pgTable(
  'sign_ins',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    connectionId: uuid()
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    /** Null where the credentials were typed and forgotten. */
    credentialId: uuid(),
    userId: uuid().notNull(),
    /** What the page calls the account: a stored account's name, or the username typed. */
    accountName: text().notNull(),
    code: text().notNull(),
    diagnosis: jsonb().$type<unknown>().notNull(),
    startedAt: moment().notNull().defaultNow(),
  },
  (table) => [index('sign_ins_connection').on(table.connectionId, table.startedAt)],
)
