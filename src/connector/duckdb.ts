import { open, rename, stat } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

// What every use of DuckDB inside a worker has in common. It takes a quarter of a second to load.

/**
 * Opens an empty database in memory, which may open these files, can reach nothing else, and cannot be told to. What does
 * not fit into memory is refused: left to itself DuckDB puts rows, readable, into a folder of the one it runs in. With two
 * threads a file is read while another part of it is compressed.
 */
export async function openDuckDB(files: readonly string[]): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '256MB', temp_directory: '' })
  const connection = await instance.connect()
  for (const statement of [
    `SET allowed_paths = [${files.map(quoteText).join(', ')}]`,
    'SET enable_external_access = false',
    'SET preserve_insertion_order = false',
    "SET TimeZone = 'UTC'",
    'SET lock_configuration = true',
  ]) {
    await connection.run(statement)
  }
  return connection
}

/** How datasets are written: what stands behind the name of the file in a COPY. */
export const parquetOptions = `(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1,
    ROW_GROUP_SIZE_BYTES '48MB', USE_TMP_FILE false)`

/** Bytes of one row as text. */
export const longestLine = 16_777_216

/** Puts a finished file on the disk and in its place; returns its size in bytes. */
export async function putInPlace(partial: string, file: string): Promise<number> {
  const handle = await open(partial, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  const { size } = await stat(partial)
  await rename(partial, file)
  return size
}

/** Parquet readers want every name once, whatever the case of its letters; the source need not keep to that. */
export function uniqueNames(names: readonly string[]): string[] {
  const used = new Set<string>()
  return names.map((name) => {
    const base = name === '' ? 'column' : name
    let unique = base
    for (let count = 1; used.has(unique.toLowerCase()); count++) unique = `${base}_${count}`
    used.add(unique.toLowerCase())
    return unique
  })
}

/** Returns a text as a literal of DuckDB's. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Returns a name as DuckDB reads it, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
