import { Refusal } from '../diagnosis.ts'
import type { Source } from '../driver.ts'
import { percentLiteral } from '../sample.ts'

export const aboutSql = 'SELECT CURRENT_VERSION(), CURRENT_DATABASE(), CURRENT_WAREHOUSE()'

export const schemasSql = `SELECT schema_name FROM information_schema.schemata
WHERE schema_name <> 'INFORMATION_SCHEMA' ORDER BY schema_name LIMIT 10000`

export const tablesSql = `SELECT table_schema, table_name, table_type FROM information_schema.tables
WHERE table_schema = ? ORDER BY table_name LIMIT 10000`

/** One table that the role may see, a real one before a view, which may be slow. */
export const readableSql = `SELECT table_schema, table_name FROM information_schema.tables
WHERE table_schema <> 'INFORMATION_SCHEMA' ORDER BY IFF(table_type = 'VIEW', 1, 0) LIMIT 1`

/** Returns the statement that reads a source, so many rows of it where `rows` is given. Throws a `Refusal`. */
export function selectSql(source: Source, rows: number | null): string {
  const from = source.kind === 'table' ? tableItem(source) : `(\n${single(source.query)}\n)`
  return `SELECT * FROM ${from}${rows === null ? '' : ` LIMIT ${rows}`}`
}

/** Without a seed, which Snowflake takes for tables only; so rows are drawn anew each time. */
function tableItem({ schema, table, sample }: Extract<Source, { kind: 'table' }>): string {
  const name = `${quoteName(schema)}.${quoteName(table)}`
  if (sample === undefined) return name
  if (sample.of === 'percent') return `${name} SAMPLE BERNOULLI (${percentLiteral(sample.amount)})`
  if (sample.amount <= mostSampled) return `${name} SAMPLE (${sample.amount} ROWS)`
  throw new Refusal('read', 'limit.exceeded', {
    sentence: 'Snowflake takes at most 1,000,000 rows at random.',
    nextStep: 'Take fewer rows, or a percentage.',
  })
}

const mostSampled = 1_000_000

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Snowflake has no read-only transactions. A query must begin like one, and stands in parentheses, where the grammar has
 * no room for anything that writes; Snowflake itself is told to take one statement only.
 */
function single(query: string): string {
  const text = query.replace(/[\s;]+$/, '')
  const start = text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\/[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()+/, '')
  if (/^(?:select|with)\b/i.test(start)) return text
  throw new Refusal('read', 'read.denied', {
    sentence: 'Keyward reads only: a query begins with SELECT or WITH.',
    nextStep: 'Enter a single SELECT.',
  })
}
