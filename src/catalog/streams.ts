import { csvLine, spreadsheetText } from '../csv.ts'
import { identifier, type OpenParquet, openParquet, textLiteral } from './parquet.ts'
import { asText } from './rows.ts'

const idleMilliseconds = 60_000

/**
 * Returns a snapshot's file as CSV (RFC 4180: UTF-8, a header, CRLF), in chunks as the reader takes them. NULL is an empty
 * field, an empty string is `""`, bytes are `\x` and hexadecimal digits. Text that a spreadsheet would take for a formula
 * has an apostrophe in front. A reader that takes nothing for a minute loses it. `over` is called once, when the file is
 * not needed any more.
 */
export function streamCsv(path: string, over: () => void = () => {}): Promise<ReadableStream<Uint8Array>> {
  return streamLines(path, over, {
    header: (columns) => csvLine(columns.map(({ name }) => spreadsheetText(name))),
    line: (columns) => columns.map(({ name, type }) => csvExpression(asText(name, type), type)).join(` || ',' || `),
    end: '\r\n',
  })
}

/**
 * Returns a snapshot's file as JSON lines, one object a row, in chunks as the reader takes them. Numbers, booleans and
 * NULL stay what they are and JSON is embedded; a number with more digits than a double holds is text, as is everything
 * else. A reader that takes nothing for a minute loses it. `over` as for `streamCsv`.
 */
export function streamJsonLines(path: string, over: () => void = () => {}): Promise<ReadableStream<Uint8Array>> {
  return streamLines(path, over, { header: () => '', line: jsonLine, end: '\n' })
}

type Column = OpenParquet['columns'][number]

/** How rows become lines. `line` is SQL for a whole line, without its end. */
type LineFormat = {
  readonly header: (columns: readonly Column[]) => string
  readonly line: (columns: readonly Column[]) => string
  readonly end: string
}

async function streamLines(path: string, over: () => void, format: LineFormat): Promise<ReadableStream<Uint8Array>> {
  const parquet = await openParquet(path).catch((error) => {
    over()
    throw error
  })
  const chunks = chunksOf(parquet, format)[Symbol.asyncIterator]()
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

async function* chunksOf(parquet: OpenParquet, { header, line, end }: LineFormat): AsyncIterable<string> {
  yield header(parquet.columns)
  // DuckDB makes whole lines, off the event loop; joining a chunk of 2,048 of them is all that is done here.
  for await (const lines of parquet.stream(line(parquet.columns))) {
    yield `${lines.map(([text]) => text ?? '').join(end)}${end}`
  }
}

/** A byte-order mark is quoted, too: at the beginning of a line, DuckDB's library would take it for no text. */
function csvExpression(text: string, type: string): string {
  if (neverQuoted.test(type)) return `coalesce(${text}, '')`
  const safe = /^DECIMAL/.test(type) ? text : spreadsheetExpression(text)
  const quoted = `'"' || replace(${safe}, '"', '""') || '"'`
  return `coalesce(case when ${text} = '' or regexp_matches(${text}, '[",\\r\\n]|^\\x{feff}') then ${quoted} else ${safe} end, '')`
}

const neverQuoted = /^(BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DATE|TIME|TIMESTAMP.*|UUID|BLOB)$/

/** The SQL of `spreadsheetText`, but that it leaves a plain number alone, which does nothing in a spreadsheet. */
function spreadsheetExpression(text: string): string {
  const formula = `regexp_matches(${text}, '^[\\s\\pZ]*[=+\\-@\\t\\r\\x{ff1d}\\x{ff0b}\\x{ff0d}\\x{ff20}]')`
  const number = `regexp_full_match(${text}, '[-+]?[0-9]+([.,][0-9]+)?')`
  return `(case when ${formula} and not ${number} then '''' || ${text} else ${text} end)`
}

function jsonLine(columns: readonly Column[]): string {
  const members = columns.map(({ name, type }, index) => {
    const key = `${index === 0 ? '' : ','}${JSON.stringify(name)}:`
    return `${textLiteral(key)} || coalesce(${jsonExpression(name, type)}, 'null')`
  })
  return [`'{'`, ...members, `'}'`].join(' || ')
}

function jsonExpression(name: string, type: string): string {
  const column = identifier(name)
  const text = asText(name, type)
  const quoted = `to_json(${text})::varchar`
  if (type === 'BOOLEAN') return text
  if (type === 'JSON') return `json(${column})::varchar`
  if (/^(DOUBLE|FLOAT)$/.test(type)) return `case when isfinite(${column}) then ${text} else ${quoted} end`
  if (!/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*)$/.test(type)) return quoted
  return `case when length(regexp_replace(${text}, '[-.]', '', 'g')) <= ${doubleDigits} then ${text} else ${quoted} end`
}

/** Of any number with so many decimal digits, a double gives the same back. */
const doubleDigits = 15
