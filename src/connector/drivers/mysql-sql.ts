import type { Source } from '../driver.ts'
import { percentLiteral } from '../sample.ts'
import type { MysqlColumn } from './mysql-columns.ts'

/** Returns an identifier of MySQL in quotes. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** Returns a text as a literal that means the same in every mode of the server. */
export function quoteText(text: string): string {
  return text === '' ? "''" : `_utf8mb4 0x${Buffer.from(text).toString('hex')}`
}

/**
 * Returns the source as an item of FROM. A query stands on lines of its own, so that a comment at its end stays its own.
 * Inside the parentheses only a SELECT can be, without INTO; a second statement was never agreed upon with the server.
 */
function fromItem(source: Source): string {
  if (source.kind === 'table') return tableItem(source)
  return `(\n${source.query.replace(/[\s;]+$/, '')}\n)`
}

/** One seed gives the same rows again as long as the server reads the table in the same order. */
function tableItem({ schema, table, sample }: Extract<Source, { kind: 'table' }>): string {
  const name = `${quoteName(schema)}.${quoteName(table)}`
  if (sample === undefined) return name
  if (sample.of === 'rows') return `(SELECT * FROM ${name} ORDER BY RAND(${sample.seed}) LIMIT ${sample.amount})`
  return `(SELECT * FROM ${name} WHERE RAND(${sample.seed}) * 100 < ${percentLiteral(sample.amount)})`
}

/** Returns the statement that describes a source without reading it. */
export function describeSql(source: Source): string {
  return `SELECT * FROM ${fromItem(source)} AS \`source\` LIMIT 0`
}

/** Returns the statement for the first rows of a source, each cell cut by the server at `characters` + 1. */
export function previewSql(source: Source, columns: readonly MysqlColumn[], rows: number, characters: number): string {
  const cells = columns.map((column) => previewCell(column, characters + 1))
  return `SELECT ${cells.join(', ')} FROM ${fromItem(source)} AS \`source\` LIMIT ${rows}`
}

/** Returns the statement that exports a source. */
export function exportSql(source: Source, columns: readonly MysqlColumn[], rowLimit: number | null): string {
  const cells = columns.map((column) => cell(column))
  const limit = rowLimit === null ? '' : ` LIMIT ${rowLimit}`
  return `SELECT ${cells.join(', ')} FROM ${fromItem(source)} AS \`source\`${limit}`
}

/** Returns the statement that fixes how long statements may take and how values are written. */
export function settingsSql(isMariaDb: boolean, milliseconds: number): string {
  const most = Math.max(1, Math.floor(milliseconds))
  const limit = isMariaDb ? `max_statement_time = ${most / 1000}` : `max_execution_time = ${most}`
  return `SET NAMES utf8mb4, SESSION ${limit}, SESSION time_zone = '+00:00'`
}

/** Opens the transaction in which everything is read. The comment names the job to whoever watches the server. */
export function beginSql(runId: string): string {
  return `START TRANSACTION READ ONLY /* keyward ${runId.replace(/[^\w-]/g, '').slice(0, 50)} */`
}

export const aboutSql = 'SELECT VERSION(), @@version_comment'

export const grantsSql = 'SHOW GRANTS'

/** Schemas of the server itself are not data. */
const systemSchemas = "('information_schema', 'performance_schema', 'mysql', 'sys')"
const relations = "TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')"

export const schemasSql = `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA
WHERE LOWER(SCHEMA_NAME) NOT IN ${systemSchemas} ORDER BY SCHEMA_NAME LIMIT 10000`

/** Returns the statement for the tables of a schema. */
export function tablesSql(schema: string): string {
  return `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES
WHERE TABLE_SCHEMA = ${quoteText(schema)} AND ${relations} ORDER BY TABLE_NAME LIMIT 10000`
}

/** Returns the statement for some tables that the account can see, real ones before views, which may be slow. */
export function visibleSql(database: string): string {
  const place = database === '' ? '' : `AND TABLE_SCHEMA = ${quoteText(database)}`
  return `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
WHERE LOWER(TABLE_SCHEMA) NOT IN ${systemSchemas} ${place} AND ${relations} ORDER BY TABLE_TYPE = 'VIEW' LIMIT 20`
}

/**
 * A `FLOAT` is written with six digits; as a `DOUBLE` it keeps all of its own. A moment comes as the seconds that the server
 * keeps, with its digits behind the point, which DuckDB reads in a fraction of the time: a double is exact to the microsecond
 * until 2106, where a `TIMESTAMP` ends.
 */
function cell({ name, kind }: MysqlColumn): string {
  const column = `\`source\`.${quoteName(name)}`
  if (kind === 'float') return `${column} + 0e0`
  if (kind === 'moment') return `UNIX_TIMESTAMP(${column})`
  return kind === 'geometry' ? `ST_AsText(${column})` : column
}

function previewCell(column: MysqlColumn, characters: number): string {
  const own = `\`source\`.${quoteName(column.name)}`
  if (column.kind === 'bytes') return `CONCAT('0x', HEX(LEFT(${own}, ${characters})))`
  if (column.kind === 'bit') return `IF(${own} + 0 = 0, 'false', 'true')`
  if (column.kind === 'bits') return `${own} + 0`
  if (column.kind === 'float') return own
  return /VARCHAR|JSON/.test(column.type) ? `LEFT(${cell(column)}, ${characters})` : own
}
