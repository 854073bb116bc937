import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
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
  },
  (table) => [
    uniqueIndex('connections_owner_name').on(table.ownerId, table.nameKey),
    index('connections_organization').on(table.organizationId),
  ],
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
