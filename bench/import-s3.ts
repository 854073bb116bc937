import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetOptions, quoteText } from '../src/connector/duckdb.ts'
import { figuresOf, inTurns, snapshots } from './import.ts'
import type { Measurement } from './measurement.ts'
import { benchProgram } from './workbench.ts'

const rows = 2_000_000
const rounds = 5

/** A Parquet file of a store with S3's interface into the catalog, against DuckDB making the same of the file itself. */
export const importFromS3: Measurement = {
  name: 'import-s3',
  title: `seconds for a Parquet file of ${rows.toLocaleString('en')} rows of 6 columns in a store on this machine, from asking for a dataset to its completed version, in turns with DuckDB reading the file itself and writing the same; medians of ${rounds}`,
  minutes: 10,
  async measure(bench) {
    const folder = bench.folder()
    const file = join(folder, 'measured.parquet')
    await inDuckDB(`COPY (${table}) TO ${quoteText(file)} (FORMAT parquet, COMPRESSION snappy)`)
    const store = bench.start([process.execPath, benchProgram('file-store'), file])
    const [, port = ''] = await store.says(/listening on (\d+)/)
    const create = await snapshots(bench, {
      driver: 's3',
      parameters: { host: '127.0.0.1', port, region: 'us-east-1', bucket: 'bench', tls: 'disable' },
      account: { type: 's3', fields: { awsAccessKeyId: 'reader', awsSecretAccessKey: 'correct horse' } },
      schema: 'bench',
    })
    const made = join(folder, 'made.parquet')
    const pairs = await inTurns(
      rounds,
      () => byItself(file, made),
      () => create('measured.parquet', rows),
    )
    return figuresOf(pairs, { them: 'DuckDB', rows, limit: 1.3 })
  },
}

const table = `
  SELECT n::INTEGER AS id, n * 7919 AS big, (n % 1000000 / 100)::DECIMAL(12, 2) AS amount,
    TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (n) SECOND AS at, 'customer ' || md5(n::VARCHAR) AS name,
    n % 3 = 0 AS flag
  FROM range(1, ${rows + 1}) AS r(n)`

/** Has DuckDB, with its own threads and memory, make of the file what an import makes of it; returns its seconds. */
async function byItself(file: string, made: string): Promise<number> {
  const begun = performance.now()
  await inDuckDB(`COPY (SELECT * FROM read_parquet(${quoteText(file)})) TO ${quoteText(made)} ${parquetOptions}`)
  const seconds = (performance.now() - begun) / 1000
  rmSync(made)
  return seconds
}

async function inDuckDB(statement: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  // As datasets are written; without it DuckDB takes no size for the groups of rows.
  await connection.run('SET preserve_insertion_order = false')
  await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}
