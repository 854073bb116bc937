import { Refusal } from '../diagnosis.ts'
import type { TextColumn } from '../parquet.ts'

/** A column of a result: how its cells are written, and what they become. */
export type SnowflakeColumn = {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  /** Returns a cell of the SQL API as text that people and DuckDB read. */
  readonly text: (cell: string) => string
}

/** Returns the columns that `rowType` of a result describes. Throws a `Refusal` for what describes none. */
export function readColumns(rowType: unknown): readonly SnowflakeColumn[] {
  if (!Array.isArray(rowType) || rowType.length > mostColumns) throw notColumns()
  return rowType.map((one: unknown) => {
    const { name, type, precision, scale } = Object(one) as Record<string, unknown>
    if (typeof name !== 'string' || typeof type !== 'string') throw notColumns()
    return { name: name.slice(0, 1_000), ...known(type.toLowerCase(), Number(precision), Number(scale)) }
  })
}

const mostColumns = 2_000

/** Returns a row of a result as text, null for NULL. Throws a `Refusal` where it is none of these columns. */
export function readRow(columns: readonly SnowflakeColumn[], row: unknown): (string | null)[] {
  if (!Array.isArray(row) || row.length !== columns.length) throw notColumns()
  return columns.map((column, index) => {
    const cell: unknown = row[index]
    if (cell === null) return null
    // No text of a dataset has a NUL; there is no other way to write one.
    return column.text(typeof cell === 'string' ? cell : JSON.stringify(cell)).replaceAll('\0', '\ufffd')
  })
}

/** Returns how the text of a column becomes a value of a Parquet file. */
export function textColumn({ name, type }: SnowflakeColumn): TextColumn {
  if (type === 'BLOB') return { name, type, textType: 'VARCHAR', expression: (c) => `unhex(${c})` }
  if (type === 'JSON') return { name, type, textType: 'VARCHAR', expression: (c) => `${c}::JSON` }
  return { name, type, textType: type, expression: (c) => c }
}

function known(type: string, precision: number, scale: number): Omit<SnowflakeColumn, 'name'> {
  if (type === 'fixed') {
    const isDecimal = precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision
    return { type: isDecimal ? `DECIMAL(${precision},${scale})` : 'VARCHAR', text: same }
  }
  return types[type] ?? { type: 'VARCHAR', text: same }
}

/** Cells as the SQL API writes them; times are counted in seconds with a fraction, dates in days, from 1970 on. */
const types: Readonly<Record<string, Omit<SnowflakeColumn, 'name'>>> = {
  real: { type: 'DOUBLE', text: same },
  boolean: { type: 'BOOLEAN', text: same },
  date: { type: 'DATE', text: dateText },
  time: { type: 'TIME', text: (cell) => instantText(cell)?.slice(11) ?? cell },
  timestamp_ntz: { type: 'TIMESTAMP', text: (cell) => instantText(cell) ?? cell },
  timestamp_ltz: { type: 'TIMESTAMP WITH TIME ZONE', text: withZone },
  timestamp_tz: { type: 'TIMESTAMP WITH TIME ZONE', text: withZone },
  binary: { type: 'BLOB', text: same },
  variant: { type: 'JSON', text: same },
  object: { type: 'JSON', text: same },
  array: { type: 'JSON', text: same },
  map: { type: 'JSON', text: same },
}

function same(cell: string): string {
  return cell
}

function dateText(cell: string): string {
  return /^-?\d{1,9}$/.test(cell) ? (isoOf(Number(cell) * 86_400)?.slice(0, 10) ?? cell) : cell
}

/** The instant is in UTC; a zone's minutes that may follow say only where it was written. */
function withZone(cell: string): string {
  const instant = instantText(cell.split(' ')[0] ?? '')
  return instant === undefined ? cell : `${instant}+00`
}

/** Returns seconds since 1970 as `2026-01-31 12:00:00.123456`; finer than microseconds is cut. Undefined for no number. */
function instantText(cell: string): string | undefined {
  const [, sign, digits = '', given = ''] = /^(-?)(\d{1,19})(?:\.(\d{1,9}))?$/.exec(cell) ?? []
  if (sign === undefined) return undefined
  // A whole number that no year up to 9999 has in seconds counts nanoseconds.
  const isFine = given === '' && digits.length > 12
  const whole = Number(isFine ? digits.slice(0, -9) : digits)
  const fraction = Number((isFine ? digits.slice(-9) : given).padEnd(9, '0'))
  const isBefore = sign === '-' && fraction > 0
  const iso = isoOf(isBefore ? -whole - 1 : sign === '-' ? -whole : whole)
  if (iso === undefined) return undefined
  const nanoseconds = String(isBefore ? 1_000_000_000 - fraction : fraction).padStart(9, '0')
  const micro = nanoseconds.slice(0, 6).replace(/0+$/, '')
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${micro === '' ? '' : `.${micro}`}`
}

/** Undefined outside the years 0 to 9999, which Snowflake does not have. */
function isoOf(seconds: number): string | undefined {
  const date = new Date(seconds * 1_000)
  return Number.isNaN(date.getTime()) || !/^\d{4}-/.test(date.toISOString()) ? undefined : date.toISOString()
}

function notColumns(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'Snowflake sent a result that cannot be understood.',
  })
}
