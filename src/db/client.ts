import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import * as schema from './schema/index.ts'

/** Keyward's own database. */
export type Database = NodePgDatabase<typeof schema> & { readonly $client: pg.Pool }
/** A transaction on it; whatever takes one runs inside its caller's. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]
/** For reads that do not care whether they run inside a transaction. `execute` gives `{ rows }`. */
export type Reader = Pick<Database, 'select' | 'execute'>

/** An open pool with its way out. */
export type Connected = {
  readonly db: Database
  /** Waits up to five seconds for running statements, then closes every connection. */
  close(): Promise<void>
}

/**
 * Opens a pool of at most `connections` on `url` (`postgres://…`). Connects lazily. A connection that the server or the
 * network ends fails what ran on it and nothing else: the pool opens another. (docs/decisions/020)
 */
export function connect(url: string, connections = 10): Connected {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 300_000,
    keepAlive: true,
    application_name: 'keyward',
  })
  const open = new Set<pg.PoolClient>()
  pool.on('connect', (client) => {
    open.add(client)
    // Without a listener the loss of a connection between two statements of a transaction would end the process.
    client.on('error', () => {})
  })
  pool.on('remove', (client) => void open.delete(client))
  pool.on('error', () => {})
  const db = drizzle(pool, { schema, casing: 'snake_case' })
  db.transaction = transactionsOn(pool)
  return { db, close: () => closePool(pool, open) }
}

/**
 * Returns `transaction` with its connection given back in every case. Drizzle's own keeps it for ever when BEGIN fails, as
 * it does on a connection that died in the pool; ten of those and the pool is empty.
 */
function transactionsOn(pool: pg.Pool): Database['transaction'] {
  const databases = new WeakMap<pg.PoolClient, Database>()
  return async (work, config) => {
    const client = await pool.connect()
    const db = databases.get(client) ?? (drizzle(client, { schema, casing: 'snake_case' }) as unknown as Database)
    databases.set(client, db)
    try {
      return await db.transaction(work, config)
    } finally {
      // The pool sees by itself whether the connection is still good.
      client.release()
    }
  }
}

async function closePool(pool: pg.Pool, open: ReadonlySet<pg.PoolClient>): Promise<void> {
  const impatient = setTimeout(() => {
    for (const client of open) void (client as unknown as pg.Client).end().catch(() => {})
  }, 5_000)
  await pool.end()
  clearTimeout(impatient)
}
