import type { DuckDBConnection } from '@duckdb/node-api'

/** Cells as text: every expression that is selected must be a VARCHAR. */
export type TextRows = readonly (readonly (string | null)[])[]

/** A Parquet file opened for reading. */
export type OpenParquet = {
  /** The columns in order, with their DuckDB types. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Selects `expressions` from the file, then `tail`; both are ours, made with `identifier`. */
  query(expressions: string, tail: string): Promise<TextRows>
  /** The same for the whole file, chunk by chunk: memory stays flat however many rows there are. */
  stream(expressions: string): AsyncIterable<TextRows>
  /** Interrupts whatever runs, which then throws, as does whatever waits for its turn. */
  interrupt(): void
  close(): void
}

/**
 * Opens a Parquet file in a DuckDB of its own that can read this file and nothing else (docs/decisions/061). DuckDB works
 * off the event loop, in at most two calls at a time in this process: the thread pool is for others too.
 */
export async function openParquet(path: string): Promise<OpenParquet> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '256MB', threads: '1', temp_directory: '' })
  const connection = await instance.connect()
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  try {
    await inTurn(() => lock(connection, path))
    const interrupted = new AbortController()
    const interrupt = () => {
      interrupted.abort()
      connection.interrupt()
    }
    return { ...(await readerOf(connection, path, interrupted.signal)), interrupt, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Returns `name` quoted as an identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Order matters: after the last statement nothing of it can be changed back. */
async function lock(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run("set TimeZone = 'UTC'")
  await connection.run(`set allowed_paths = [${textLiteral(path)}]`)
  await connection.run('set enable_external_access = false')
  await connection.run('set lock_configuration = true')
}

async function readerOf(connection: DuckDBConnection, path: string, interrupted: AbortSignal) {
  const from = `from read_parquet(${textLiteral(path)})`
  // DuckDB forgets an interruption that comes before there is something to interrupt.
  const working = <T>(work: () => Promise<T>) =>
    inTurn(() => {
      interrupted.throwIfAborted()
      return work()
    })
  const read = async (sql: string) => (await working(() => connection.runAndReadAll(sql))).getRows()
  const described = await read(`select column_name, column_type from (describe select * ${from})`)
  return {
    columns: described.map(([name, type]) => ({ name: String(name), type: String(type) })),
    query: async (expressions: string, tail: string) =>
      (await read(`select ${expressions} ${from} ${tail}`)) as unknown as TextRows,
    async *stream(expressions: string): AsyncIterable<TextRows> {
      const result = await working(() => connection.stream(`select ${expressions} ${from}`))
      for (;;) {
        const chunk = await working(() => result.fetchChunk())
        if (chunk === null || chunk.rowCount === 0) return
        yield chunk.getRows() as unknown as TextRows
      }
    },
  }
}

/** Returns `text` as a literal. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

const atOnce = 2
let working = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (working >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  else working++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    // The turn passes on without becoming free in between.
    if (next === undefined) working--
    else next()
  }
}
