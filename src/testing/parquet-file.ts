import { DuckDBInstance } from '@duckdb/node-api'

/** Writes what `select` gives into a Parquet file at `path`. */
export async function makeParquet(path: string, select: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
}
