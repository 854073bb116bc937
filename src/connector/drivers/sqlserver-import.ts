import type { Imported, Operations, Session } from '../driver.ts'
import type { TextColumn } from '../parquet.ts'
import { TextSink, textRow } from '../text-sink.ts'
import type { SqlServerColumn } from './sqlserver-columns.ts'
import type { Cell, Valve } from './sqlserver-conversation.ts'
import type { SqlServerSession } from './sqlserver-session.ts'
import { exportSql } from './sqlserver-sql.ts'

/** Copies a source into a Parquet file, row by row as the client library reads them. */
export async function importSource(
  session: Session,
  sqlserver: SqlServerSession,
  columns: readonly SqlServerColumn[],
  input: Operations['import']['input'],
): Promise<Imported> {
  // DuckDB takes a moment to load, and only imports need it.
  const { startParquet } = await import('../parquet.ts')
  const writer = await startParquet(input, columns.map(textColumn))
  let valve: Valve | undefined
  const sink = new TextSink(writer, () => valve?.resume(), session.report.progress)
  let lines: string[] = []
  let characters = 0
  const pass = () => {
    sink.take(Buffer.from(lines.join('')), lines.length)
    lines = []
    characters = 0
  }
  const { done, valve: opened } = sqlserver.stream(exportSql(input.source, columns, input.rowLimit), (row) => {
    const line = textRow(row.map(cellText))
    lines.push(line)
    characters += line.length
    if (characters >= enoughCharacters) pass()
    if (sink.isFull) valve?.pause()
  })
  valve = opened
  await Promise.race([done, sink.failed, writer.failed])
  pass()
  await sink.end()
  return writer.finish()
}

/** Worth a piece of their own. */
const enoughCharacters = 65_536

/** Returns a cell as text, bytes as hexadecimal digits. */
export function cellText(cell: Cell): string | null {
  if (cell === null || typeof cell === 'string') return cell
  return Buffer.isBuffer(cell) ? cell.toString('hex') : String(cell)
}

/** How the text of a cell becomes DuckDB's value. */
function textColumn({ name, type }: SqlServerColumn): TextColumn {
  if (type === 'BLOB') return { name, type, textType: 'VARCHAR', expression: (c) => `unhex(${c})` }
  if (type === 'JSON') return { name, type, textType: 'VARCHAR', expression: (c) => `${c}::JSON` }
  return { name, type, textType: type, expression: (c) => c }
}
