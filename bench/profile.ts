import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { createAnalysis } from '../src/analysis/pool.ts'
import { quoteText } from '../src/connector/duckdb.ts'
import { packageRoot } from '../src/package-root.ts'
import { makeParquet } from '../src/testing/parquet-file.ts'
import { atMost, type Measurement, median, noted } from './measurement.ts'
import { descendants, memoryOf } from './processes.ts'

/** Fewer where PROFILE_ROWS says so, for a machine that others use too. */
const rows = Number(process.env.PROFILE_ROWS ?? 10_000_000)
const rounds = 3

/** The profile of a file of 20 columns, against DuckDB's own summary of it. */
export const profile: Measurement = {
  name: 'profile',
  title: `seconds for the profile of ${rows.toLocaleString('en')} rows of 20 columns, from the start of the worker to its answer, in turns with SUMMARIZE in a DuckDB of its own with its own threads and memory; medians of ${rounds}`,
  minutes: 20,
  async measure(bench) {
    const folder = bench.folder()
    const file = join(folder, 'measured.parquet')
    await makeParquet(file, table)
    const analysis = createAnalysis({
      workerFile: join(packageRoot(), 'dist/analyst.cjs'),
      scratchDirectory: join(folder, 'scratch'),
    })
    bench.defer(() => analysis.close())
    const job = { kind: 'profile', input: {}, files: [{ name: 'file', path: file }], target: null } as const
    const theirs: number[] = []
    const ours: number[] = []
    let memory = 0
    for (let round = 0; round < rounds; round++) {
      theirs.push(await seconds(() => summarize(file)))
      const stop = new AbortController()
      const watching = watch(stop.signal)
      ours.push(
        await seconds(async () => {
          const outcome = await analysis.run(job, { userId: 'bench' })
          if (!outcome.ok || outcome.value.rows !== rows) throw new Error(`It came to ${JSON.stringify(outcome)}`)
        }),
      )
      stop.abort()
      memory = Math.max(memory, await watching)
    }
    const ratios = ours.map((time, round) => time / (theirs[round] ?? Number.NaN))
    return [
      atMost('Keyward ÷ SUMMARIZE', median(ratios), 1.5, ''),
      noted('Keyward', median(ours), ' s'),
      noted('SUMMARIZE', median(theirs), ' s'),
      atMost('most memory of the worker', memory, 1_024, ' MB'),
    ]
  },
}

const table = `
  SELECT i::INTEGER AS i1, i * 7919 AS i2, (i % 1000)::INTEGER AS i3, (i % 7)::SMALLINT AS i4, i % 100000 AS i5,
    (i % 1000000 / 100)::DECIMAL(12, 2) AS d1, (i / 7)::DECIMAL(18, 4) AS d2, random() AS f1, sqrt(i) AS f2, random() * 100 AS f3,
    TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i) SECOND AS t1, DATE '2020-01-01' + (i % 2000)::INTEGER AS t2,
    'customer ' || md5(i::VARCHAR) AS s1, 'city ' || (i % 500) AS s2, CASE WHEN i % 3 > 0 THEN 'x' || (i % 11) END AS s3,
    'n' || i AS s4, 'k' || (random() * 10000)::INTEGER AS s5, uuid() AS u1, i % 3 = 0 AS b1, i % 2 = 0 AS b2
  FROM range(${rows}) AS r(i)`

async function summarize(file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.runAndReadAll(`SUMMARIZE SELECT * FROM read_parquet(${quoteText(file)})`)
  connection.closeSync()
  instance.closeSync()
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

/** Resolves, when it is told to stop, with the most memory that the worker had, in MB. */
async function watch(signal: AbortSignal): Promise<number> {
  let most = 0
  while (!signal.aborted) {
    for (const pid of descendants(process.pid, 'dist/analyst.cjs')) most = Math.max(most, memoryOf(pid, 'VmHWM'))
    await pause(100)
  }
  return most
}
