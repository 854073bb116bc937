import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { build } from 'esbuild'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { createLedger } from '../audit/ledger.ts'
import type { Connector } from '../connector/driver.ts'
import { parsePolicy } from '../connector/egress-policy.ts'
import { createConnector } from '../connector/pool.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { packageRoot } from '../package-root.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices } from '../services.ts'
import { addOrganization, addUser } from '../testing/actors.ts'
import { childrenOf, isRunning } from '../testing/child-processes.ts'
import { type TestDatabase, testCluster, testDatabase } from '../testing/database.ts'
import type { SnapshotProcessOrder } from '../testing/snapshot-order.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import { readPage } from './rows.ts'
import { streamCsv } from './streams.ts'

const workerFile = join(packageRoot(), 'dist/worker.cjs')
const kek = randomBytes(32)
const source = `keyward_source_${randomBytes(6).toString('hex')}`
const password = randomBytes(18).toString('base64url')

let database: TestDatabase
let connector: Connector
let actor: UserActor
let connectionId: string
let directory: string
let catalog: Catalog
let processFile: string

beforeAll(async () => {
  await makeSource()
  database = await testDatabase()
  processFile = await bundleProcess()
  const { db } = database
  const keys = await loadKeys(db, [kekFromKey(kek)])
  const ledger = createLedger({ key: keys.auditKey, instance: 'test' })
  connector = createConnector({ policy: policy(), workerFile })
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress: policy() })
  actor = await addUser(db, await addOrganization(db, 'Acme'), 'Ada')
  const { host, port } = testCluster()
  const parameters = { host, port: String(port), database: source, tls: 'disable' }
  const made = await services.connections.create(actor, { name: 'Source', driver: 'postgresql', parameters })
  if (!made.ok) throw new Error(made.error)
  connectionId = made.id
  directory = mkdtempSync(join(tmpdir(), 'keyward-imports-'))
  catalog = createCatalog({ db, ...services, directory, log: createLog({ level: 'silent' }), beatMilliseconds: 50 })
})

afterAll(async () => {
  await catalog.close()
  await connector.close()
  await database.close()
  await asSuperuser('postgres', `drop database ${source} with (force)`, `drop role ${source}`)
  rmSync(directory, { recursive: true })
  rmSync(processFile)
})

describe('a snapshot of PostgreSQL', () => {
  it('of every type, keeps values, NULL and the empty string', async () => {
    const path = await snapshotOf('types')
    const { columns, rows } = await readPage(path, 1)
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
      small: 'SMALLINT',
      big: 'BIGINT',
      money: 'DECIMAL(12,2)',
      yes: 'BOOLEAN',
      at: 'TIMESTAMP WITH TIME ZONE',
      day: 'DATE',
      id: 'UUID',
      bytes: 'BLOB',
    })
    const [first, second] = rows.map((row) => Object.fromEntries(columns.map(({ name }, n) => [name, row[n]])))
    expect(first).toMatchObject({
      small: '-32768',
      big: '9223372036854775807',
      money: '1234567890.12',
      yes: 'true',
      at: '2024-01-01 06:00:00+00',
      day: '2024-02-29',
      id: '5b9c1f4e-0000-4000-8000-000000000000',
      bytes: '\\x00deadbeef',
      words: 'a "quoted", line\nand é 🙂',
      empty: '',
      missing: null,
    })
    expect(JSON.parse(first?.doc ?? '')).toEqual({ a: [1, null] })
    expect(JSON.parse(first?.list ?? '')).toEqual([1, 2, null])
    expect(Object.values(second ?? {}).every((cell) => cell === null)).toBe(true)
    const csv = await new Response(await streamCsv(path)).text()
    expect(csv).toContain(',"a ""quoted"", line\nand é 🙂","",')
  })

  it('with a row limit, takes no more rows than that', async () => {
    const [id = ''] = await create('numbers', 7)
    await catalog.snapshots.idle()
    expect((await catalog.datasetQueries.show(actor, id)).versions[0]).toMatchObject({ status: 'completed', rows: 7 })
  })

  it('of a table that may not be read, fails with the ladder', async () => {
    const [id = ''] = await create('forbidden')
    await catalog.snapshots.idle()
    const [version] = (await catalog.datasetQueries.show(actor, id)).versions
    expect(version).toMatchObject({ status: 'failed', code: 'read.denied' })
    expect(version?.message).toMatch(/\.$/)
  })

  it('that is cancelled while rows arrive, ends and leaves no file', async () => {
    const before = filesLeft()
    const [id = ''] = await create('numbers')
    await vi.waitFor(
      async () => {
        const [version] = (await catalog.datasetQueries.show(actor, id)).versions
        expect([version?.status, (version?.bytes ?? 0) > 0]).toEqual(['running', true])
      },
      { timeout: 20_000, interval: 20 },
    )
    await catalog.datasets.cancel(actor, id, 1)
    await catalog.snapshots.idle()
    expect((await catalog.datasetQueries.show(actor, id)).versions[0]?.status).toBe('cancelled')
    expect(filesLeft()).toEqual(before)
  })
})

describe('a process that is killed while it makes a snapshot', () => {
  let child: ChildProcess

  beforeEach(() => {
    child = spawn(process.execPath, [processFile], { stdio: ['pipe', 'pipe', 'inherit'] })
  })
  afterEach(() => {
    child.kill('SIGKILL')
  })

  for (const milliseconds of [0, 150, 400, 800, 1300]) {
    it(`${milliseconds} ms after it began, leaves no process, no half version and no file after the sweep`, async () => {
      const before = filesLeft()
      child.stdin?.end(JSON.stringify(order()))
      if (child.stdout) await once(child.stdout, 'data')
      await pause(milliseconds)
      const workers = childrenOf(child.pid ?? 0)
      expect(workers).not.toEqual([])
      child.kill('SIGKILL')
      await once(child, 'exit')
      await vi.waitFor(() => expect(workers.filter(isRunning)).toEqual([]), { timeout: 5_000, interval: 50 })
      await database.db.execute(
        sql`update dataset_versions set heartbeat_at = heartbeat_at - interval '31 seconds' where status in ('queued', 'running')`,
      )
      await catalog.sweep.once()
      const [latest] = (await catalog.datasetListing.list(actor)).rows
      const status = latest?.version?.status
      expect(status).toMatch(/^(failed|completed)$/)
      if (status === 'completed') {
        const opened = await catalog.store.open(await catalog.datasetQueries.stored(actor, latest?.id ?? '', 1))
        expect((await readPage(opened.path, 1)).rows).toHaveLength(20)
        opened.close()
        return
      }
      // What its worker wrote until it noticed that it was alone goes with the next sweep.
      await vi.waitFor(
        async () => {
          await catalog.sweep.once()
          expect(filesLeft()).toEqual(before)
        },
        { timeout: 10_000, interval: 200 },
      )
    })
  }

  it('does not keep the next one from succeeding', async () => {
    expect((await readPage(await snapshotOf('types'), 1)).rows).toHaveLength(2)
  })
})

function policy() {
  return parsePolicy('self-managed', '127.0.0.1', '').policy
}

async function create(table: string, rowLimit: number | null = null) {
  const fields = { username: new Secret(source), password: new Secret(password) }
  return catalog.datasets.create(actor, {
    connectionId,
    account: { kind: 'typed', type: 'basic', fields },
    items: [{ name: table, source: { kind: 'table', schema: 'public', table } }],
    rowLimit,
  })
}

async function snapshotOf(table: string): Promise<string> {
  const [id = ''] = await create(table)
  await catalog.snapshots.idle()
  const [version] = (await catalog.datasetQueries.show(actor, id)).versions
  expect(version).toMatchObject({ status: 'completed', message: null })
  return (await catalog.store.open(await catalog.datasetQueries.stored(actor, id, 1))).path
}

function filesLeft(): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort()
}

function order(): SnapshotProcessOrder {
  return {
    databaseUrl: database.url,
    kek: kek.toString('base64'),
    policy: policy(),
    workerFile,
    directory,
    actor,
    connectionId,
    username: source,
    password,
    table: 'numbers',
  }
}

/** Bundled like the server is, so that plain Node can run it. */
async function bundleProcess(): Promise<string> {
  const outfile = join(packageRoot(), 'node_modules/.cache', `snapshot-process-${randomBytes(4).toString('hex')}.mjs`)
  await build({
    entryPoints: [join(packageRoot(), 'src/testing/snapshot-process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  return outfile
}

async function makeSource(): Promise<void> {
  await asSuperuser('postgres', `create role ${source} login password '${password}'`, `create database ${source}`)
  await asSuperuser(
    source,
    `create table types (small smallint, big bigint, money numeric(12, 2), yes boolean, at timestamptz, day date, id uuid,
      bytes bytea, words text, empty text, missing text, doc jsonb, list integer[])`,
    `insert into types values (-32768, 9223372036854775807, 1234567890.12, true, '2024-01-01 08:00:00+02', '2024-02-29',
      '5b9c1f4e-0000-4000-8000-000000000000', '\\x00deadbeef', E'a "quoted", line\\nand é 🙂', '', null,
      '{"a": [1, null]}', '{1,2,null}')`,
    'insert into types (small) values (null)',
    `create table numbers as select n, md5(n::text) as word, n * 1.5 as half from generate_series(1, 1000000) as n`,
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
