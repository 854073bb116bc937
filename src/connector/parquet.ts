import { open, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './diagnosis.ts'
import type { Column, Imported } from './driver.ts'
import { longestLine, openDuckDB, parquetOptions, quoteName, quoteText, uniqueNames } from './duckdb.ts'
import { makeFifos } from './fifo.ts'
import { temporaryFiles } from './import-files.ts'
import { type ImportTarget, openOutput } from './import-output.ts'
import { writePieces } from './write-pieces.ts'

/** A column of text on its way into Parquet. */
export type TextColumn = Column & {
  /** The type that its cells are read as. */
  readonly textType: string
  /** Makes the value of `type` from a cell as it was before it was escaped. */
  readonly expression: (cell: string) => string
}

/** A dataset's file in the making. Text goes in by `write`; nothing is at its place before `finish` resolves. */
export type ParquetWriter = {
  /** Resolves when the bytes are on their way to DuckDB. */
  write(text: readonly Uint8Array[]): Promise<void>
  /** Ends the text, and resolves when the file is complete, on the disk and in its place. */
  finish(): Promise<Imported>
  /** Rejects when DuckDB gives up, maybe before all is written. */
  readonly failed: Promise<never>
}

/**
 * Starts turning text into a zstd Parquet file. The text is what PostgreSQL's COPY writes: a line a row, tabs between
 * cells, `\N` for NULL, and a backslash before what stands for a backslash, tab or end of line (`\\`, `\t`, `\n`, `\r`). A
 * row of one column ends in a tab, so that no line is empty. DuckDB may open what it reads and writes here and nothing else.
 */
export async function startParquet(target: ImportTarget, columns: readonly TextColumn[]): Promise<ParquetWriter> {
  const [, fifo] = temporaryFiles(target.file)
  await makeFifos(fifo)
  const output = await openOutput(target)
  const connection = await openDuckDB([output.path, fifo])
  const converted = connection
    .runAndReadAll(copySql(output.path, fifo, columns))
    .catch((error) => output.abandon(unstorable(error, columns)))
  const failed = converted.then(() => new Promise<never>(() => {}))
  failed.catch(() => {})
  // Waits until DuckDB reads at the other end; it would miss what was written and closed before.
  const pipe = await Promise.race([open(fifo, 'w'), failed])
  const before = [byteOrderMark]
  return {
    failed,
    // A reader that has gone has a reason, which comes a moment later: it repeats the whole row.
    write: (text) =>
      writePieces(pipe, [...before.splice(0), ...text]).catch((error) =>
        Promise.race([failed, sleep(10_000).then(() => Promise.reject(error))]),
      ),
    async finish() {
      await pipe.close()
      const reader = await converted
      await rm(fifo, { force: true })
      connection.closeSync()
      const bytes = await output.finish()
      const rows = Number(reader.getRows()[0]?.[0] ?? 0)
      return { rows, bytes, columns: columns.map(({ name, type }) => ({ name, type })) }
    },
  }
}

/** DuckDB takes one off the beginning, which may be one that the first cell has. So it gets one of ours to take. */
const byteOrderMark: Uint8Array = Buffer.from('\ufeff')

/** Says which column could not be kept. DuckDB's own words repeat the row, so they go no further. */
function unstorable(error: unknown, columns: readonly TextColumn[]): Refusal {
  const words = error instanceof Error ? error.message : ''
  const column = columns[columnIn(words)]
  const where = column === undefined ? 'A column' : `The column "${column.name.slice(0, 63).toWellFormed()}"`
  if (/maximum line size|buffer_size|out of memory/i.test(words)) {
    return new Refusal('read', 'limit.exceeded', {
      sentence: 'A row is larger than an import can take (16 MB).',
      nextStep: 'Import it with a query that leaves out or shortens the largest columns.',
    })
  }
  if (/unicode|utf-?8/i.test(words)) {
    return new Refusal('read', 'protocol.unexpected', {
      sentence: 'The server sent text that is not UTF-8.',
      nextStep: 'Import it with a query that leaves out or converts that text.',
    })
  }
  if (/Conversion Error|out of range|Could not convert/i.test(words)) {
    return new Refusal('read', 'limit.exceeded', {
      sentence: `${where} has a value that a dataset cannot hold as ${column?.type ?? 'its type'}.`,
      nextStep: 'Import it with a query that leaves that value out, or casts the column to text.',
    })
  }
  return new Refusal('read', 'internal', { sentence: 'The file could not be written.' })
}

/** Where DuckDB names no column, it shows the statement and points at the value's place: that of the cell before it. */
function columnIn(words: string): number {
  const [, shown = '', margin = ''] = /\n(LINE \d+: [^\n]*)\n( *)\^\s*$/.exec(words) ?? []
  const before = shown
    .slice(0, margin.length)
    .match(/\bc\d+\b/g)
    ?.at(-1)
  return Number(/column "?c(\d+)/.exec(words)?.[1] ?? before?.slice(1) ?? -1)
}

function copySql(to: string, fifo: string, columns: readonly TextColumn[]): string {
  const types = columns.map((column, index) => `'c${index}': ${quoteText(column.textType)}`)
  // What is behind the tab at the end of a single cell.
  if (columns.length === 1) types.push("'nothing': 'VARCHAR'")
  const names = uniqueNames(columns.map((column) => column.name))
  const values = columns.map(
    (column, index) => `${column.expression(cellOf(column, index))} AS ${quoteName(names[index] ?? '')}`,
  )
  return `COPY (SELECT ${values.join(', ')} FROM read_csv(${quoteText(fifo)}, columns = {${types.join(', ')}},
    auto_detect = false, header = false, delim = '\t', quote = '', escape = '', nullstr = '\\N', new_line = '\\n',
    compression = 'none', max_line_size = ${longestLine}, buffer_size = ${longestLine}))
    TO ${quoteText(to)} ${parquetOptions}`
}

/** A cell without its escapes. No text holds a bare NUL, so one may stand for the backslash while the others are undone. */
function cellOf({ textType }: TextColumn, index: number): string {
  const c = `c${index}`
  if (textType !== 'VARCHAR') return c
  const undone = [...escapes].reduce(
    (text, [letter, code]) => `replace(${text}, '\\${letter}', chr(${code}))`,
    `replace(${c}, '\\\\', chr(0))`,
  )
  // What still has a backslash is a NUL. It and the stand-in change places at once.
  const swapped = `translate(replace(${undone}, '\\0', '\\'), chr(0) || '\\', '\\' || chr(0))`
  return `CASE WHEN contains(${c}, '\\') THEN ${swapped} ELSE ${c} END`
}

/** What PostgreSQL and ClickHouse write behind a backslash, and the code of the character it means. */
const escapes = new Map([
  ['b', 8],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ["''", 39],
])
