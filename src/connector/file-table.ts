import type { DuckDBConnection } from '@duckdb/node-api'
import { Refusal } from './diagnosis.ts'
import type { Imported, Rows, Sample } from './driver.ts'
import { longestLine, openDuckDB, parquetOptions, quoteName, quoteText, uniqueNames } from './duckdb.ts'
import { type RawColumn, type TypedColumn, typeColumns } from './file-columns.ts'
import type { FileFormat } from './file-format.ts'
import { tooManyColumns, tooManyDigits, unreadable } from './file-refusals.ts'
import { type ImportTarget, openOutput } from './import-output.ts'
import { percentLiteral } from './sample.ts'
import { strictJson } from './strict-json.ts'

/** Reads the first rows of a file on this machine, gzip taken off, which is all that is opened. */
export function previewFile(
  path: string,
  kind: FileFormat['kind'],
  rows: number,
  cellCharacters: number,
): Promise<Rows> {
  return reading(kind, [path], async (connection) => {
    const { from, columns } = await tableOf(connection, path, kind)
    const cells = columns.map(({ expression }) => shortened(expression, cellCharacters))
    const read = await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM ${from} LIMIT ${rows}`)
    const texts = read.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))))
    return { columns: named(columns), rows: texts }
  })
}

/** Makes a dataset of a file on this machine: a zstd Parquet file at its target, sealed where that has a key, which is there whole or not at all. */
export async function importFile(
  path: string,
  kind: FileFormat['kind'],
  taken: { readonly rowLimit: number | null; readonly sample?: Sample | undefined },
  target: ImportTarget,
): Promise<Imported> {
  const output = await openOutput(target)
  try {
    return await reading(kind, [path, output.path], async (connection) => {
      const { from, columns } = await tableOf(connection, path, kind)
      const names = uniqueNames(columns.map(({ name }) => name))
      const values = columns.map(({ expression }, index) => `${expression} AS ${quoteName(names[index] ?? '')}`)
      const limit = taken.rowLimit === null ? '' : ` LIMIT ${taken.rowLimit}`
      const select = `SELECT ${values.join(', ')} FROM ${sampled(from, taken.sample)}${limit}`
      const copied = await connection.runAndReadAll(`COPY (${select}) TO ${quoteText(output.path)} ${parquetOptions}`)
      const bytes = await output.finish()
      return { rows: Number(copied.getRows()[0]?.[0] ?? 0), bytes, columns: named(columns) }
    })
  } catch (error) {
    return await output.abandon(error)
  }
}

/** The same rows again of the same file: DuckDB reads it in one thread. */
function sampled(from: string, sample: Sample | undefined): string {
  if (sample === undefined) return from
  const { of, amount, seed } = sample
  const how =
    of === 'percent'
      ? `${percentLiteral(amount)} PERCENT (bernoulli, ${seed})`
      : `reservoir(${amount} ROWS) REPEATABLE (${seed})`
  return `(SELECT * FROM ${from} USING SAMPLE ${how})`
}

async function reading<T>(
  kind: FileFormat['kind'],
  files: readonly string[],
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await openDuckDB(files)
  try {
    return await work(connection)
  } catch (error) {
    throw error instanceof Refusal ? error : unreadable(error, kind)
  } finally {
    connection.closeSync()
  }
}

/** What to select from, in SQL, and what. */
type FileTable = { readonly from: string; readonly columns: readonly TypedColumn[] }

async function tableOf(connection: DuckDBConnection, path: string, kind: FileFormat['kind']): Promise<FileTable> {
  if (kind === 'parquet') return parquetTable(connection, path)
  const { from, raw } = await (kind === 'json' ? jsonColumns(connection, path) : csvColumns(connection, path, kind))
  if (raw.length > mostColumns) throw tooManyColumns()
  return { from, columns: await typeColumns(connection, from, raw) }
}

type RawTable = { readonly from: string; readonly raw: readonly RawColumn[] }

/** As many as a dataset may have. */
const mostColumns = 2_000

/** DuckDB finds out how the file is written; columns are then read by names of ours, as text. */
async function csvColumns(connection: DuckDBConnection, path: string, kind: 'csv' | 'tsv'): Promise<RawTable> {
  const limits = `max_line_size = ${longestLine}, buffer_size = ${2 * longestLine}`
  const given = kind === 'tsv' ? ", delim = '\t'" : ''
  const sniff = `SELECT Delimiter, Quote, Escape, NewLineDelimiter, SkipRows, HasHeader, [c.name FOR c IN Columns]::JSON
    FROM sniff_csv(${quoteText(path)}, sample_size = 20480, ${limits}${given})`
  const [found] = (await connection.runAndReadAll(sniff)).getRowsJson()
  const [delimiter, quote, escapes, newLine, skip, hasHeader, listed] = (found ?? []).map(String)
  const names = (JSON.parse(listed ?? '[]') as string[]).map(String)
  const types = names.map((_, index) => `'c${index}': 'VARCHAR'`)
  const ends = newLine === '\\r\\n' || newLine === '\\n' || newLine === '\\r' ? `, new_line = '${newLine}'` : ''
  // A sample without quotes says nothing about the rest.
  const from = `read_csv(${quoteText(path)}, columns = {${types.join(', ')}}, auto_detect = false,
    header = ${hasHeader === 'true'}, skip = ${Number(skip ?? 0)}, delim = ${quoteText(delimiter ?? ',')},
    quote = ${quoteText(mark(quote))}, escape = ${quoteText(mark(escapes))}, nullstr = '', allow_quoted_nulls = false,
    compression = 'none', ${limits}${ends})`
  return { from, raw: names.map((name, index) => ({ name, text: `c${index}` })) }
}

function mark(found: string | undefined): string {
  return found === undefined || found === '' || found === '(empty)' ? '"' : found
}

/** Only the outermost level makes columns: what is nested stays JSON, which any reader understands. */
async function jsonColumns(connection: DuckDBConnection, path: string): Promise<RawTable> {
  const from = `read_json(${quoteText(path)}, maximum_depth = 1, sample_size = -1, compression = 'uncompressed',
    maximum_object_size = ${longestLine})`
  const names = await describe(connection, from)
  const raw = names.map(({ name }) => {
    const json = `${strictJson(`nullif(CAST(${quoteName(name)} AS VARCHAR), 'null')`)}::JSON`
    return { name, json, text: `(${json}) ->> '$'` }
  })
  return { from, raw }
}

async function parquetTable(connection: DuckDBConnection, path: string): Promise<FileTable> {
  const from = `read_parquet(${quoteText(path)})`
  const described = await describe(connection, from)
  if (described.length > mostColumns) throw tooManyColumns()
  await refuseLongDecimals(connection, path)
  return { from, columns: described.map(({ name, type }) => keptAs(name, type, quoteName(name))) }
}

/** DuckDB would read them as doubles, without a word. */
async function refuseLongDecimals(connection: DuckDBConnection, path: string): Promise<void> {
  const long = `SELECT name, precision FROM parquet_schema(${quoteText(path)})
    WHERE precision > 38 AND (converted_type = 'DECIMAL' OR starts_with(logical_type, 'DecimalType'))`
  const [found] = (await connection.runAndReadAll(long)).getRows()
  if (found === undefined) return
  throw tooManyDigits(String(found[0]), Number(found[1]))
}

/** What is nested becomes JSON, and what has no place in a dataset becomes text. */
function keptAs(name: string, type: string, column: string): TypedColumn {
  if (plainTypes.test(type)) return { name, type, expression: column }
  if (/\[\d*\]$|^(?:STRUCT|MAP|UNION|VARIANT)/.test(type))
    return { name, type: 'JSON', expression: `${strictJson(`to_json(${column})::VARCHAR`)}::JSON` }
  return { name, type: 'VARCHAR', expression: `CAST(${column} AS VARCHAR)` }
}

const plainTypes =
  /^(?:BOOLEAN|U?(?:TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|VARCHAR|BLOB|JSON|UUID|DATE|TIME|TIMESTAMP(?:_NS| WITH TIME ZONE)?|DECIMAL\(\d+,\d+\))$/

async function describe(connection: DuckDBConnection, from: string) {
  const read = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`)
  return read.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
}

function named(columns: readonly TypedColumn[]): { name: string; type: string }[] {
  return columns.map(({ name, type }) => ({ name: name.slice(0, 1_000).toWellFormed(), type }))
}

function shortened(expression: string, characters: number): string {
  const text = `CAST(${expression} AS VARCHAR)`
  return `CASE WHEN length(${text}) > ${characters} THEN left(${text}, ${characters}) || '…' ELSE ${text} END`
}
