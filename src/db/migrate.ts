import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { packageRoot } from '../package-root.ts'
import { grantApplication, protectLedger } from './roles.ts'

/** One migration as drizzle's journal lists it; `when` is milliseconds since 1970 and decides what is applied. */
export type JournalEntry = { readonly idx: number; readonly when: number; readonly tag: string }

/**
 * Brings the database at `url` to this version's tables and protections. Processes that do so at once wait for each
 * other. `applicationRole`, if it is another role than the one in `url`, is then given what the running server needs and
 * nothing that could change the ledger. Throws `DatabaseNewer`, or what the database says.
 */
export async function migrate(url: string, applicationRole?: string): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 10 })
  try {
    // One connection, so the lock is on the session that migrates.
    await client`select pg_advisory_lock(${lockKey})`
    await refuseNewer(client)
    await applyMigrations(drizzle(client), { migrationsFolder: folder() })
    await protectLedger(client)
    if (applicationRole !== undefined) await grantApplication(client, applicationRole)
  } finally {
    await client.end({ timeout: 5 })
  }
}

/** Returns the migrations of this version, oldest first. */
export function journal(): JournalEntry[] {
  return JSON.parse(readFileSync(join(folder(), 'meta/_journal.json'), 'utf8')).entries
}

/** The database has been used by a later version of Keyward. */
export class DatabaseNewer extends Error {
  constructor() {
    super(
      'The database was migrated by a newer version of Keyward than this one. Start that version again, or restore a backup made before the upgrade.',
    )
  }
}

/** "keyward" in ASCII: the same number for every version, so that they exclude each other. */
const lockKey = '30229394876363364'

function folder(): string {
  return join(packageRoot(), 'drizzle')
}

async function refuseNewer(client: postgres.Sql): Promise<void> {
  const [table] = await client`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
  if (!table?.exists) return
  const [last] = await client`select max(created_at) as when from drizzle.__drizzle_migrations`
  if (Number(last?.when ?? 0) > (journal().at(-1)?.when ?? 0)) throw new DatabaseNewer()
}
