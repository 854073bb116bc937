/** A column of a source: its name, and how its values become those of a DuckDB type. */
export type ClickHouseColumn = {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  readonly kind: 'as is' | 'text' | 'padded' | 'day' | 'moment' | 'nested'
}

/**
 * Returns the column that a name and a type of ClickHouse describe. Arrays, maps and their like are JSON where the server
 * can write it, else text.
 */
export function readColumn(name: string, declared: string, writesJson: boolean): ClickHouseColumn {
  const kept = columnType(unwrap(declared))
  return { name, ...(kept.kind === 'nested' && !writesJson ? { type: 'VARCHAR', kind: 'text' } : kept) }
}

type Kept = Pick<ClickHouseColumn, 'type' | 'kind'>

/** What may be absent or stored in another way is still of the type inside. */
function unwrap(declared: string): string {
  const inside = /^(?:(?:Nullable|LowCardinality)\(|SimpleAggregateFunction\([^,]+, ?)(.*)\)$/s.exec(declared)?.[1]
  return inside === undefined ? declared : unwrap(inside)
}

function columnType(declared: string): Kept {
  const simple = types.get(declared)
  if (simple !== undefined) return { type: simple, kind: 'as is' }
  const [, name = '', inside = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(declared) ?? []
  if (name === 'Decimal') return decimalType(inside)
  if (name === 'Date' || name === 'Date32') return { type: 'DATE', kind: 'day' }
  if (name === 'DateTime' || name === 'DateTime64') return momentType(name, inside)
  if (name === 'FixedString') return { type: 'VARCHAR', kind: 'padded' }
  if (nested.has(name)) return { type: 'JSON', kind: 'nested' }
  return { type: 'VARCHAR', kind: asTheyAre.has(name) ? 'as is' : 'text' }
}

function decimalType(inside: string): Kept {
  const [precision = 76, scale = 0] = inside.split(',').map(Number)
  return { type: precision <= 38 ? `DECIMAL(${precision},${scale})` : 'VARCHAR', kind: 'as is' }
}

/** Nanoseconds are kept where there are some: DuckDB has a type for them, which knows no time zone, so they are UTC. */
function momentType(name: string, inside: string): Kept {
  const finest = name === 'DateTime64' && Number(inside.split(',')[0]) > 6
  return { type: finest ? 'TIMESTAMP_NS' : 'TIMESTAMP WITH TIME ZONE', kind: 'moment' }
}

/** Types that DuckDB has too. Whole numbers of 128 bits and more do not fit any number of Parquet's. */
const types: ReadonlyMap<string, string> = new Map([
  ['Bool', 'BOOLEAN'],
  ['Int8', 'TINYINT'],
  ['Int16', 'SMALLINT'],
  ['Int32', 'INTEGER'],
  ['Int64', 'BIGINT'],
  ['UInt8', 'UTINYINT'],
  ['UInt16', 'USMALLINT'],
  ['UInt32', 'UINTEGER'],
  ['UInt64', 'UBIGINT'],
  ['Float32', 'FLOAT'],
  ['Float64', 'DOUBLE'],
  ['BFloat16', 'FLOAT'],
  ['UUID', 'UUID'],
])

/** Text already; of all others (intervals, aggregate states, what is yet to come) the text of ClickHouse is kept. */
const asTheyAre = new Set([
  'String',
  'Enum8',
  'Enum16',
  'IPv4',
  'IPv6',
  'Int128',
  'Int256',
  'UInt128',
  'UInt256',
  'Nothing',
])

const nested = new Set([
  ...['Array', 'Tuple', 'Map', 'Nested', 'JSON', 'Object', 'Variant', 'Dynamic'],
  ...['Point', 'Ring', 'LineString', 'MultiLineString', 'Polygon', 'MultiPolygon'],
])
