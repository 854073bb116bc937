import type { PostgresSession, Result } from './postgresql-session.ts'

/** A column of a source: its name, and how its values become those of a DuckDB type. */
export type PostgresColumn = {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  readonly kind: 'as is' | 'bytes' | 'array' | 'date' | 'counted date' | 'free numeric'
}

/** Returns the columns of a described result, with the types they have in a catalog. */
export async function readColumns(postgres: PostgresSession, fields: Result['fields']): Promise<PostgresColumn[]> {
  const unknown = [...new Set(fields.map((field) => field.type))].filter((type) => !types.has(type))
  const arrays = new Set(unknown.length === 0 ? [] : await arraysAmong(postgres, unknown))
  return fields.map(({ name, type, modifier }) => ({ name, ...columnType(type, modifier, arrays.has(type)) }))
}

async function arraysAmong(postgres: PostgresSession, types: readonly number[]): Promise<number[]> {
  const text = `SELECT oid FROM pg_catalog.pg_type WHERE oid = ANY($1::pg_catalog.oid[]) AND typcategory = 'A'`
  const { rows } = await postgres.query(text, [`{${types.join(',')}}`])
  return rows.map(([oid]) => Number(oid))
}

function columnType(type: number, modifier: number, isArray: boolean): Pick<PostgresColumn, 'type' | 'kind'> {
  if (isArray) return { type: 'JSON', kind: 'array' }
  if (type === numeric) return numericType(modifier)
  return types.get(type) ?? asIs('VARCHAR')
}

/** The modifier of numeric(p, s) is p in the upper half and s, a signed number of eleven bits, in the lower, plus four. */
function numericType(modifier: number): Pick<PostgresColumn, 'type' | 'kind'> {
  if (modifier < 4) return freeNumeric
  const precision = (modifier - 4) >> 16
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024
  // PostgreSQL allows a scale below zero or above the precision; the digits must still fit.
  const width = Math.max(precision, scale) - Math.min(scale, 0)
  if (width > 38) return freeNumeric
  return { type: `DECIMAL(${width},${Math.max(scale, 0)})`, kind: 'as is' }
}

const numeric = 1700

/** Numbers of any size: what they need is known when they have been looked at, so until then only that they are exact. */
const freeNumeric = { type: 'DECIMAL', kind: 'free numeric' } as const

const date = (type: string) => ({ type, kind: 'date' }) as const

const asIs = (type: string) => ({ type, kind: 'as is' }) as const

/**
 * The built-in types that DuckDB has too, by their object id. All others are kept as the text PostgreSQL writes; so are
 * intervals, which Parquet cannot hold when they are negative or finer than a millisecond.
 */
const types: ReadonlyMap<number, Pick<PostgresColumn, 'type' | 'kind'>> = new Map<
  number,
  Pick<PostgresColumn, 'type' | 'kind'>
>([
  [16, asIs('BOOLEAN')],
  [17, { type: 'BLOB', kind: 'bytes' }],
  [20, asIs('BIGINT')],
  [21, asIs('SMALLINT')],
  [23, asIs('INTEGER')],
  [25, asIs('VARCHAR')],
  [26, asIs('UINTEGER')],
  [114, asIs('JSON')],
  [700, asIs('FLOAT')],
  [701, asIs('DOUBLE')],
  [1042, asIs('VARCHAR')],
  [1043, asIs('VARCHAR')],
  [1082, date('DATE')],
  [1083, asIs('TIME')],
  [1114, date('TIMESTAMP')],
  [1184, date('TIMESTAMP WITH TIME ZONE')],
  [1700, freeNumeric],
  [2950, asIs('UUID')],
  [3802, asIs('JSON')],
])
