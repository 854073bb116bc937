import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import type pg from 'pg'
import { OperatorError } from '../operator-error.ts'
import { packageRoot } from '../package-root.ts'
import { withClient } from './one-client.ts'
import { installQueue } from './queue-schema.ts'
import { grantApplication, protectLedger } from './roles.ts'

/** One migration as drizzle's journal lists it; `when` is milliseconds since 1970 and decides what is applied. */
export type JournalEntry = { readonly idx: number; readonly when: number; readonly tag: string }

/**
 * Brings the database at `url` to this version's tables and protections. Processes that do so at once wait for each
 * other. `applicationRole`, if it is another role than the one in `url`, is then given what the running server needs and
 * nothing that could change the ledger. Throws `DatabaseNewer`, or what the database says.
 */
export async function migrate(url: string, applicationRole?: string): Promise<void> {
  await withClient(url, async (client) => {
    // The lock is on the session that migrates, and goes with it.
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await refuseNewer(client)
    await applyMigrations(drizzle(client), { migrationsFolder: folder() })
    await protectLedger(client)
    await installQueue(client)
    if (applicationRole !== undefined) await grantApplication(client, applicationRole)
  })
}

/** Returns the migrations of this version, oldest first. */
export function journal(): JournalEntry[] {
  return JSON.parse(readFileSync(join(folder(), 'meta/_journal.json'), 'utf8')).entries
}

/** The database has been used by a later version of Keyward. */
export class DatabaseNewer extends OperatorError {
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

async function refuseNewer(client: pg.Client): Promise<void> {
  const applied = await client.query<{ exists: boolean }>(
    "select to_regclass('drizzle.__drizzle_migrations') is not null as exists",
  )
  if (!applied.rows[0]?.exists) return
  const last = await client.query<{ when: string | null }>(
    'select max(created_at) as when from drizzle.__drizzle_migrations',
  )
  if (Number(last.rows[0]?.when ?? 0) > (journal().at(-1)?.when ?? 0)) throw new DatabaseNewer()
}
