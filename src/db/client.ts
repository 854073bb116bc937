import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema/index.ts'

/** Keyward's own database. */
export type Database = PostgresJsDatabase<typeof schema>
/** A transaction on it; whatever takes one runs inside its caller's. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]
/** For reads that do not care whether they run inside a transaction. */
export type Reader = Pick<Database, 'select' | 'execute'>

/** An open pool with its way out. */
export type Connected = {
  readonly db: Database
  /** Waits up to five seconds for running statements, then closes every connection. */
  close(): Promise<void>
}

/** Opens a pool of at most `connections` on `url` (`postgres://…`). Connects lazily; notices are dropped. */
export function connect(url: string, connections = 10): Connected {
  const client = postgres(url, {
    max: connections,
    connect_timeout: 10,
    idle_timeout: 300,
    onnotice: () => {},
    connection: { application_name: 'keyward' },
  })
  return { db: drizzle(client, { schema, casing: 'snake_case' }), close: () => client.end({ timeout: 5 }) }
}
