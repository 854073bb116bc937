import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createLedger } from '../audit/ledger.ts'
import { createCatalog } from '../catalog/catalog.ts'
import { createComputing } from '../catalog/computing.ts'
import type { Connector } from '../connector/driver.ts'
import { parsePolicy } from '../connector/egress-policy.ts'
import { connect } from '../db/client.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { createScheduling } from '../schedules/scheduling.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { createServices } from '../services.ts'
import type { ScheduleProcessOrder } from './schedule-order.ts'
import { noAnalysis } from './scheduling.ts'

/**
 * A process of its own that makes scheduled runs as the server would, until it is killed by a test. Takes its order as JSON
 * on standard input and says `begun` when it looks for what is due, and from then on, what time it is. Only the data stores are played.
 */
async function main(): Promise<void> {
  process.on('disconnect', () => process.exit())
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const order = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ScheduleProcessOrder
  const { db } = connect(order.databaseUrl)
  const keys = await loadKeys(db, [kekFromKey(Buffer.from(order.kek, 'base64'))])
  const ledger = createLedger({ key: keys.auditKey, instance: `${process.pid}` })
  const { policy: egress } = parsePolicy('managed', '', '')
  const connector = importing(order.importMilliseconds)
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress })
  const log = createLog({ level: 'error' })
  const catalog = createCatalog({ db, ...services, directory: order.directory, log })
  catalog.start()
  const computing = createComputing({ db, ...services, catalog, analysis: noAnalysis, log })
  const { runner } = createScheduling({ db, ...services, catalog, computing, deployment: 'managed', log })
  await runner.start()
  process.stdout.write('begun\n')
  setInterval(() => process.send?.(Date.now()), 500)
}

/** A connector that writes a file for every import, after a while. */
function importing(milliseconds: number): Connector {
  return {
    run: async (job, { onLetIn }) => {
      for (const secret of Object.values(job.credential.fields)) secret.wipe()
      await pause(Math.random() * milliseconds)
      onLetIn?.()
      await pause(Math.random() * milliseconds)
      writeFileSync((job.input as { file: string }).file, 'PAR1')
      const value = { rows: 1, bytes: 4, columns: [{ name: 'id', type: 'INTEGER' }] }
      return { ok: true, value, diagnosis: [] } as never
    },
    close: async () => {},
  }
}

await main()
