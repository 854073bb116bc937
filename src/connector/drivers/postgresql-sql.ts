import type { Source } from '../driver.ts'
import { percentLiteral } from '../sample.ts'
import type { PostgresColumn } from './postgresql-columns.ts'
import { dateCount } from './postgresql-dates.ts'

/** Returns an identifier of PostgreSQL in quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Returns the source as an item of FROM. A query stands on lines of its own, so that a comment at its end stays its own.
 *
 * Text of a user's is always sent as a single statement. It may hold an unbalanced parenthesis and still parse, but no
 * semicolon: inside the parentheses that is a syntax error, and outside them it makes two statements, which the server
 * refuses.
 */
export function fromItem(source: Source): string {
  if (source.kind === 'table') return tableItem(source)
  return `(\n${withoutEnd(source.query)}\n)`
}

/** A percentage is the same rows again while the table stays as it is; a number of rows is drawn anew each time. */
function tableItem({ schema, table, sample }: Extract<Source, { kind: 'table' }>): string {
  const name = `${quoteName(schema)}.${quoteName(table)}`
  if (sample === undefined) return name
  if (sample.of === 'rows') return `(SELECT * FROM ${name} ORDER BY pg_catalog.random() LIMIT ${sample.amount})`
  return `(SELECT * FROM ${name} TABLESAMPLE BERNOULLI (${percentLiteral(sample.amount)}) REPEATABLE (${sample.seed}))`
}

/** Returns the statement that describes a source without reading it. */
export function describeSql(source: Source): string {
  return `SELECT * FROM ${fromItem(source)} AS "source" LIMIT 0`
}

/** Returns the statement for the first rows of a source, cells as text, each cut by the server at `characters` + 1. */
export function previewSql(source: Source, columns: readonly PostgresColumn[], rows: number, characters: number) {
  const cells = columns.map(
    (column, index) => `pg_catalog.left((${cell(column, index)})::pg_catalog.text, ${characters + 1})`,
  )
  return `${select(source, columns, cells)} LIMIT ${rows}`
}

/** Returns the COPY that exports a source as the text that `startParquet` takes. */
export function exportSql(source: Source, columns: readonly PostgresColumn[], rowLimit: number | null): string {
  const cells = columns.map(cell)
  const limit = rowLimit === null ? '' : ` LIMIT ${rowLimit}`
  if (cells.length === 1) cells.push("''")
  return `COPY (${select(source, columns, cells)}${limit}) TO STDOUT (FORMAT text, ENCODING 'UTF8')`
}

/**
 * Returns the statement for the largest scale, the least and the greatest value of each `numeric` of free size. Of a
 * table of which a sample is taken, all of it is measured: the rows may be others the next time.
 */
export function measureSql(source: Source, columns: readonly PostgresColumn[], rowLimit: number | null): string {
  const limit = rowLimit === null ? '' : ` LIMIT ${rowLimit}`
  const cells = columns.map((_, index) => `c${index}`)
  const free = cells.filter((_, index) => columns[index]?.kind === 'free numeric')
  const measures = free.map((c) => `pg_catalog.max(pg_catalog.scale(${c})), pg_catalog.min(${c}), pg_catalog.max(${c})`)
  const isSampled = source.kind === 'table' && source.sample !== undefined
  const whole: Source = isSampled ? { kind: 'table', schema: source.schema, table: source.table } : source
  return `SELECT ${measures.join(', ')} FROM (${select(whole, columns, free)}${isSampled ? '' : limit}) AS "measured"`
}

/** How a connection wants its statements run. */
export type StatementSettings = {
  readonly milliseconds: number
  /** Schemas for names without one, separated by commas; the server's own choice where it is absent. */
  readonly searchPath?: string | undefined
  /** False for a server older than PostgreSQL 9, such as Redshift, which does not know all of the settings. */
  readonly isCurrent: boolean
}

/** Opens the transaction in which everything is read, and fixes how values are written. */
export function beginSql({ milliseconds, searchPath, isCurrent }: StatementSettings): string {
  const path = schemasIn(searchPath ?? '')
  return [
    'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
    `SET LOCAL statement_timeout = ${Math.max(1, Math.floor(milliseconds))}`,
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL timezone = 'UTC'",
    'SET LOCAL extra_float_digits = 1',
    ...(isCurrent ? ["SET LOCAL intervalstyle = 'postgres'", "SET LOCAL bytea_output = 'hex'"] : []),
    ...(path === '' ? [] : [`SET LOCAL search_path = ${path}`]),
  ].join('; ')
}

/** Each name in quotes, as it was typed: an unquoted one would fold its case, and a piece of SQL stays a name. */
function schemasIn(text: string): string {
  const names = text.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
  return names.filter(Boolean).map(quoteName).join(', ')
}

/** Has a server that can (PostgreSQL 14) notice within five seconds that a cancelled reader has gone. */
export const noticeGoneReader = `SELECT pg_catalog.set_config(name, '5000', true) FROM pg_catalog.pg_settings
WHERE name = 'client_connection_check_interval'`

/** Schemas of the server itself are not data. It lets nobody else begin a name with `pg_`. */
const notSystem = `n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'`
const mayUse = `pg_catalog.has_schema_privilege(n.oid, 'USAGE')`
const mayRead = `pg_catalog.has_any_column_privilege(c.oid, 'SELECT')`
const relations = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`

export const schemasSql = `SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE ${notSystem} AND ${mayUse}
ORDER BY n.nspname LIMIT 10000`

export const tablesSql = `SELECT n.nspname, c.relname, c.relkind FROM ${relations}
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND ${mayUse} AND ${mayRead}
ORDER BY c.relname LIMIT 10000`

/**
 * One table that the account may read, a real one before a view, which may be slow. `OFFSET 0` has rights looked up for what
 * is left of the relations, not for the server's own hundreds as well.
 */
export const readableSql = `SELECT nspname, relname FROM (SELECT n.nspname, c.relname, c.oid, c.relkind FROM ${relations}
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND ${notSystem} AND ${mayUse} OFFSET 0) AS c WHERE ${mayRead}
ORDER BY relkind IN ('v', 'f') LIMIT 1`

export const anyTableSql = `SELECT 1 FROM ${relations} WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND ${notSystem} LIMIT 1`

/** The same in the words of the standard, for members of the family that lack functions of PostgreSQL. */
export const plain = {
  schemas: `SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
ORDER BY table_schema LIMIT 10000`,
  tables: `SELECT table_schema, table_name, CASE table_type WHEN 'VIEW' THEN 'v' ELSE 'r' END FROM information_schema.tables
WHERE table_schema = $1 ORDER BY table_name LIMIT 10000`,
  readable: `SELECT table_schema, table_name FROM information_schema.tables
WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'pg_internal', 'crdb_internal', 'mz_catalog', 'mz_internal') LIMIT 1`,
}

/**
 * Whether the account is a superuser, and whether it can change or make anything. Looks at so many relations at most, so
 * that a catalog of any size takes about as long; the question stops at the first thing found.
 */
export const privilegesSql = `SELECT
  pg_catalog.current_setting('is_superuser') = 'on',
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
  OR EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n
    WHERE ${notSystem} AND ${mayUse} AND pg_catalog.has_schema_privilege(n.oid, 'CREATE'))
  OR EXISTS (SELECT 1 FROM (SELECT c.oid FROM ${relations}
    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND ${notSystem} AND ${mayUse} LIMIT 20000) AS "looked at"
    WHERE pg_catalog.has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    OR pg_catalog.has_any_column_privilege(oid, 'INSERT, UPDATE'))`

/** Columns go by names of ours, so that two of one name, and names of any kind, are no matter. */
function select(source: Source, columns: readonly PostgresColumn[], cells: readonly string[]): string {
  const names = columns.map((_, index) => `c${index}`).join(', ')
  const aliases = columns.length === 0 ? '' : `(${names})`
  return `SELECT ${cells.join(', ')} FROM ${fromItem(source)} AS "source"${aliases}`
}

function cell({ kind, type }: PostgresColumn, index: number): string {
  if (kind === 'array') return `pg_catalog.array_to_json(c${index})`
  return kind === 'counted date' ? dateCount(`c${index}`, type) : `c${index}`
}

function withoutEnd(query: string): string {
  return query.replace(/[\s;]+$/, '')
}
