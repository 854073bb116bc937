import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type Cluster, clusterUrl, startCluster } from '../db/embedded/cluster.ts'
import { createKeywardDatabase } from '../db/embedded/keyward-database.ts'
import { readPasswords } from '../db/embedded/passwords.ts'
import { migrate } from '../db/migrate.ts'
import { withClient } from '../db/one-client.ts'

/** What the global setup tells every test file. */
export type TestServer = {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly superuser: { readonly user: string; readonly password: string }
  readonly owner: { readonly user: string; readonly password: string }
  readonly app: { readonly user: string; readonly password: string }
  /** The migrated database that tests clone. */
  readonly template: string
}

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer
  }
}

type Running = { readonly cluster: Cluster; readonly server: TestServer }

// Each vitest project runs this file, some in an instance of its own; the server is one for all of them.
const shared = globalThis as { keywardTestServer?: { users: number; running: Promise<Running> } }

/** Starts one PostgreSQL for the whole run, without regard for its durability, and migrates the template once. */
export async function setup(project: TestProject): Promise<void> {
  shared.keywardTestServer ??= { users: 0, running: start() }
  shared.keywardTestServer.users++
  project.provide('testServer', (await shared.keywardTestServer.running).server)
}

/** Stops the server and removes its files when the last project is done. */
export async function teardown(): Promise<void> {
  const current = shared.keywardTestServer
  if (current === undefined || --current.users > 0) return
  delete shared.keywardTestServer
  const { cluster } = await current.running
  await cluster.stop()
  rmSync(cluster.directory, { recursive: true, force: true })
}

async function start(): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-test-'))
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }
  const cluster = await startCluster({ directory, settings })
  const template = 'keyward_template'
  const { ownerUrl } = await createKeywardDatabase(cluster, template)
  await migrate(ownerUrl, 'keyward_app')
  await withClient(clusterUrl(cluster, cluster, 'postgres'), (client) =>
    client.query(`alter database ${template} is_template true allow_connections false`),
  )
  const passwords = readPasswords(directory, false)
  return {
    cluster,
    server: {
      host: cluster.host,
      port: cluster.port,
      superuser: { user: cluster.user, password: cluster.password },
      owner: { user: 'keyward_owner', password: passwords.owner },
      app: { user: 'keyward_app', password: passwords.app },
      template,
    },
  }
}
