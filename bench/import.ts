import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { createCatalog } from '../src/catalog/catalog.ts'
import { compose } from '../src/compose.ts'
import { loadConfig } from '../src/config.ts'
import { createConnector } from '../src/connector/pool.ts'
import { type Cluster, clusterUrl, startCluster } from '../src/db/embedded/cluster.ts'
import { withClient } from '../src/db/one-client.ts'
import { datasetVersions } from '../src/db/schema/catalog.ts'
import { createLog } from '../src/log.ts'
import { packageRoot } from '../src/package-root.ts'
import { Secret } from '../src/secrets/secret.ts'
import { createServices } from '../src/services.ts'
import { addOrganization, addUser } from '../src/testing/actors.ts'
import { provide } from '../src/testing/provision.ts'
import { atMost, type Figure, type Measurement, median, noted } from './measurement.ts'
import { descendants, memoryOf } from './processes.ts'
import type { Workbench } from './workbench.ts'

/** How many rows, smallest first. Fewer where IMPORT_ROWS says so, for a machine that others use too. */
const sizes = (process.env.IMPORT_ROWS ?? '2000000,10000000').split(',').map(Number)
const rounds = 9

/** Tables of a PostgreSQL into the catalog, against psql writing them into a CSV file. */
export const importOfRows: Measurement = {
  name: 'import',
  title: `seconds for ${sizes.map(inWords).join(' and ')} rows of 6 columns, from asking for a dataset to its completed version, in turns with psql \\copy; medians of ${rounds}`,
  minutes: 30,
  async measure(bench) {
    const psql = provide('psql')
    if (psql === undefined) throw new Error('It compares with psql, which is not installed.')
    const source = await startCluster({ directory: join(bench.folder(), 'source') })
    bench.defer(() => source.stop())
    const create = await snapshots(bench, {
      driver: 'postgresql',
      parameters: { host: source.host, port: String(source.port), database: 'postgres', tls: 'disable' },
      account: basicAccount(source),
      schema: 'public',
    })
    const file = join(bench.folder(), 'measured.csv')
    const figures: Figure[] = []
    const memories: number[] = []
    for (const rows of sizes) {
      await makeTable(source, rows)
      const pairs = await inTurns(
        rounds,
        async () => copy(psql, source, file),
        () => create('measured', rows),
      )
      memories.push(mostMemory(pairs))
      figures.push(...figuresOf(pairs, { them: 'psql', rows, limit: 1.2 }))
    }
    const growth = Math.max(...memories) / (memories[0] ?? Number.NaN)
    if (sizes.length > 1) figures.push(atMost('memory with the most rows ÷ with the fewest', growth, 1.2, ''))
    return figures
  },
}

async function makeTable(source: Cluster, rows: number): Promise<void> {
  await withClient(clusterUrl(source, source, 'postgres'), async (client) => {
    await client.query('drop table if exists measured')
    await client.query(table(rows))
    await client.query('vacuum (analyze, freeze) measured')
    await client.query('checkpoint')
  })
}

const table = (rows: number) => `
  create table measured as
  select n::int as id, n * 7919::bigint as big, (n % 1000000 / 100.0)::numeric(12, 2) as amount,
    timestamptz '2026-01-01 00:00:00+00' + n * interval '1.5 seconds' as at, 'customer ' || md5(n::text) as name,
    n % 3 = 0 as flag
  from generate_series(1, ${rows}) n`

/** What one import took, in seconds and megabytes, and made, in bytes. */
export type Made = { readonly seconds: number; readonly memory: number; readonly bytes: number }

/** The seconds of the other program, and what an import took right after it. */
export type Pair = { readonly theirs: number; readonly ours: Made }

/** Where the tables are, and who may read them. */
export type MeasuredSource = {
  readonly driver: string
  readonly parameters: Readonly<Record<string, string>>
  readonly account: { readonly type: string; readonly fields: Readonly<Record<string, string>> }
  readonly schema: string
}

/** Returns the account of a database, as `MeasuredSource` has it. */
export function basicAccount({ user, password }: { user: string; password: string }): MeasuredSource['account'] {
  return { type: 'basic', fields: { username: user, password } }
}

/** Has the other program and an import take turns. */
export async function inTurns(
  rounds: number,
  them: () => Promise<number>,
  us: () => Promise<Made>,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = []
  for (let round = 0; round < rounds; round++) {
    const theirs = await them()
    // As a server has been idle before somebody asks: another program may have kept this process from doing anything.
    await pause(4_000)
    pairs.push({ theirs, ours: await us() })
  }
  return pairs
}

/** Returns what is to be told of imports that took turns with `them`. */
export function figuresOf(
  pairs: readonly Pair[],
  { them, rows, limit }: { readonly them: string; readonly rows: number; readonly limit: number },
): readonly Figure[] {
  const ours = pairs.map((pair) => pair.ours.seconds)
  const theirs = pairs.map((pair) => pair.theirs)
  const ratios = pairs.map((pair) => pair.ours.seconds / pair.theirs)
  return [
    atMost(`Keyward ÷ ${them}, ${inWords(rows)} rows`, median(ratios), limit, ''),
    noted('the same, best of the rounds', Math.min(...ours) / Math.min(...theirs), ''),
    noted('Keyward', median(ours), ' s'),
    noted(them, median(theirs), ' s'),
    atMost('most memory of the worker', mostMemory(pairs), 700, ' MB'),
    noted('Parquet file', Math.max(...pairs.map((pair) => pair.ours.bytes)) / 2 ** 20, ' MB'),
  ]
}

function mostMemory(pairs: readonly Pair[]): number {
  return Math.max(...pairs.map(({ ours }) => ours.memory))
}

function inWords(rows: number): string {
  return rows.toLocaleString('en')
}

/** Wires Keyward as the server does, and returns what makes a dataset of a table and makes sure of its number of rows. */
export async function snapshots(
  bench: Workbench,
  source: MeasuredSource,
): Promise<(table: string, rows: number) => Promise<Made>> {
  const { driver, parameters, account: owner, schema } = source
  const directory = bench.folder()
  const config = loadConfig({
    DATA_DIR: directory,
    DEPLOYMENT: 'managed',
    EGRESS_ALLOW: `127.0.0.1:${parameters.port}`,
  })
  const log = createLog({ level: 'error' })
  const composition = await compose(config, 'server', log)
  bench.defer(() => composition.close())
  const { db, ledger, keys } = composition
  const connector = createConnector({ policy: config.egress, workerFile: join(packageRoot(), 'dist/worker.cjs') })
  bench.defer(() => connector.close())
  const { deployment, snapshots } = config
  const services = createServices({ db, ledger, ...keys, deployment, connector, egress: config.egress })
  const catalog = createCatalog({ db, ...services, directory: snapshots.directory, log })
  bench.defer(() => catalog.close())
  const ada = await addUser(db, await addOrganization(db, 'Acme'), 'Ada')
  const made = await services.connections.create(ada, { name: 'Source', driver, parameters })
  if (!made.ok) throw new Error(made.error)

  return async (table, rows) => {
    const secrets = Object.entries(owner.fields).map(([id, text]) => [id, new Secret(text)])
    const account = { kind: 'typed', type: owner.type, fields: Object.fromEntries(secrets) } as const
    const items = [{ name: 'Measured', source: { kind: 'table', schema, table } as const }]
    const watch = watchWorkers()
    const begun = performance.now()
    const [id = ''] = await catalog.datasets.create(ada, { connectionId: made.id, account, items, rowLimit: null })
    await catalog.snapshots.idle()
    const seconds = (performance.now() - begun) / 1000
    const [version] = await db.select().from(datasetVersions).where(eq(datasetVersions.datasetId, id))
    if (version?.status !== 'completed' || version.rows !== rows) {
      throw new Error(`The version is ${version?.status} with ${version?.rows} rows: ${version?.message}`)
    }
    await catalog.datasetDeletion.delete(ada, id)
    return { seconds, memory: watch(), bytes: version.bytes }
  }
}

/** Looks at this process's workers until the function it returns is called, which returns the most that one had, in MB. */
function watchWorkers(): () => number {
  let most = 0
  const stop = new AbortController()
  const looking = async () => {
    while (!stop.signal.aborted) {
      for (const pid of descendants(process.pid, 'dist/worker.cjs')) most = Math.max(most, memoryOf(pid, 'VmHWM'))
      await pause(250)
    }
  }
  void looking()
  return () => {
    stop.abort()
    return most
  }
}

/** Has psql write the table to `file`; returns its seconds. */
function copy(psql: string, source: Cluster, file: string): number {
  const command = `\\copy (select * from measured) to '${file}' with (format csv)`
  const address = ['-h', source.host, '-p', String(source.port), '-U', source.user, '-d', 'postgres']
  const env = { PATH: process.env.PATH, PGPASSWORD: source.password, PGSSLMODE: 'disable' }
  const begun = performance.now()
  const { status, stderr } = spawnSync(psql, ['-X', '-q', ...address, '-c', command], { env, encoding: 'utf8' })
  const seconds = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error(`psql failed: ${stderr}`)
  rmSync(file)
  return seconds
}
