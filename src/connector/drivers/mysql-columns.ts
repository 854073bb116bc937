import type { FieldInfo } from 'mariadb'
import type { TextColumn } from '../parquet.ts'

/** A column of a source: its name, and how its values become those of a DuckDB type. */
export type MysqlColumn = {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  readonly kind: 'as is' | 'bytes' | 'bits' | 'bit' | 'day' | 'moment' | 'json' | 'float' | 'geometry'
}

/** Returns the columns of a described result, with the types they have in a catalog. */
export function readColumns(fields: readonly FieldInfo[]): MysqlColumn[] {
  return fields.map((field) => ({ name: field.name(), ...columnType(field) }))
}

/** How the text of a value becomes DuckDB's value. */
export function textColumn({ name, type, kind }: MysqlColumn): TextColumn {
  if (kind === 'bytes') return { name, type, textType: 'VARCHAR', expression: (c) => `unhex(${c})` }
  // What is no day, such as 0000-00-00, becomes NULL.
  if (kind === 'day') return { name, type, textType: 'VARCHAR', expression: (c) => `TRY_CAST(${c} AS ${type})` }
  // Zero is what the server counts for 0000-00-00, and no moment: the first is a second later.
  if (kind === 'moment')
    return { name, type, textType: 'DOUBLE', expression: (c) => `CASE WHEN ${c} > 0 THEN to_timestamp(${c}) END` }
  if (kind === 'bit') return { name, type, textType: 'UTINYINT', expression: (c) => `${c} <> 0` }
  if (kind === 'json') return { name, type, textType: 'VARCHAR', expression: (c) => `${c}::JSON` }
  return { name, type, textType: type, expression: (c) => c }
}

type Typed = Pick<MysqlColumn, 'type' | 'kind'>

function columnType(field: FieldInfo): Typed {
  const { columnType: code } = field
  const whole = wholeNumbers.get(code)
  if (whole !== undefined) return asIs(field.signed() ? whole : `U${whole}`)
  if (code === typeCode.decimal || code === typeCode.oldDecimal) return decimal(field)
  if (code === typeCode.bit) return field.columnLength === 1 ? { type: 'BOOLEAN', kind: 'bit' } : bits
  return others.get(code) ?? text(field)
}

/** The length that is told counts the point and the sign. DuckDB's decimals end at 38 digits, MySQL's at 65. */
function decimal(field: FieldInfo): Typed {
  const width = field.columnLength - (field.scale > 0 ? 1 : 0) - (field.signed() ? 1 : 0)
  return asIs(width > 38 || width < 1 ? 'VARCHAR' : `DECIMAL(${width},${field.scale})`)
}

/** Text and bytes have the same types; bytes are those of the collation "binary". */
function text(field: FieldInfo): Typed {
  if (field.isDataTypeFormatJson()) return json
  if (field.dataTypeName === 'uuid') return asIs('UUID')
  if (field.dataTypeName !== undefined) return asIs('VARCHAR')
  return field.collation?.index === binaryCollation ? { type: 'BLOB', kind: 'bytes' } : asIs('VARCHAR')
}

function asIs(type: string): Typed {
  return { type, kind: 'as is' }
}

const binaryCollation = 63
const json: Typed = { type: 'JSON', kind: 'json' }
const bits: Typed = { type: 'UBIGINT', kind: 'bits' }

/** The protocol's numbers of types. */
const typeCode = { oldDecimal: 0, bit: 16, decimal: 246 } as const

const wholeNumbers: ReadonlyMap<number, string> = new Map([
  [1, 'TINYINT'],
  [2, 'SMALLINT'],
  [3, 'INTEGER'],
  [8, 'BIGINT'],
  [9, 'INTEGER'],
])

/** A TIME may have 838 hours and a sign, which no type of DuckDB's that Parquet knows can hold, so it stays text. */
const others: ReadonlyMap<number, Typed> = new Map<number, Typed>([
  [4, { type: 'FLOAT', kind: 'float' }],
  [5, asIs('DOUBLE')],
  [6, asIs('VARCHAR')],
  [7, { type: 'TIMESTAMP WITH TIME ZONE', kind: 'moment' }],
  [10, { type: 'DATE', kind: 'day' }],
  [11, asIs('VARCHAR')],
  [12, { type: 'TIMESTAMP', kind: 'day' }],
  [13, asIs('SMALLINT')],
  [14, { type: 'DATE', kind: 'day' }],
  [245, json],
  [255, { type: 'VARCHAR', kind: 'geometry' }],
])
