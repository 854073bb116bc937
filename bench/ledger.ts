import { join } from 'node:path'
import { startCluster } from '../src/db/embedded/cluster.ts'
import { createKeywardDatabase } from '../src/db/embedded/keyward-database.ts'
import { migrate } from '../src/db/migrate.ts'
import { withClient } from '../src/db/one-client.ts'
import { atLeast, type Measurement, median, noted } from './measurement.ts'
import { benchProgram, type Workbench } from './workbench.ts'

const processes = 4
const rounds = 3
const seconds = 4

/** What the chain costs: entries with their effects by several processes, chained and plain. */
export const ledger: Measurement = {
  name: 'ledger',
  title: `transactions per second of ${processes} processes, an effect and its entry each; chained against plain inserts, ${rounds} rounds of ${seconds} s in turns, best of each`,
  minutes: 4,
  async measure(bench) {
    const cluster = await startCluster({ directory: join(bench.folder(), 'postgres') })
    bench.defer(() => cluster.stop())
    const urls = { chained: '', plain: '' }
    for (const name of ['chained', 'plain'] as const) {
      const { ownerUrl, appUrl } = await createKeywardDatabase(cluster, `bench_${name}`)
      await migrate(ownerUrl, 'keyward_app')
      await withClient(ownerUrl, (client) => client.query(effects))
      urls[name] = appUrl
    }
    const chained: number[] = []
    const plain: number[] = []
    for (let round = 0; round < rounds; round++) {
      chained.push(await write(bench, 'chained', urls.chained, round))
      plain.push(await write(bench, 'plain', urls.plain, round))
    }
    const ratios = chained.map((rate, round) => rate / (plain[round] ?? Number.NaN))
    return [
      atLeast('chained ÷ plain', Math.max(...chained) / Math.max(...plain), 0.9, ''),
      noted('the same, median of the rounds', median(ratios), ''),
      noted('chained', Math.max(...chained), ' /s'),
      noted('plain', Math.max(...plain), ' /s'),
    ]
  },
}

/** A row for each process, so that only the ledger is between them. */
const effects = `
  create table bench_effects (id int primary key, changes int not null);
  insert into bench_effects select n, 0 from generate_series(0, ${processes - 1}) n;
  grant select, update on bench_effects to keyward_app`

async function write(bench: Workbench, mode: 'chained' | 'plain', url: string, round: number): Promise<number> {
  const program = benchProgram('ledger-writer')
  const writers = Array.from({ length: processes }, (_, writer) =>
    bench.start([process.execPath, program, mode, url, String(writer), String(round), String(seconds)]),
  )
  const rates = await Promise.all(writers.map(async (writer) => Number(await writer.finished())))
  return rates.reduce((sum, rate) => sum + rate, 0)
}
