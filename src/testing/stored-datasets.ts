import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { UserActor } from '../access/actor.ts'
import type { Imported, Job } from '../connector/driver.ts'
import { Secret } from '../secrets/secret.ts'
import type { TestApp } from './app.ts'
import { addConnection, signedIn } from './domain.ts'
import { makeParquet } from './parquet-file.ts'
import { writeSealed } from './sealed.ts'

/** See `storedDatasets`. */
export type StoredDatasets = Awaited<ReturnType<typeof storedDatasets>>

type AddOptions = {
  readonly actor?: UserActor
  /** True for a file that is sealed well and holds no Parquet. */
  readonly spoil?: boolean
}

/** Has an app import whatever a test says, as the connector would: each dataset is what a SELECT of DuckDB's gives. */
export async function storedDatasets(app: TestApp) {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-stored-'))
  let next: { readonly file: string; readonly imported: Imported; readonly spoil: boolean } | undefined
  app.connector.run = (async (job: Job) => {
    const { file, key } = job.input as { file: string; key: Secret }
    if (next === undefined) throw new Error('No test asked for this import.')
    writeSealed(file, key, next.spoil ? Buffer.from('nothing') : readFileSync(next.file))
    return { ...signedIn, value: next.imported }
  }) as never
  const connections = new Map<string, string>()

  async function prepare(select: string, spoil = false): Promise<void> {
    const file = join(folder, 'next.parquet')
    await makeParquet(file, select)
    next = { file, imported: await describe(file), spoil }
  }

  async function connectionOf(actor: UserActor): Promise<string> {
    const known = connections.get(actor.id) ?? (await addConnection(app, actor, 'Source'))
    connections.set(actor.id, known)
    return known
  }

  return {
    /** Adds a dataset whose first version holds what `select` gives; resolves with its id when that is complete. */
    async add(name: string, select: string, { actor = app.ada, spoil = false }: AddOptions = {}): Promise<string> {
      await prepare(select, spoil)
      const items = [{ name, source: { kind: 'table', schema: 'public', table: 't' } as const }]
      const connectionId = await connectionOf(actor)
      const [id = ''] = await app.catalog.datasets.create(actor, {
        connectionId,
        account: typed(),
        items,
        rowLimit: null,
      })
      await app.catalog.snapshots.idle()
      return id
    },

    /** Makes another version of it. */
    async refresh(id: string, select: string, actor: UserActor = app.ada): Promise<void> {
      await prepare(select)
      await app.catalog.datasets.refresh(actor, id, typed())
      await app.catalog.snapshots.idle()
    },

    /** Takes every place that background work may have, until the function it returns is called. */
    fillPlaces(): () => void {
      const stop = new AbortController()
      const sql = 'SELECT sum(hash(a.r, b.r, c.r)) FROM range(100000) a(r), range(100000) b(r), range(100000) c(r)'
      const job = { kind: 'preview', input: { sql, rows: 1 }, files: [], target: null } as const
      for (const userId of ['one', 'two']) void app.analysis.run(job, { userId, signal: stop.signal })
      return () => stop.abort()
    },

    /** Removes what the imports were made from. */
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function typed() {
  const fields = { username: new Secret('reader'), password: new Secret('nobody types this') }
  return { kind: 'typed', type: 'basic', fields } as const
}

async function describe(file: string): Promise<Imported> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const read = async (sql: string) => (await connection.runAndReadAll(sql)).getRows()
  const columns = await read(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${file}')`)
  const [[rows] = [0]] = await read(`SELECT count(*) FROM '${file}'`)
  connection.closeSync()
  instance.closeSync()
  return {
    rows: Number(rows),
    bytes: 1,
    columns: columns.map(([name, type]) => ({ name: String(name), type: String(type) })),
  }
}
