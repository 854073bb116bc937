import type { Column, Imported } from '../connector/driver.ts'
import { parquetOptions, quoteName, quoteText, uniqueNames } from '../connector/duckdb.ts'
import type { ImportOutput } from '../connector/import-output.ts'
import { queryKey } from '../names.ts'
import type { QueryRows } from './analysis.ts'
import type { Workplace } from './open.ts'
import { type Ask, type CheckedStatement, checkStatement, StatementRefused } from './statement.ts'
import { charactersFor, shownText } from './text.ts'

/** Returns the first rows of a statement, every cell as text. Of none, it is only found out whether it can be run. */
export async function previewQuery(workplace: Workplace, sql: string, rows: number): Promise<QueryRows> {
  const { connection } = workplace
  const { columns, from } = await describe(workplace, sql)
  const characters = charactersFor(rows * columns.length)
  const cells = columns.map(({ type }, index) => shownText(`c${index}`, type, characters))
  const answer = await connection.runAndReadAll(
    `SELECT ${cells.join(', ')} FROM ${from} LIMIT ${rows === 0 ? 0 : rows + 1}`,
  )
  const found = answer.getRows() as unknown as QueryRows['rows']
  return { columns, rows: found.slice(0, rows), more: found.length > rows }
}

/** Writes all that a statement gives into `output`, which is in its place when this resolves. */
export async function writeQuery(workplace: Workplace, sql: string, output: ImportOutput): Promise<Imported> {
  const { connection } = workplace
  const { columns, from } = await describe(workplace, sql)
  const kept = columns.map(({ name, type }, index) => ({ name, ...storable(`c${index}`, type) }))
  const values = kept.map(({ name, expression }) => `${expression} AS ${quoteName(name)}`)
  const answer = await connection.runAndReadAll(
    `COPY (SELECT ${values.join(', ')} FROM ${from}) TO ${quoteText(output.path)} ${parquetOptions}`,
  )
  const bytes = await output.finish()
  const rows = Number(answer.getRows()[0]?.[0] ?? 0)
  return { rows, bytes, columns: kept.map(({ name, type }) => ({ name, type })) }
}

/** Returns the files a statement reads, without running it. */
export async function namesIn(workplace: Workplace, sql: string): Promise<CheckedStatement> {
  return checkStatement(asking(workplace), sql)
}

type Described = {
  /** With names that are there once. */
  readonly columns: readonly Column[]
  /** The statement as a table whose columns are c0, c1 and so on. */
  readonly from: string
}

/** What is run is what was checked; what was typed is prepared too, because an error then tells its place in it. */
async function describe(workplace: Workplace, sql: string): Promise<Described> {
  const checked = await checkStatement(asking(workplace), sql)
  const unknown = checked.names.find(({ name }) => !workplace.names.has(queryKey(name)))
  if (unknown !== undefined) {
    throw new StatementRefused(`There is no dataset "${unknown.name.slice(0, 200)}" here.`, unknown.position)
  }
  const prepared = await workplace.connection.prepare(sql)
  if (prepared.parameterCount > 0) throw new StatementRefused('A query here has no parameters. Write the values in it.')
  const count = prepared.columnCount
  const names = uniqueNames(Array.from({ length: count }, (_, index) => prepared.columnName(index)))
  const columns = names.map((name, index) => ({ name, type: String(prepared.columnType(index)) }))
  const aliases = columns.map((_, index) => `c${index}`)
  return { columns, from: `(${checked.sql}) AS result(${aliases.join(', ')})` }
}

function asking({ connection }: Workplace): Ask {
  return async (sql, values) => (await connection.runAndReadAll(sql, [...values])).getRows()[0]?.[0]
}

/** Parquet has no such types, or not all of their values. */
function storable(expression: string, type: string): { readonly type: string; readonly expression: string } {
  if (/^U?HUGEINT$/.test(type)) return { type: 'DECIMAL(38,0)', expression: `CAST(${expression} AS DECIMAL(38,0))` }
  if (/^(?:INTERVAL|BIT|BIGNUM|VARINT|UNION|VARIANT|TIME_NS|"?NULL"?|SQLNULL|ANY|ENUM)/.test(type)) {
    return { type: 'VARCHAR', expression: `CAST(${expression} AS VARCHAR)` }
  }
  return { type, expression }
}
