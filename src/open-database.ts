import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { type Cluster, type ClusterOptions, clusterUrl, findCluster, startCluster } from './db/embedded/cluster.ts'
import { DirectoryHeld } from './db/embedded/data-lock.ts'
import { createKeywardDatabase, keywardDatabase } from './db/embedded/keyward-database.ts'
import { migrate } from './db/migrate.ts'
import type { Log } from './log.ts'

/** Where Keyward's own database is, started if it is ours. */
export type OpenedDatabase = {
  /** For the running server: may change rows, but not tables and not the ledger (if the roles were set up so). */
  readonly url: string
  /** For migrations. */
  readonly migrationUrl: string
  /** Null with DATABASE_URL. */
  readonly embedded: EmbeddedServer | null
  /** False where another process had it running: then it also has migrated it. */
  readonly started: boolean
  /** Stops what was started here; what was running before goes on. */
  close(): Promise<void>
}

/** The embedded server, for what makes other databases in it. */
export type EmbeddedServer = Pick<Cluster, 'host' | 'port' | 'directory' | 'home'> & { readonly superuserUrl: string }

/**
 * Finds or starts the database that `config` names. A `server` starts the embedded one and keeps it; a `command` uses a
 * running one, or starts it for the moment. Rejects with sentences for the operator.
 */
export async function openDatabase(config: Config, purpose: 'server' | 'command', log?: Log): Promise<OpenedDatabase> {
  if (config.database !== null) {
    return { ...config.database, embedded: null, started: true, close: async () => {} }
  }
  // Others may pass through, but not look: an account that PostgreSQL must run as reaches its folder that way.
  mkdirSync(config.dataDirectory, { recursive: true, mode: 0o711 })
  const directory = join(config.dataDirectory, 'postgres')
  const onEvent: ClusterOptions['onEvent'] = (event, error) => {
    if (event === 'not restarted') log?.error('embedded database not restarted', error)
    else log?.warn(`embedded database ${event}`)
  }
  const { cluster, started } = await findOrStart({ directory, purpose, onEvent })
  if (!started) return opened(cluster, false)
  try {
    await createKeywardDatabase(cluster)
    return opened(cluster, true)
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** A command that waits for another may find that a server was quicker; then it uses that one's. */
async function findOrStart(options: ClusterOptions): Promise<{ cluster: Cluster; started: boolean }> {
  const attempts = options.purpose === 'server' ? 1 : 5
  for (let attempt = 1; ; attempt++) {
    const running = options.purpose === 'server' ? undefined : await findCluster(options.directory)
    if (running !== undefined) return { cluster: running, started: false }
    try {
      return { cluster: await startCluster(options), started: true }
    } catch (error) {
      if (!(error instanceof DirectoryHeld) || attempt === attempts) throw error
    }
  }
}

/** Migrates and grants the running server's role what it needs. */
export async function migrateDatabase(database: OpenedDatabase): Promise<void> {
  const role = decodeURIComponent(new URL(database.url).username)
  await migrate(database.migrationUrl, role === '' ? undefined : role)
}

function opened(cluster: Cluster, started: boolean): OpenedDatabase {
  const { ownerUrl, appUrl } = keywardDatabase(cluster)
  const { host, port, directory, home } = cluster
  return {
    url: appUrl,
    migrationUrl: ownerUrl,
    embedded: { host, port, directory, home, superuserUrl: clusterUrl(cluster, cluster, 'postgres') },
    started,
    close: () => cluster.stop(),
  }
}
