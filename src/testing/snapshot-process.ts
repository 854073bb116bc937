import { createLedger } from '../audit/ledger.ts'
import { createCatalog } from '../catalog/catalog.ts'
import { createConnector } from '../connector/pool.ts'
import { connect } from '../db/client.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices } from '../services.ts'
import { createFileStore } from '../storage/create-file-store.ts'
import type { SnapshotProcessOrder } from './snapshot-order.ts'

/**
 * A process of its own that makes one snapshot as the server would, to be killed by a test. Takes its order as JSON on
 * standard input and says `begun` when the snapshot is running.
 */
async function main(): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const order = JSON.parse(Buffer.concat(chunks).toString('utf8')) as SnapshotProcessOrder
  const { db } = connect(order.databaseUrl, 4)
  const keys = await loadKeys(db, [kekFromKey(Buffer.from(order.kek, 'base64'))])
  const ledger = createLedger({ key: keys.auditKey, instance: 'killed' })
  const connector = createConnector({ policy: order.policy, workerFile: order.workerFile })
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress: order.policy })
  const log = createLog({ level: 'silent' })
  const { bucket, directory } = order
  const settings = bucket === undefined ? null : { ...bucket, secretAccessKey: new Secret(bucket.secret) }
  const files = createFileStore({ bucket: settings, directory })
  const catalog = createCatalog({ db, ...services, directory, files, log, beatMilliseconds: 50 })
  const fields = { username: new Secret(order.username), password: new Secret(order.password) }
  await catalog.datasets.create(order.actor, {
    connectionId: order.connectionId,
    account: { kind: 'typed', type: 'basic', fields },
    items: [{ name: order.table, source: { kind: 'table', schema: 'public', table: order.table } }],
    rowLimit: null,
  })
  process.stdout.write('begun\n')
  await catalog.snapshots.idle()
  process.exit(0)
}

await main()
