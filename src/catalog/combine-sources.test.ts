import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAnalysis } from '../analysis/pool.ts'
import { parsePolicy } from '../connector/egress-policy.ts'
import { createConnector } from '../connector/pool.ts'
import { createLog } from '../log.ts'
import { packageRoot } from '../package-root.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices } from '../services.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
import { type MariaDbTarget, startMariaDbTarget } from '../testing/mariadb-target.ts'
import { makeParquet } from '../testing/parquet-file.ts'
import { type Swift, startSwift, swiftSecrets } from '../testing/swift.ts'
import { startTarget, type Target, targetPassword } from '../testing/target.ts'
import { createCatalog } from './catalog.ts'
import { createComputing } from './computing.ts'

let directory: string
let domain: TestDomain
let wired: Wired
let postgres: Target
let mariadb: MariaDbTarget | undefined
let swift: Swift | undefined

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyward-sources-'))
  domain = await testDomain()
  postgres = await startTarget()
  mariadb = await startMariaDbTarget()
  swift = await startSwift()
  await swift?.fill('shop', { 'discounts.parquet': await discounts() })
  wired = wire()
}, 120_000)

afterAll(async () => {
  await wired.close()
  await domain.close()
  await postgres.close()
  await mariadb?.close()
  await swift?.close()
  rmSync(directory, { recursive: true })
}, 60_000)

test('A query joins a PostgreSQL table, a MariaDB table and an S3 Parquet file, and its result is a dataset', async (context) => {
  if (mariadb === undefined || swift === undefined) return context.skip()
  const reader = { username: 'reader', password: targetPassword }
  const local = { host: 'localhost', tls: 'disable', database: 'shop' }
  await wired.add('customers', {
    driver: 'postgresql',
    parameters: { ...local, port: String(postgres.port) },
    account: { type: 'basic', fields: reader },
    source: { kind: 'table', schema: 'public', table: 'customers' },
  })
  await wired.add('orders', {
    driver: 'mariadb',
    parameters: { ...local, port: String(mariadb.port) },
    account: { type: 'basic', fields: reader },
    source: { kind: 'table', schema: 'shop', table: 'orders' },
  })
  await wired.add('discounts', {
    driver: 's3',
    parameters: {
      host: 'localhost',
      port: String(swift.port),
      bucket: 'shop',
      tls: 'disable',
      addressing: 'path',
      region: 'us-east-1',
    },
    account: {
      type: 's3',
      fields: { awsAccessKeyId: 'acme:reader', awsSecretAccessKey: swiftSecrets['acme:reader'] },
    },
    source: { kind: 'table', schema: 'shop', table: 'discounts.parquet' },
  })
  const query = `SELECT c.id, count(*) AS orders, sum(o.amount * (1 - d.share))::DECIMAL(12, 2) AS due
    FROM customers c JOIN orders o ON o.customer = c.id JOIN discounts d ON d.customer = c.id
    GROUP BY c.id ORDER BY c.id`
  const { combine } = wired.computing
  const preview = await combine.preview(domain.ada, query)
  expect(preview).toMatchObject({
    ok: true,
    rows: {
      rows: [
        ['1', '10', '644.28'],
        ['2', '10', '322.86'],
      ],
    },
  })
  const saved = await combine.save(domain.ada, { name: 'due', query })
  if (!saved.ok) throw new Error(saved.message)
  await wired.catalog.snapshots.idle()
  const { versions } = await wired.catalog.datasetQueries.show(domain.ada, saved.id)
  expect(versions).toMatchObject([
    { status: 'completed', rows: 2, columns: [{ name: 'id' }, { name: 'orders' }, { name: 'due' }] },
  ])
  const { inputs } = await wired.computing.lineage.of(domain.ada, saved.id)
  expect(inputs?.map(({ name, version }) => [name, version])).toEqual([
    ['customers', 1],
    ['orders', 1],
    ['discounts', 1],
  ])
}, 60_000)

type Wired = ReturnType<typeof wire>

type Origin = {
  readonly driver: string
  readonly parameters: Readonly<Record<string, string>>
  readonly account: { readonly type: string; readonly fields: Readonly<Record<string, string>> }
  readonly source: { readonly kind: 'table'; readonly schema: string; readonly table: string }
}

/** The domain with a connector that dials, and an analysis that computes. */
function wire() {
  const { policy } = parsePolicy('managed', 'localhost,127.0.0.1,::1', '')
  const log = createLog({ level: 'silent' })
  const connector = createConnector({ policy, workerFile: join(packageRoot(), 'dist/worker.cjs') })
  const scratchDirectory = join(directory, 'scratch')
  const analysis = createAnalysis({ workerFile: join(packageRoot(), 'dist/analyst.cjs'), scratchDirectory })
  const { db, ledger, keys } = domain
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress: policy })
  const catalog = createCatalog({ db, ...services, directory: join(directory, 'snapshots'), log, beatMilliseconds: 50 })
  const computing = createComputing({ db, ...services, catalog, analysis, log, beatMilliseconds: 50 })

  return {
    catalog,
    computing,
    async add(name: string, { driver, parameters, account, source }: Origin): Promise<void> {
      const made = await services.connections.create(domain.ada, { name, driver, parameters })
      if (!made.ok) throw new Error(made.error)
      const secrets = Object.entries(account.fields).map(([id, text]) => [id, new Secret(text)] as const)
      const typed = { kind: 'typed', type: account.type, fields: Object.fromEntries(secrets) } as const
      const [id = ''] = await catalog.datasets.create(domain.ada, {
        connectionId: made.id,
        account: typed,
        items: [{ name, source }],
        rowLimit: null,
      })
      await catalog.snapshots.idle()
      const [version] = (await catalog.datasetQueries.show(domain.ada, id)).versions
      if (version?.status !== 'completed') throw new Error(`${name}: ${version?.message}`)
    },
    async close(): Promise<void> {
      await computing.close()
      await catalog.close()
      await analysis.close()
      await connector.close()
    },
  }
}

async function discounts(): Promise<Buffer> {
  const file = join(directory, 'discounts.parquet')
  await makeParquet(file, 'SELECT * FROM (VALUES (1, 0.0::DOUBLE), (2, 0.5::DOUBLE)) t(customer, share)')
  return readFileSync(file)
}
