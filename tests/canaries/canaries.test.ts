import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, clusterUrl, startCluster } from '../../src/db/embedded/cluster.ts'
import { createKeywardDatabase } from '../../src/db/embedded/keyward-database.ts'
import { withClient } from '../../src/db/one-client.ts'
import { newKeyText } from '../../src/secrets/kek/key-text.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { createRecorder, type Recorder } from '../journeys/recorder.ts'
import { makeStore, type Store } from '../journeys/store.ts'
import { type Needles, needlesOf } from './needles.ts'
import { filesIn, findings, type Place, tablesOf } from './places.ts'
import { actOut } from './story.ts'

/** Not a secret: what is found nowhere proves nothing unless this is found where it must be. */
const control = `control-${randomBytes(12).toString('hex')}`
const canaries: Record<string, string> = {}
const answers: Place[] = []
const commands: Place[] = []
let cluster: Cluster
let database: string
let server: StartedServer
let store: Store
let needles: Needles

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-canaries-'))
  // Everything that a server can be told to log, statements and their parameters, it logs.
  const settings = { log_statement: 'all', log_error_verbosity: 'verbose', log_min_error_statement: 'debug5' }
  const parameters = { log_parameter_max_length: '-1', log_parameter_max_length_on_error: '-1', fsync: 'off' }
  cluster = await startCluster({ directory: join(folder, 'postgres'), settings: { ...settings, ...parameters } })
  const { appUrl, ownerUrl } = await createKeywardDatabase(cluster)
  database = clusterUrl(cluster, cluster, 'keyward')
  const kek = join(folder, 'test.kek')
  writeFileSync(kek, newKeyText(), { mode: 0o600 })
  const environment = { DATABASE_URL: appUrl, MIGRATION_DATABASE_URL: ownerUrl, KEYWARD_KEK_FILE: kek }
  server = await startServer({ embedded: true, environment: { ...environment, LOG_LEVEL: 'trace' } })
  store = await makeStore()
  const recorder: Recorder = createRecorder(server.origin, (bytes, path) =>
    answers.push({ name: `the answer to ${path.slice(0, 60)}`, bytes }),
  )
  const told = await actOut({ server, store, recorder, control, breakTable, canary })
  for (const outcome of told) commands.push({ name: 'command line', bytes: Buffer.from(outcome.output) })
  await withClient(database, (client) => client.query('checkpoint'))
  needles = needlesOf(canaries)
}, 400_000)

afterAll(async () => {
  await server?.stop()
  await store?.close()
  await cluster?.stop()
  if (cluster !== undefined) rmSync(join(cluster.directory, '..'), { recursive: true, force: true })
})

/** Makes a new secret, which from then on is looked for everywhere. Every third one is full of special characters. */
function canary(name: string): string {
  const number = Object.keys(canaries).length
  const random = randomBytes(24).toString('base64url')
  const special = [...`"'<&>\\%+ é中`].map((character) => randomBytes(6).toString('base64url') + character).join('')
  const secret = number % 3 === 2 ? special : random
  canaries[`canary ${number} (${name})`] = secret
  return secret
}

async function breakTable(while_: () => Promise<void>): Promise<void> {
  const rename = (from: string, to: string) =>
    withClient(database, (client) => client.query(`alter table ${from} rename to ${to}`))
  await rename('credential_versions', 'broken')
  try {
    await while_()
  } finally {
    await rename('broken', 'credential_versions')
  }
}

describe('secrets that were stored, typed, mistyped, pasted and refused', () => {
  test('are more than three hundred, and were answered with every kind of page', () => {
    expect(Object.keys(canaries).length).toBeGreaterThan(300)
    const statuses = new Set(answers.map(({ bytes }) => bytes.toString().split('\n')[0]))
    for (const status of ['200', '303', '404', '409', '413', '415', '422', '500']) expect(statuses).toContain(status)
  })

  test('are in no page, header or cookie', () => {
    expect(holdsControl(answers)).toBe(true)
    expect(findings(needles, answers)).toEqual([])
  })

  test('are in no table', async () => {
    const tables = await tablesOf(database)
    expect(holdsControl(tables)).toBe(true)
    expect(findings(needles, tables)).toEqual([])
  })

  test('are not in the files of the database, its WAL and its log of every statement', () => {
    const files = [...filesIn(cluster.home)]
    const of = (part: string) => files.filter(({ name }) => name.includes(part))
    expect(holdsControl(of('/base/'))).toBe(true)
    expect(holdsControl(of('/pg_wal/'))).toBe(true)
    expect(holdsControl([...filesIn(cluster.directory)].filter(({ name }) => name.endsWith('postgres.log')))).toBe(true)
    expect(findings(needles, [...files, ...filesIn(cluster.directory)])).toEqual([])
  })

  test('are not in the data directory, snapshots included', () => {
    const files = [...filesIn(server.directory)]
    expect(files.some(({ name }) => name.endsWith('.sealed'))).toBe(true)
    expect(findings(needles, files)).toEqual([])
  })

  test('are not in what Keyward and its command line write, at the level trace', () => {
    expect(server.log()).toContain('"msg":"request failed"')
    const written = [{ name: 'log', bytes: Buffer.from(server.log()) }, ...commands]
    expect(findings(needles, written)).toEqual([])
  })
})

function holdsControl(places: readonly Place[]): boolean {
  return places.some(({ bytes }) => bytes.includes(control))
}
