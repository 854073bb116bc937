import { Refusal } from '../diagnosis.ts'
import type { Imported, Operations, Session } from '../driver.ts'
import type { TextColumn } from '../parquet.ts'
import { TextSink } from '../text-sink.ts'
import type { PostgresColumn } from './postgresql-columns.ts'
import { countedDate, countType, writtenDate } from './postgresql-dates.ts'
import type { PostgresSession } from './postgresql-session.ts'
import { exportSql, measureSql, noticeGoneReader } from './postgresql-sql.ts'

/** Copies a source into a Parquet file: COPY as text, which the server writes faster than CSV, into DuckDB. */
export async function importSource(
  session: Session,
  postgres: PostgresSession,
  described: readonly PostgresColumn[],
  input: Operations['import']['input'],
): Promise<Imported> {
  if (described.length === 0) throw new Refusal('read', 'read.denied', noColumns)
  const columns = countDates(postgres, await measureNumbers(postgres, described, input))
  // DuckDB takes a moment to load, and only imports need it.
  const { startParquet } = await import('../parquet.ts')
  const writer = await startParquet(input, columns.map(textColumn))
  await postgres.query(noticeGoneReader)
  const sink = new TextSink(writer, () => postgres.resumeCopy(), session.report.progress)
  const copied = postgres.copy(exportSql(input.source, columns, input.rowLimit), sink)
  await Promise.race([copied, sink.failed, writer.failed])
  await sink.end()
  return writer.finish()
}

const noColumns = { sentence: 'There are no columns to import.', nextStep: 'Choose another table, or name columns.' }

/** Gives every `numeric` without a declared size the smallest decimal that holds all of its values exactly. */
async function measureNumbers(
  postgres: PostgresSession,
  columns: readonly PostgresColumn[],
  input: Operations['import']['input'],
): Promise<readonly PostgresColumn[]> {
  if (!columns.some((column) => column.kind === 'free numeric')) return columns
  const [measured = []] = (await postgres.query(measureSql(input.source, columns, input.rowLimit))).rows
  let at = 0
  return columns.map((column) => {
    if (column.kind !== 'free numeric') return column
    const [scale, least, most] = measured.slice(at, at + 3)
    at += 3
    return { ...column, type: decimalFor(Number(scale ?? 0), least ?? '0', most ?? '0') }
  })
}

/** Numbers that no decimal holds (NaN, infinity, more than 38 digits) are kept as the text PostgreSQL writes. */
function decimalFor(scale: number, least: string, most: string): string {
  const whole = [least, most].map((number) => /^-?(\d+)(?:\.\d+)?$/.exec(number)?.[1]?.length ?? Number.NaN)
  const width = Math.max(...whole) + scale
  if (!(width <= 38)) return 'VARCHAR'
  return `DECIMAL(${width <= 18 ? 18 : 38},${scale})`
}

/** Has a server that can send its dates as it counts them, which spares it writing each out and DuckDB reading it. */
function countDates(postgres: PostgresSession, columns: readonly PostgresColumn[]): readonly PostgresColumn[] {
  const canCount = Number.parseInt(postgres.serverVersion, 10) >= 18
  return columns.map((column) => (canCount && column.kind === 'date' ? { ...column, kind: 'counted date' } : column))
}

/** How PostgreSQL's text of a value becomes DuckDB's value. */
function textColumn({ name, type, kind }: PostgresColumn): TextColumn {
  if (kind === 'bytes') return { name, type, textType: 'VARCHAR', expression: (c) => `unhex(substr(${c}, 3))` }
  if (kind === 'date') return { name, type, textType: 'VARCHAR', expression: (c) => writtenDate(c, type) }
  if (kind === 'counted date') return { name, type, textType: countType(type), expression: (c) => countedDate(c, type) }
  if (kind === 'free numeric') return { name, type, textType: 'VARCHAR', expression: (c) => exactly(c, type) }
  if (type === 'JSON') return { name, type, textType: 'VARCHAR', expression: (c) => `${c}::JSON` }
  return { name, type, textType: type, expression: (c) => c }
}

/** Stops where a value has more digits than were measured, which a volatile query can do, rather than round it. */
function exactly(c: string, type: string): string {
  const scale = /,(\d+)\)$/.exec(type)?.[1]
  if (scale === undefined) return c
  const tooFine = `contains(${c}, '.') AND strlen(${c}) - instr(${c}, '.') > ${scale}`
  return `CASE WHEN ${tooFine} THEN error('Conversion Error: not exact') ELSE ${c}::${type} END`
}
