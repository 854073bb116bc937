import { createInterface } from 'node:readline'
import { createLedger } from '../audit/ledger.ts'
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import { createConnector } from '../connector/pool.ts'
import { connect } from '../db/client.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices } from '../services.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { createFileStore } from '../storage/create-file-store.ts'
import type { SnapshotProcessOrder } from './snapshot-order.ts'

/**
 * A process of its own that makes snapshots as the server would, to be killed by a test. Takes its order as a line of JSON
 * on standard input. With `waits` it says `ready`, then takes the id of a dataset a line, makes a new version of it and
 * says how that went, until its input ends; else it creates a dataset and says `begun` when its snapshot is running.
 */
async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const order = JSON.parse((await lines.next()).value ?? '') as SnapshotProcessOrder
  const catalog = await openCatalog(order)
  if (order.waits === true) {
    say('ready')
    for await (const id of { [Symbol.asyncIterator]: () => lines }) await refresh(order, catalog, id)
  } else {
    await create(order, catalog)
    say('begun')
    await catalog.snapshots.idle()
  }
  process.exit(0)
}

async function openCatalog(order: SnapshotProcessOrder): Promise<Catalog> {
  const { db } = connect(order.databaseUrl, 4)
  const keys = await loadKeys(db, [kekFromKey(Buffer.from(order.kek, 'base64'))])
  const ledger = createLedger({ key: keys.auditKey, instance: 'killed' })
  const connector = createConnector({ policy: order.policy, workerFile: order.workerFile, warm: 1 })
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress: order.policy })
  const log = createLog({ level: 'silent' })
  const { bucket, directory } = order
  const settings = bucket === undefined ? null : { ...bucket, secretAccessKey: new Secret(bucket.secret) }
  const files = createFileStore({ bucket: settings, directory })
  return createCatalog({ db, ...services, directory, files, log, beatMilliseconds: 50 })
}

async function create(order: SnapshotProcessOrder, catalog: Catalog): Promise<void> {
  await catalog.datasets.create(order.actor, {
    connectionId: order.connectionId,
    account: accountOf(order),
    items: [{ name: order.table, source: { kind: 'table', schema: 'public', table: order.table } }],
    rowLimit: null,
  })
}

async function refresh(order: SnapshotProcessOrder, catalog: Catalog, id: string): Promise<void> {
  const begun = await catalog.datasets.refresh(order.actor, id, accountOf(order))
  await catalog.snapshots.idle()
  say(begun.ok ? `ended ${begun.number}` : `not begun: ${begun.reason}`)
}

function accountOf({ username, password }: SnapshotProcessOrder): Account {
  return { kind: 'typed', type: 'basic', fields: { username: new Secret(username), password: new Secret(password) } }
}

function say(word: string): void {
  process.stdout.write(`${word}\n`)
}

await main()
