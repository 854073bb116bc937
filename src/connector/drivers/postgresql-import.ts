import type { Imported, Operations, Progress, Session } from '../driver.ts'
import type { CsvColumn, ParquetWriter } from '../parquet.ts'
import type { PostgresColumn } from './postgresql-columns.ts'
import type { PostgresSession } from './postgresql-session.ts'
import { exportSql, noticeGoneReader } from './postgresql-sql.ts'
import type { CopySink } from './postgresql-wire.ts'

/** Copies a source into a Parquet file: COPY as CSV, through a pipe, into DuckDB. */
export async function importSource(
  session: Session,
  postgres: PostgresSession,
  columns: readonly PostgresColumn[],
  input: Operations['import']['input'],
): Promise<Imported> {
  // DuckDB takes a moment to load, and only imports need it.
  const { startParquet } = await import('../parquet.ts')
  const writer = await startParquet(input.file, columns.map(csvColumn))
  await postgres.query(noticeGoneReader)
  const sink = new CsvSink(writer, () => postgres.resumeCopy(), session.report.progress)
  const copied = postgres.copy(exportSql(input.source, columns, input.rowLimit), sink)
  await Promise.race([copied, sink.failed, writer.failed])
  await sink.end()
  return writer.finish()
}

/** How PostgreSQL's text of a value becomes DuckDB's value. */
function csvColumn({ name, type, kind }: PostgresColumn): CsvColumn {
  if (kind === 'bytes') return { name, type, csvType: 'VARCHAR', expression: (c) => `unhex(substr(${c}, 3))` }
  return { name, type, csvType: type, expression: (c) => c }
}

/** Gathers the pieces of a COPY; while some are written, the next gather. */
class CsvSink implements CopySink {
  /** Rejects when the pipe cannot be written. */
  readonly failed: Promise<never>
  readonly #writer: ParquetWriter
  readonly #resume: () => void
  readonly #report: (progress: Progress) => void
  #fail: (error: unknown) => void = () => {}
  #pieces: Buffer[] = []
  #gathered = 0
  #waiting = 0
  #writing = Promise.resolve()
  #rows = 0
  #bytes = 0

  constructor(writer: ParquetWriter, resume: () => void, report: (progress: Progress) => void) {
    this.#writer = writer
    this.#resume = resume
    this.#report = report
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  get isFull(): boolean {
    return this.#waiting >= mostWaiting
  }

  take(bytes: Buffer, rows: number): void {
    this.#pieces.push(bytes)
    this.#gathered += bytes.length
    this.#bytes += bytes.length
    this.#rows += rows
    if (this.#gathered >= enoughBytes) this.#flush()
  }

  /** Resolves when everything has been written. */
  async end(): Promise<void> {
    this.#flush()
    await Promise.race([this.#writing, this.failed])
    this.#report({ rows: this.#rows, bytes: this.#bytes })
  }

  #flush(): void {
    const pieces = this.#pieces
    this.#pieces = []
    this.#gathered = 0
    this.#waiting++
    this.#writing = this.#writing.then(async () => {
      await this.#writer.write(pieces)
      this.#waiting--
      this.#report({ rows: this.#rows, bytes: this.#bytes })
      if (!this.isFull) this.#resume()
    })
    this.#writing.catch(this.#fail)
  }
}

/** Bytes worth a call to the system, and how many such calls may wait. */
const enoughBytes = 524_288
const mostWaiting = 4
