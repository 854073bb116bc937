import type { Source } from '../driver.ts'
import type { ClickHouseColumn } from './clickhouse-columns.ts'

/** Returns an identifier of ClickHouse in quotes. */
export function quoteName(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``
}

/** Returns a text of ClickHouse in quotes. */
export function quoteText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

/** Returns the statement that describes a source without reading it: a line of names and one of types. */
export function describeSql(source: Source): string {
  return `SELECT * FROM ${fromItem(source)} LIMIT 0 FORMAT TabSeparatedWithNamesAndTypes`
}

/** Returns the statement for the first rows of a source, each cell cut by the server at `characters` + 1. */
export function previewSql(
  source: Source,
  columns: readonly ClickHouseColumn[],
  rows: number,
  characters: number,
): string {
  const cells = columns.map((column) => `substringUTF8(toString(${cell(column)}), 1, ${characters + 1})`)
  return `SELECT ${cells.join(', ')} FROM ${fromItem(source)} LIMIT ${rows} FORMAT TabSeparated`
}

/** Returns the statement that exports a source as the text that `startParquet` takes. */
export function exportSql(source: Source, columns: readonly ClickHouseColumn[], rowLimit: number | null): string {
  const cells = columns.map(cell)
  if (cells.length === 1) cells.push("''")
  const limit = rowLimit === null ? '' : ` LIMIT ${rowLimit}`
  return `SELECT ${cells.join(', ')} FROM ${fromItem(source)}${limit} FORMAT TabSeparated`
}

/** Databases of the server itself are not data. */
const notSystem = "NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')"

export const schemasSql = `SELECT name FROM system.databases WHERE name ${notSystem}
ORDER BY name LIMIT 10000 FORMAT TabSeparated`

/** Returns the statement for the tables of a database: name, and engine. */
export function tablesSql(schema: string): string {
  return `SELECT name, engine FROM system.tables WHERE database = ${quoteText(schema)} AND NOT startsWith(name, '.inner')
ORDER BY name LIMIT 10000 FORMAT TabSeparated`
}

/** One table that the account sees, one that the server itself stores before one that it would fetch from elsewhere. */
export const readableSql = `SELECT database, name FROM system.tables WHERE database ${notSystem}
AND (engine LIKE '%MergeTree' OR engine IN ('Memory', 'Log', 'TinyLog', 'StripeLog', 'View', 'MaterializedView'))
ORDER BY database = currentDatabase() DESC, engine LIKE '%MergeTree' DESC LIMIT 1 FORMAT TabSeparated`

/**
 * A query stands in parentheses on lines of its own, so that a comment at its end stays its own. The server takes one
 * statement at a time and reads only, whatever stands there.
 */
function fromItem(source: Source): string {
  if (source.kind === 'table') return tableItem(source)
  return `(\n${source.query.replace(/[\s;]+$/, '')}\n) AS source`
}

/** Not by SAMPLE, which takes a table that was made for it. Rows are drawn anew each time. */
function tableItem({ schema, table, sample }: Extract<Source, { kind: 'table' }>): string {
  const name = `${quoteName(schema)}.${quoteName(table)}`
  if (sample === undefined) return name
  if (sample.of === 'rows') return `(SELECT * FROM ${name} ORDER BY rand() LIMIT ${sample.amount}) AS source`
  return `(SELECT * FROM ${name} WHERE rand() < ${Math.round((sample.amount / 100) * 2 ** 32)}) AS source`
}

/** Moments are written in the time zone of their column or of the server, without naming it, so they are moved to UTC. */
function cell({ name, kind }: ClickHouseColumn): string {
  const column = quoteName(name)
  if (kind === 'moment') return `toTimeZone(${column}, 'UTC')`
  if (kind === 'nested') return `toJSONString(${column})`
  return kind === 'text' ? `toString(${column})` : column
}
