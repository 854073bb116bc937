import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { UserActor } from '../access/actor.ts'
import { createLedger } from '../audit/ledger.ts'
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import { parsePolicy } from '../connector/egress-policy.ts'
import { createConnector } from '../connector/pool.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { packageRoot } from '../package-root.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices } from '../services.ts'
import type { FileStore } from '../storage/file-store.ts'
import { addOrganization, addUser } from './actors.ts'
import { bundleProgram } from './bundle-program.ts'
import { testCluster, testDatabase } from './database.ts'
import type { SnapshotProcessOrder } from './snapshot-order.ts'

/** In every row of the table `numbers`, and nowhere else. */
export const canary = 'canary-5a0c-of-the-numbers'

export type ImportScene = Awaited<ReturnType<typeof importScene>>

/**
 * A catalog that imports from a real PostgreSQL with the tables `types`, `numbers` (a million rows) and `forbidden`, and a
 * program that does the same in a process of its own. `files` makes another store than the folder.
 */
export async function importScene(files: (directory: string) => FileStore | undefined = () => undefined) {
  const source = `keyward_source_${randomBytes(6).toString('hex')}`
  const [kek, password] = [randomBytes(32), randomBytes(18).toString('base64url')]
  const { policy } = parsePolicy('self-managed', '127.0.0.1', '')
  const workerFile = join(packageRoot(), 'dist/worker.cjs')
  const directory = mkdtempSync(join(tmpdir(), 'keyward-imports-'))
  await makeSource(source, password)
  const [database, processFile] = [await testDatabase(), await bundleProgram('src/testing/snapshot-process.ts')]
  const { db } = database
  const keys = await loadKeys(db, [kekFromKey(kek)])
  const ledger = createLedger({ key: keys.auditKey, instance: 'test' })
  const connector = createConnector({ policy, workerFile })
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress: policy })
  const actor = await addUser(db, await addOrganization(db, 'Acme'), 'Ada')
  const connectionId = await connect(services, actor, source)
  const store = files(directory)
  const log = createLog({ level: 'silent' })
  const catalog = createCatalog({
    ...{ db, ...services, directory, log, beatMilliseconds: 50 },
    ...(store === undefined ? {} : { files: store }),
  })

  return {
    ...{ database, db, actor, catalog, directory, processFile },

    /** Begins a snapshot of a table; resolves with the dataset. */
    async create(table: string, rowLimit: number | null = null): Promise<string> {
      const fields = { username: new Secret(source), password: new Secret(password) }
      const [id = ''] = await catalog.datasets.create(actor, {
        connectionId,
        account: { kind: 'typed', type: 'basic', fields },
        items: [{ name: table, source: { kind: 'table', schema: 'public', table } }],
        rowLimit,
      })
      return id
    },

    /** What the process of `processFile` takes to make a snapshot of `numbers`. */
    order(): SnapshotProcessOrder {
      return {
        ...{
          databaseUrl: database.url,
          kek: kek.toString('base64'),
          policy,
          workerFile,
          directory,
          actor,
          connectionId,
        },
        ...{ username: source, password, table: 'numbers' },
      }
    },

    /** Names of the files on this machine's disk. */
    filesLeft: () =>
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort(),

    async close(): Promise<void> {
      await catalog.close()
      await connector.close()
      await database.close()
      await asSuperuser('postgres', `drop database ${source} with (force)`, `drop role ${source}`)
      rmSync(directory, { recursive: true })
      rmSync(processFile)
    },
  }
}

/** Reads the newest version of a scene's newest dataset once it has ended. */
export async function latestOf({ catalog, actor }: Pick<ImportScene, 'actor'> & { catalog: Catalog }) {
  const [latest] = (await catalog.datasetListing.list(actor)).rows
  return { id: latest?.id ?? '', status: latest?.version?.status }
}

/** Deletes a dataset of the scene for good, with its files. */
export async function deleteForGood({ catalog, actor }: Pick<ImportScene, 'actor'> & { catalog: Catalog }, id: string) {
  await catalog.datasetDeletion.delete(actor, id)
  await catalog.datasetDeletion.erase(actor, id)
}

async function connect(services: ReturnType<typeof createServices>, actor: UserActor, database: string) {
  const { host, port } = testCluster()
  const parameters = { host, port: String(port), database, tls: 'disable' }
  const made = await services.connections.create(actor, { name: 'Source', driver: 'postgresql', parameters })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

async function makeSource(source: string, password: string): Promise<void> {
  await asSuperuser('postgres', `create role ${source} login password '${password}'`, `create database ${source}`)
  await asSuperuser(
    source,
    `create table types (small smallint, big bigint, money numeric(12, 2), yes boolean, at timestamptz, day date, id uuid,
      bytes bytea, words text, empty text, missing text, doc jsonb, list integer[])`,
    `insert into types values (-32768, 9223372036854775807, 1234567890.12, true, '2024-01-01 08:00:00+02', '2024-02-29',
      '5b9c1f4e-0000-4000-8000-000000000000', '\\x00deadbeef', E'a "quoted", line\\nand é 🙂', '', null,
      '{"a": [1, null]}', '{1,2,null}')`,
    'insert into types (small) values (null)',
    `create table numbers as
      select n, md5(n::text) as word, n * 1.5 as half, '${canary}' as note from generate_series(1, 1000000) as n`,
    'create table forbidden (n integer)',
    `grant select on types, numbers to ${source}`,
  )
}

async function asSuperuser(name: string, ...statements: readonly string[]): Promise<void> {
  const url = new URL(testCluster().superuserUrl)
  url.pathname = `/${name}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
