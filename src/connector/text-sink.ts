import type { Progress } from './driver.ts'
import type { ParquetWriter } from './parquet.ts'

/**
 * Takes the text of an import, in the format of `startParquet`. While some pieces are written the next gather, and are then
 * written in one go. Who fills it stops while it `isFull`, and is told by `resume` to go on.
 */
export class TextSink {
  /** Rejects when the pipe cannot be written. */
  readonly failed: Promise<never>
  readonly #writer: ParquetWriter
  readonly #resume: () => void
  readonly #report: (progress: Progress) => void
  #fail: (error: unknown) => void = () => {}
  #pieces: Buffer[] = []
  #gathered = 0
  #writing: Promise<void> | undefined
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
    return this.#gathered >= mostGathered
  }

  /** One piece, which is the sink's from now on, and the number of rows that end in it. */
  take(bytes: Buffer, rows: number): void {
    this.#pieces.push(bytes)
    this.#gathered += bytes.length
    this.#bytes += bytes.length
    this.#rows += rows
    if (this.#gathered >= enoughBytes) this.#writing ??= this.#write()
  }

  /** Resolves when everything has been written. */
  async end(): Promise<void> {
    this.#writing ??= this.#write()
    await Promise.race([this.#writing, this.failed])
    this.#report({ rows: this.#rows, bytes: this.#bytes })
  }

  async #write(): Promise<void> {
    try {
      while (this.#pieces.length > 0) {
        const pieces = this.#pieces
        this.#pieces = []
        this.#gathered = 0
        this.#resume()
        await this.#writer.write(pieces)
        this.#report({ rows: this.#rows, bytes: this.#bytes })
      }
      this.#writing = undefined
    } catch (error) {
      this.#fail(error)
    }
  }
}

/** Bytes worth a call to the system. */
const enoughBytes = 524_288

/**
 * Bytes that wait while others are written: twice as many as DuckDB reads before it parses them. While it does, the server
 * goes on; when less could wait, the two took turns.
 */
const mostGathered = 33_554_432

/** Returns one row in the format of `startParquet`, from its cells as text; null is NULL. */
export function textRow(cells: readonly (string | null)[]): string {
  const written = cells.map((cell) => (cell === null ? '\\N' : escapeCell(cell)))
  return `${written.join('\t')}${written.length === 1 ? '\t' : ''}\n`
}

function escapeCell(cell: string): string {
  return /[\\\t\n\r]/.test(cell) ? cell.replace(/[\\\t\n\r]/g, (one) => escapes[one] ?? one) : cell
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
