import type { IncomingMessage } from 'node:http'
import type { Refusal } from '../diagnosis.ts'
import type { Imported, Operations, Session } from '../driver.ts'
import type { TextColumn } from '../parquet.ts'
import { TextSink } from '../text-sink.ts'
import type { ClickHouseColumn } from './clickhouse-columns.ts'
import { readError, serverRefusal } from './clickhouse-errors.ts'
import { lost } from './clickhouse-http.ts'
import type { ClickHouseSession } from './clickhouse-session.ts'
import { exportSql } from './clickhouse-sql.ts'

/** Copies a source into a Parquet file: the server's text format goes into DuckDB as it comes. */
export async function importSource(
  session: Session,
  clickhouse: ClickHouseSession,
  columns: readonly ClickHouseColumn[],
  input: Operations['import']['input'],
): Promise<Imported> {
  // DuckDB takes a moment to load, and only imports need it.
  const { startParquet } = await import('../parquet.ts')
  const answer = await clickhouse.stream(exportSql(input.source, columns, input.rowLimit))
  answer.pause()
  const writer = await startParquet(input, columns.map(textColumn))
  const sink = new TextSink(writer, () => answer.resume(), session.report.progress)
  await Promise.race([pour(answer, sink), sink.failed, writer.failed])
  await sink.end()
  return writer.finish()
}

/**
 * Takes an answer into the sink. What goes wrong on the server after its first rows stands at the end of the answer, so
 * that end is looked at before it is taken.
 */
function pour(answer: IncomingMessage, sink: TextSink): Promise<void> {
  const held: Buffer[] = []
  let bytes = 0
  const pass = (least: number) => {
    while (held[0] !== undefined && bytes - held[0].length >= least) {
      const piece = held.shift() as Buffer
      bytes -= piece.length
      sink.take(piece, linesIn(piece))
    }
  }
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(failureAtEnd(Buffer.concat(held)) ?? lost(error))
    answer.on('error', failed).once('aborted', () => failed(new Error('aborted')))
    answer.on('data', (piece: Buffer) => {
      held.push(piece)
      bytes += piece.length
      pass(longestFailure)
      if (sink.isFull) answer.pause()
    })
    answer.once('end', () => {
      const failure = failureAtEnd(Buffer.concat(held))
      if (failure !== undefined) return reject(failure)
      pass(0)
      resolve()
    })
    answer.resume()
  })
}

/** Bytes that the server's words about a failure can have. */
const longestFailure = 32_768

/** Every row has a tab, so a line without one, that begins as failures do, is none. */
function failureAtEnd(end: Buffer): Refusal | undefined {
  const text = end.subarray(-longestFailure).toString('utf8')
  const [failure] = /^(?:Code: \d+[.,] [^\t\n]*DB::Exception[^\t\n]*)(?:\n[\s\S]*)?$/m.exec(text) ?? []
  const said = failure === undefined ? undefined : readError(failure)
  return said === undefined ? undefined : serverRefusal(said, 'reading')
}

function linesIn(piece: Buffer): number {
  let lines = 0
  for (let at = piece.indexOf(endOfLine); at !== -1; at = piece.indexOf(endOfLine, at + 1)) lines++
  return lines
}

const endOfLine = 0x0a

/** How ClickHouse's text of a value becomes DuckDB's value. */
function textColumn({ name, type, kind }: ClickHouseColumn): TextColumn {
  const read = (expression: TextColumn['expression']): TextColumn => ({ name, type, textType: 'VARCHAR', expression })
  if (kind === 'padded') return read((c) => `rtrim(${c}, chr(0))`)
  if (kind === 'day' || kind === 'moment') return read((c) => `${epochForZero(c)}::${type}`)
  if (kind !== 'nested') return { name, type, textType: type, expression: (c) => c }
  return read((c) => `${c}::JSON`)
}

/** Servers before 2019 write day 0 as a day of the year 0. */
function epochForZero(c: string): string {
  return `CASE WHEN starts_with(${c}, '0000-00-00') THEN replace(${c}, '0000-00-00', '1970-01-01') ELSE ${c} END`
}
