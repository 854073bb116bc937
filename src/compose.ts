import { hostname } from 'node:os'
import { createLedger, type Ledger } from './audit/ledger.ts'
import type { Config } from './config.ts'
import { connect, type Database } from './db/client.ts'
import { type Keys, loadKeys } from './keys/key-store.ts'
import { loadKeks } from './load-keks.ts'
import type { Log } from './log.ts'
import { migrateDatabase, type OpenedDatabase, openDatabase } from './open-database.ts'

/** What the server and the local commands both stand on. */
export type Composition = {
  readonly database: OpenedDatabase
  readonly db: Database
  readonly keys: Keys
  readonly ledger: Ledger
  /** The key file that was made just now, if one was. */
  readonly newKekFile: string | null
  /** Closes the pool, then stops the embedded server if it was started here. */
  close(): Promise<void>
}

/**
 * Opens and migrates the database and loads the keys. When anything fails, what was started is stopped and it rejects; the
 * operator is told by `failureSentence`.
 */
export async function compose(config: Config, purpose: 'server' | 'command', log?: Log): Promise<Composition> {
  const database = await openDatabase(config, purpose, log)
  const pool = connect(database.url)
  const close = async () => {
    await pool.close()
    await database.close()
  }
  try {
    if (database.started) await migrateDatabase(database)
    const { keks, newFile } = await loadKeks(config.kek, pool.db)
    const keys = await loadKeys(pool.db, keks)
    const ledger = createLedger({ key: keys.auditKey, instance: `${hostname()}:${process.pid}` })
    return { database, db: pool.db, keys, ledger, newKekFile: newFile, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Composes for `work` and closes afterwards, whatever happens. */
export async function composed<T>(config: Config, work: (composition: Composition) => Promise<T>): Promise<T> {
  const composition = await compose(config, 'command')
  try {
    return await work(composition)
  } finally {
    await composition.close()
  }
}

/** Opens the database for `work`, without keys, so that it also serves where the right one is missing; closes it after. */
export async function withDatabase<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(config, 'command')
  const pool = connect(database.url, 2)
  try {
    if (database.started) await migrateDatabase(database)
    return await work(pool.db)
  } finally {
    await pool.close()
    await database.close()
  }
}
