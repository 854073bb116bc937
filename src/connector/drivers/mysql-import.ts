import type { Imported, Operations, Session } from '../driver.ts'
import { TextSink } from '../text-sink.ts'
import { type MysqlColumn, textColumn } from './mysql-columns.ts'
import { RowText } from './mysql-rows.ts'
import type { MysqlSession } from './mysql-session.ts'
import { exportSql } from './mysql-sql.ts'

/** Copies a source into a Parquet file: its rows as the server writes them, made into lines, into DuckDB. */
export async function importSource(
  session: Session,
  mysql: MysqlSession,
  columns: readonly MysqlColumn[],
  input: Operations['import']['input'],
): Promise<Imported> {
  // DuckDB takes a moment to load, and only imports need it.
  const { startParquet } = await import('../parquet.ts')
  const writer = await startParquet(input, columns.map(textColumn))
  const sink = new TextSink(writer, () => mysql.resumeRows(), session.report.progress)
  const lines = new RowText(columns, sink)
  const read = mysql.stream(exportSql(input.source, columns, input.rowLimit), lines)
  await Promise.race([read, sink.failed, writer.failed])
  lines.flush()
  await sink.end()
  return writer.finish()
}
