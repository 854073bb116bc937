import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { NewDatasets } from '../catalog/datasets.ts'
import type { Imported, Job, Operations, Outcome } from '../connector/driver.ts'
import { type TestApp, testApp } from './app.ts'
import { storeAccount } from './catalog-domain.ts'
import type { Client } from './client.ts'
import { addConnection, signedIn } from './domain.ts'
import { writeSealed } from './sealed.ts'

type Answer = (job: Job, signal: AbortSignal | undefined) => Outcome<unknown> | Promise<Outcome<unknown>>

/** The web app with a connection of Ada's and an account on it, whose data store gives 45 rows or what `answer` says. */
export type CatalogApp = {
  readonly app: TestApp
  readonly ada: Client
  readonly ben: Client
  readonly connectionId: string
  readonly credentialId: string
  answer: Answer | undefined
  /** What it answers otherwise. */
  readonly usual: Answer
  /** Jobs that the data store was given. */
  readonly jobs: Job[]
  /** Adds a dataset of Ada's and waits until its first version is made. */
  readonly add: (name: string, more?: Partial<NewDatasets>) => Promise<string>
  readonly close: () => Promise<void>
}

/** Returns one of its own. Close it at the end. */
export async function catalogApp(): Promise<CatalogApp> {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-rows-'))
  const sample = join(folder, 'sample.parquet')
  await makeParquet(sample)
  const app = await testApp()
  const connectionId = await addConnection(app, app.ada)
  const credentialId = await storeAccount(app, app.ada, [connectionId])
  const made: CatalogApp = {
    ...{ app, connectionId, credentialId, answer: undefined, usual: usual(sample), jobs: [] },
    ...{ ada: await app.signInAs(app.ada), ben: await app.signInAs(app.ben) },
    async add(name, more = {}) {
      const source = { kind: 'table', schema: 'public', table: 'orders' } as const
      const account = { kind: 'stored', credentialId } as const
      const order = { connectionId, account, items: [{ name, source }], rowLimit: null, ...more }
      const [id = ''] = await app.catalog.datasets.create(app.ada, order)
      await app.catalog.snapshots.idle()
      return id
    },
    async close() {
      await app.close()
      rmSync(folder, { recursive: true })
    },
  }
  app.connector.run = async (job, options) => {
    made.jobs.push(job as Job)
    return (await (made.answer ?? made.usual)(job as Job, options.signal)) as never
  }
  return made
}

function usual(sample: string): Answer {
  return (job) => {
    if (job.operation !== 'import') return { ...signedIn, value: rows }
    const { file, key } = job.input as Operations['import']['input']
    if (key === undefined) copyFileSync(sample, file)
    else writeSealed(file, key, readFileSync(sample))
    const value: Imported = { rows: 45, bytes: 1234, columns: [{ name: 'n', type: 'BIGINT' }] }
    return { ...signedIn, value }
  }
}

const rows = { columns: [{ name: 'live', type: 'INTEGER' }], rows: [['now']] }

async function makeParquet(path: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  await db.run(`copy (select range as n from range(45)) to '${path}' (format parquet)`)
  db.closeSync()
  instance.closeSync()
}
