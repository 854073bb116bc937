import type { Source } from '../driver.ts'
import { percentLiteral } from '../sample.ts'
import type { SqlServerColumn } from './sqlserver-columns.ts'
import { parseQuery } from './sqlserver-query.ts'

/** Returns an identifier of SQL Server in brackets. */
export function quoteName(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`
}

/** Returns the statement whose result is described: it is analysed by the server as a value, and never run. */
export function describedText(source: Source): string {
  if (source.kind === 'table') return tableSql(source)
  const { expressions, body } = parseQuery(source.query)
  return expressions === '' ? body : `WITH ${expressions}\n${body}`
}

/** Describes the statement in `@text`. */
export const describeSql = `SELECT name, system_type_name, error_number, error_message
FROM sys.dm_exec_describe_first_result_set(@text, NULL, 0) ORDER BY column_ordinal`

/** Returns the statement for the first rows of a source, long cells cut by the server after `characters`. */
export function previewSql(source: Source, columns: readonly SqlServerColumn[], rows: number, characters: number) {
  return select(source, columns, rows, ({ type, sent, isLong }, name) => {
    if (!isLong) return sent(name)
    // A character may be two of SQL Server's, and one more shows that there are more.
    if (type === 'BLOB') return `SUBSTRING(${sent(name)}, 1, ${characters + 1})`
    return `LEFT(CONVERT(nvarchar(max), ${sent(name)}), ${2 * (characters + 1)})`
  })
}

/** Returns the statement that exports a source. */
export function exportSql(source: Source, columns: readonly SqlServerColumn[], rowLimit: number | null): string {
  return select(source, columns, rowLimit, ({ sent }, name) => sent(name))
}

/**
 * Opens the transaction in which everything is read, and that nobody commits: hanging up rolls it back. SQL Server has
 * none that only reads.
 */
export function beginSql(milliseconds: number): string {
  return `SET XACT_ABORT ON; SET LOCK_TIMEOUT ${Math.max(1, Math.floor(milliseconds))}; BEGIN TRANSACTION`
}

export const versionSql = `SELECT CONVERT(nvarchar(100), SERVERPROPERTY('ProductVersion')),
CONVERT(int, SERVERPROPERTY('EngineEdition'))`

/** Schemas of the server itself and of its roles are not data. */
const notSystem = "s.name NOT IN ('sys', 'INFORMATION_SCHEMA', 'guest') AND s.schema_id < 16384"
const relations = `sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id`
const mayRead = `HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT', NULL, NULL) = 1`

export const schemasSql = `SELECT TOP (10000) s.name FROM sys.schemas s WHERE ${notSystem} ORDER BY s.name`

/** The tables and views of the schema `@text`. */
export const tablesSql = `SELECT TOP (10000) s.name, o.name, RTRIM(o.type) FROM ${relations}
WHERE s.name = @text AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND ${mayRead} ORDER BY o.name`

/** One table that the account may read, a real one before a view, which may be slow. */
export const readableSql = `SELECT TOP (1) s.name, o.name FROM ${relations}
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND ${mayRead} ORDER BY o.type`

export const anyTableSql = `SELECT TOP (1) 1 FROM ${relations} WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0`

/** A percentage is of the pages that hold the table, the same again while it stays as it is; rows are drawn anew. */
function tableSql({ schema, table, sample }: Extract<Source, { kind: 'table' }>): string {
  const name = `${quoteName(schema)}.${quoteName(table)}`
  if (sample === undefined) return `SELECT * FROM ${name}`
  if (sample.of === 'rows') return `SELECT TOP (${sample.amount}) * FROM ${name} ORDER BY NEWID()`
  return `SELECT * FROM ${name} TABLESAMPLE (${percentLiteral(sample.amount)} PERCENT) REPEATABLE (${sample.seed})`
}

/** Columns go by names of ours, so that two of one name, none, and names of any kind are no matter. */
function select(
  source: Source,
  columns: readonly SqlServerColumn[],
  limit: number | null,
  cell: (column: SqlServerColumn, name: string) => string,
): string {
  const { expressions, body } =
    source.kind === 'table' ? { expressions: '', body: tableSql(source) } : parseQuery(source.query)
  const names = columns.map((_, index) => `[c${index}]`)
  const cells = columns.map((column, index) => cell(column, names[index] ?? ''))
  const top = limit === null ? '' : `TOP (${limit}) `
  const before = expressions === '' ? '' : `${expressions}\n, `
  return `WITH ${before}[keyward source] (${names.join(', ')}) AS (\n${body}\n)
SELECT ${top}${cells.join(', ')} FROM [keyward source]`
}
