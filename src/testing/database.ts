import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { connect, type Database } from '../db/client.ts'
import { clusterUrl } from '../db/embedded/cluster.ts'
import { withClient } from '../db/one-client.ts'
import type { TestServer } from './global-setup.ts'

/** A migrated, empty database of one test. */
export type TestDatabase = {
  /** Connected as the running server is: the role `keyward_app`. */
  readonly db: Database
  readonly url: string
  /** The role that owns the tables; the ledger's trigger stops it too, unless it disables the trigger. */
  readonly ownerUrl: string
  close(): Promise<void>
}

/** Clones the template into a database of its own; safe from any number of test files at once. */
export async function testDatabase(): Promise<TestDatabase> {
  const { superuserUrl, template, server } = testCluster()
  const run = (statement: string) => withClient(superuserUrl, (client) => client.query(statement))
  const name = `keyward_test_${randomBytes(6).toString('hex')}`
  await run(`create database ${name} template ${template} owner keyward_owner`)
  const url = clusterUrl(server, server.app, name)
  const { db, close } = connect(url, 4)
  return {
    db,
    url,
    ownerUrl: clusterUrl(server, server.owner, name),
    close: async () => {
      await close()
      await run(`drop database ${name} with (force)`)
    },
  }
}

/** The PostgreSQL of this test run, to make other databases and roles in: a target for connectors, for example. */
export function testCluster(): {
  readonly host: string
  readonly port: number
  readonly superuserUrl: string
  readonly template: string
  readonly server: TestServer
} {
  const server = inject('testServer')
  return {
    host: server.host,
    port: server.port,
    superuserUrl: clusterUrl({ host: '127.0.0.1', port: server.port }, server.superuser, 'postgres'),
    template: server.template,
    server,
  }
}
