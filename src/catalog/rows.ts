import { csvLine } from '../csv.ts'
import { identifier, type OpenParquet, openParquet, type TextRows } from './parquet.ts'

/** Twenty rows of a snapshot. A cell is null for NULL and cut at 1,000 characters, then it ends in "…". */
export type RowsPage = {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: TextRows
  /** From 1. */
  readonly page: number
  /** Whether a page follows. */
  readonly more: boolean
}

export const rowsPerPage = 20
const cellCharacters = 1000
const previewMilliseconds = 10_000
const idleMilliseconds = 60_000

/** Reading a snapshot took longer than a page may. */
export class ReadTooLong extends Error {
  constructor() {
    super('Reading this snapshot took too long. Try again, or download it.')
  }
}

/** Reads one page of a snapshot's file. A page after the last is empty. Throws `ReadTooLong` after ten seconds. */
export async function readPage(path: string, page: number): Promise<RowsPage> {
  const parquet = await openParquet(path)
  let late = false
  const timer = setTimeout(() => {
    late = true
    parquet.interrupt()
  }, previewMilliseconds)
  try {
    const { columns } = parquet
    const cells = columns.map(({ name, type }) => cut(asText(name, type))).join(', ')
    const found = await parquet.query(cells, `limit ${rowsPerPage + 1} offset ${(page - 1) * rowsPerPage}`)
    return { columns, rows: found.slice(0, rowsPerPage), page, more: found.length > rowsPerPage }
  } catch (error) {
    throw late ? new ReadTooLong() : error
  } finally {
    clearTimeout(timer)
    parquet.close()
  }
}

/**
 * Returns a snapshot's file as CSV (RFC 4180: UTF-8, a header, CRLF), in chunks as the reader takes them. NULL is an empty
 * field, an empty string is `""`, bytes are `\x` and hexadecimal digits. A reader that takes nothing for a minute loses it.
 * `over` is called once, when the file is not needed any more.
 */
export async function streamCsv(path: string, over: () => void = () => {}): Promise<ReadableStream<Uint8Array>> {
  const parquet = await openParquet(path).catch((error) => {
    over()
    throw error
  })
  const chunks = csvChunks(parquet)[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let reading: Promise<unknown> = Promise.resolve()
  let idle: NodeJS.Timeout | undefined
  let ended = false

  /** Closes once: DuckDB must not be taken away from a call that still runs. */
  async function finish(): Promise<void> {
    clearTimeout(idle)
    if (ended) return
    ended = true
    parquet.interrupt()
    await reading.catch(() => {})
    parquet.close()
    over()
  }

  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    clearTimeout(idle)
    const next = chunks.next()
    reading = next
    try {
      const { done, value } = await next
      if (ended) return
      if (!done) controller.enqueue(encoder.encode(value))
      else controller.close()
      if (done) await finish()
      else idle = setTimeout(() => void giveUp(controller), idleMilliseconds).unref()
    } catch (error) {
      await finish()
      controller.error(error)
    }
  }

  async function giveUp(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    await finish()
    controller.error(new Error('The reader of a download stopped reading.'))
  }

  return new ReadableStream<Uint8Array>({ pull, cancel: finish }, { highWaterMark: 1 })
}

async function* csvChunks(parquet: OpenParquet): AsyncIterable<string> {
  yield csvLine(parquet.columns.map(({ name }) => name))
  // DuckDB makes whole lines, off the event loop; joining a chunk of 2,048 of them is all that is done here.
  const fields = parquet.columns.map(({ name, type }) => csvExpression(asText(name, type), type))
  for await (const lines of parquet.stream(fields.join(` || ',' || `))) {
    yield `${lines.map(([line]) => line ?? '').join('\r\n')}\r\n`
  }
}

function asText(name: string, type: string): string {
  const column = identifier(name)
  return type === 'BLOB' ? `('\\x' || lower(hex(${column})))` : `${column}::varchar`
}

function cut(text: string): string {
  return `case when length(${text}) > ${cellCharacters} then left(${text}, ${cellCharacters}) || '…' else ${text} end`
}

function csvExpression(text: string, type: string): string {
  if (neverQuoted.test(type)) return `coalesce(${text}, '')`
  const quoted = `'"' || replace(${text}, '"', '""') || '"'`
  return `coalesce(case when ${text} = '' or regexp_matches(${text}, '[",\\r\\n]') then ${quoted} else ${text} end, '')`
}

const neverQuoted = /^(BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DATE|TIME|TIMESTAMP.*|UUID|BLOB)$/
