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

/** Gathers the pieces of a COPY into large buffers; while one is written, the next fills. */
class CsvSink implements CopySink {
  /** Rejects when the pipe cannot be written. */
  readonly failed: Promise<never>
  readonly #writer: ParquetWriter
  readonly #resume: () => void
  readonly #report: (progress: Progress) => void
  #fail: (error: unknown) => void = () => {}
  #buffer: Buffer = Buffer.allocUnsafe(bufferBytes)
  #length = 0
  #spare: Buffer | undefined = Buffer.allocUnsafe(bufferBytes)
  #writing = Promise.resolve()
  #waiting = 0
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
    return this.#waiting > 1
  }

  take(bytes: Buffer, endsRow: boolean): void {
    if (this.#length + bytes.length > bufferBytes) this.#flush()
    if (bytes.length > bufferBytes) this.#send(Buffer.from(bytes), bytes.length)
    else this.#length += bytes.copy(this.#buffer, this.#length)
    this.#bytes += bytes.length
    if (endsRow) this.#rows++
  }

  /** Resolves when everything has been written. */
  async end(): Promise<void> {
    this.#flush()
    await Promise.race([this.#writing, this.failed])
    this.#report({ rows: this.#rows, bytes: this.#bytes })
  }

  #flush(): void {
    if (this.#length === 0) return
    const full = this.#buffer
    this.#send(full, this.#length)
    this.#buffer = this.#spare ?? Buffer.allocUnsafe(bufferBytes)
    this.#spare = undefined
    this.#length = 0
  }

  #send(buffer: Buffer, length: number): void {
    this.#waiting++
    this.#writing = this.#writing.then(async () => {
      await this.#writer.write(buffer.subarray(0, length))
      this.#waiting--
      if (buffer.length === bufferBytes) this.#spare = buffer
      this.#report({ rows: this.#rows, bytes: this.#bytes })
      if (!this.isFull) this.#resume()
    })
    this.#writing.catch(this.#fail)
  }
}

const bufferBytes = 1_048_576
