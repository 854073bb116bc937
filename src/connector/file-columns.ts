import type { DuckDBConnection } from '@duckdb/node-api'
import type { Column } from './driver.ts'

/** A column of a file that has no types of its own: `text` is SQL for a value as text, NULL where there is none. */
export type RawColumn = {
  readonly name: string
  readonly text: string
  /** For JSON, SQL for the value itself. */
  readonly json?: string
}

/** A column with the type that holds all of its values exactly, and SQL for its value. */
export type TypedColumn = Column & { readonly expression: string }

/**
 * Gives each column a type. What the first rows suggest is checked with every row of the file, and what does not hold is
 * measured with every row: no value is rounded, no leading zero lost, and text stays the text it is.
 */
export async function typeColumns(
  connection: DuckDBConnection,
  from: string,
  raw: readonly RawColumn[],
): Promise<TypedColumn[]> {
  const suggested = await measure(connection, `(SELECT * FROM ${from} LIMIT ${sampleRows})`, raw)
  const wrong = await violations(connection, from, raw, suggested)
  const again = raw.filter((_, index) => wrong[index] === true)
  const measured = again.length === 0 ? [] : await measure(connection, from, again)
  return raw.map((column, index) => {
    const type = (wrong[index] === true ? measured[again.indexOf(column)] : suggested[index]) ?? 'VARCHAR'
    return { name: column.name, type, expression: valueSql(column, type) }
  })
}

const sampleRows = 20_000

function valueSql({ text, json }: RawColumn, type: string): string {
  if (type === 'JSON' && json !== undefined) return json
  return type === 'VARCHAR' ? text : `CAST(${text} AS ${type})`
}

const day = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const clock = '[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,6})?)?'
const whole = '-?(?:0|[1-9][0-9]*)'
/** DuckDB takes 99 hours too, which are a mistake. */
const zone = '(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)'

const is = (t: string, pattern: string) => `regexp_full_match(${t}, '${pattern}')`
const casts = (t: string, type: string) => `TRY_CAST(${t} AS ${type}) IS NOT NULL`

/** When a text is, to the last digit, what a value of the type would say. Every column is looked at by all of them. */
const tests: Readonly<Record<string, (t: string, isJson: boolean) => string>> = {
  BOOLEAN: (t) => `lower(${t}) IN ('true', 'false')`,
  BIGINT: (t) => `${is(t, whole)} AND ${casts(t, 'BIGINT')}`,
  DOUBLE: (t, isJson) =>
    `${is(t, `${whole}(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?`)} AND isfinite(TRY_CAST(${t} AS DOUBLE)) AND (${isShort(t)} OR ${isJson ? isFraction(t) : saysTheSame(t)})`,
  DATE: (t) => `${is(t, day)} AND ${casts(t, 'DATE')}`,
  TIMESTAMP: (t) => `${is(t, `${day}[ T]${clock}`)} AND ${casts(t, 'TIMESTAMP')}`,
  'TIMESTAMP WITH TIME ZONE': (t) =>
    `${is(t, `${day}[ T]${clock} ?${zone}`)} AND ${casts(t, 'TIMESTAMP WITH TIME ZONE')}`,
}
/** Up to 15 digits, which every double gives back, unless it is so close to 0 that it has fewer of its own. */
function isShort(t: string): string {
  const isNormal = `(abs(TRY_CAST(${t} AS DOUBLE)) >= 2.2250738585072014e-308 OR NOT regexp_matches(${t}, '^[^eE]*[1-9]'))`
  return `strlen(${t}) <= CASE WHEN contains(${t}, '.') THEN 16 ELSE 15 END AND ${isNormal}`
}

function saysTheSame(t: string): string {
  return `replace(TRY_CAST(${t} AS DOUBLE)::VARCHAR, 'e+', 'e') = replace(lower(${t}), 'e+', 'e')`
}

/** DuckDB has read a fraction of JSON as a double, as JSON's own standard expects, and writes it in digits of its own. */
function isFraction(t: string): string {
  return `(contains(${t}, '.') OR contains(${t}, 'e'))`
}

const testNames = Object.keys(tests)
/** The number of digits before and behind the point, where a text has nothing but digits. */
const decimal = `${whole}(?:[.][0-9]+)?`
const beforePoint = (t: string) => `strlen(split_part(ltrim(${t}, '-'), '.', 1))`
const behindPoint = (t: string) => `strlen(split_part(${t}, '.', 2))`

/** What kind of JSON a value is, by its first letter; text alone is `s`. */
function family({ json }: RawColumn): string {
  if (json === undefined) return "'t'"
  return `CASE left(CAST(${json} AS VARCHAR), 1) WHEN '"' THEN 's' WHEN 't' THEN 'b' WHEN 'f' THEN 'b' WHEN '{' THEN 'j' WHEN '[' THEN 'j' ELSE 'n' END`
}

async function measure(connection: DuckDBConnection, from: string, raw: readonly RawColumn[]): Promise<string[]> {
  const cells = raw.map((column, index) => `${column.text} AS t${index}, ${family(column)} AS f${index}`)
  const counts = raw.flatMap(({ json }, index) => {
    const t = `t${index}`
    return [
      `count(${t})`,
      `count(DISTINCT CASE WHEN ${t} IS NOT NULL THEN f${index} END)`,
      `min(CASE WHEN ${t} IS NOT NULL THEN f${index} END)`,
      ...testNames.map((name) => `count(*) FILTER (WHERE ${tests[name]?.(t, json !== undefined)})`),
      `count(*) FILTER (WHERE ${is(t, decimal)})`,
      `max(CASE WHEN ${is(t, decimal)} THEN ${beforePoint(t)} END)`,
      `max(CASE WHEN ${is(t, decimal)} THEN ${behindPoint(t)} END)`,
    ]
  })
  const row =
    (
      await connection.runAndReadAll(`SELECT ${counts.join(', ')} FROM (SELECT ${cells.join(', ')} FROM ${from})`)
    ).getRows()[0] ?? []
  const width = testNames.length + 6
  return raw.map((_, index) => choose(row.slice(index * width, (index + 1) * width)))
}

/** Reads one column's counts, in the order of `measure`. */
function choose(counts: readonly unknown[]): string {
  const [values, families] = counts.map(Number)
  const kind = String(counts[2])
  if (values === 0) return 'VARCHAR'
  if (families !== 1 || kind === 'j') return 'JSON'
  const passing = testNames.filter((_, index) => Number(counts[3 + index]) === values)
  const possible = passing.filter((name) => kind === 't' || kinds[kind]?.includes(name) === true)
  const [decimals, before, behind] = counts.slice(3 + testNames.length).map(Number)
  const [first] = possible
  if (first !== undefined) return first
  if ((kind === 't' || kind === 'n') && decimals === values) return decimalOf(before ?? 99, behind ?? 99, kind)
  return kind === 'n' || kind === 'b' ? 'JSON' : 'VARCHAR'
}

/** A string of JSON that looks like a number is none. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  s: ['DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'],
  n: ['BIGINT', 'DOUBLE'],
  b: ['BOOLEAN'],
}

function decimalOf(before: number, behind: number, kind: string): string {
  if (before + behind > 38) return kind === 'n' ? 'JSON' : 'VARCHAR'
  return `DECIMAL(${before + behind <= 18 ? 18 : 38},${behind})`
}

/** Reports for each column whether any row of the file contradicts its type. */
async function violations(
  connection: DuckDBConnection,
  from: string,
  raw: readonly RawColumn[],
  types: readonly string[],
): Promise<boolean[]> {
  const cells = raw.map((column, index) => `${column.text} AS t${index}, ${family(column)} AS f${index}`)
  const counts = raw.map((column, index) => {
    const holds = condition(column, types[index] ?? 'VARCHAR', `t${index}`, `f${index}`)
    return holds === undefined ? '0' : `count(*) FILTER (WHERE t${index} IS NOT NULL AND NOT coalesce(${holds}, false))`
  })
  const row = (
    await connection.runAndReadAll(`SELECT ${counts.join(', ')} FROM (SELECT ${cells.join(', ')} FROM ${from})`)
  ).getRows()[0]
  return counts.map((_, index) => Number(row?.[index] ?? 0) > 0)
}

function condition({ json }: RawColumn, type: string, t: string, f: string): string | undefined {
  const size = /^DECIMAL\((\d+),(\d+)\)$/.exec(type)
  const test = size === null ? tests[type]?.(t, json !== undefined) : fits(t, Number(size[1]), Number(size[2]))
  if (json === undefined) return test
  if (type === 'JSON') return undefined
  const kind = type === 'BOOLEAN' ? 'b' : /^(?:BIGINT|DOUBLE|DECIMAL)/.test(type) ? 'n' : 's'
  return `${f} = '${kind}'${test === undefined ? '' : ` AND ${test}`}`
}

function fits(t: string, width: number, scale: number): string {
  return `${is(t, decimal)} AND ${beforePoint(t)} <= ${width - scale} AND ${behindPoint(t)} <= ${scale}`
}
