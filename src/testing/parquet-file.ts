import { DuckDBInstance } from '@duckdb/node-api'

/** Writes what `select` gives into a Parquet file at `path`; encrypted where there is a key, of 32 bytes. */
export async function makeParquet(path: string, select: string, key: Uint8Array | null = null): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', force_mbedtls_unsafe: 'true' })
  const connection = await instance.connect()
  if (key !== null) await connection.run(`PRAGMA add_parquet_key('k', '${Buffer.from(key).toString('base64')}')`)
  const encryption = key === null ? '' : ", ENCRYPTION_CONFIG {footer_key: 'k'}"
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet${encryption})`)
  connection.closeSync()
  instance.closeSync()
}
