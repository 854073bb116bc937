import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeParquet } from './parquet-file.ts'
import type { TypeTable } from './type-tables.ts'

/** A column of a file: its cells as the file has them, the type in a snapshot, and the values there as text. */
export type FileCase = {
  readonly cells: readonly string[]
  readonly type: string
  readonly texts: readonly (string | null)[]
}

const of = (cells: readonly string[], type: string, texts: readonly (string | null)[] = cells): FileCase => ({
  ...{ cells, type, texts },
})

const nines = '9'.repeat(40)
const zoned = 'TIMESTAMP WITH TIME ZONE'
const odd = '😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}'

/** Columns of CSV; an empty cell is NULL. */
export const csvTypes: TypeTable<FileCase> = {
  'whole numbers of 64 bits': [
    of(['1', '-9223372036854775808', '9223372036854775807', ''], 'BIGINT', [
      ...['1', '-9223372036854775808', '9223372036854775807', null],
    ]),
  ],
  'numbers that a double gives back': [
    of(['0.1', '2', '0.30000000000000004', '1e20'], 'DOUBLE', ['0.1', '2.0', '0.30000000000000004', '1e+20']),
    of(['-0.0', '1.7976931348623157e+308', '5e-324', '0e-999'], 'DOUBLE', [
      ...['-0.0', '1.7976931348623157e+308', '5e-324', '0.0'],
    ]),
  ],
  'other numbers of up to 38 digits': [
    of(['1', '12345678901234567890'], 'DECIMAL(38,0)'),
    of(['0.1234567890123456789', '12.5'], 'DECIMAL(38,19)', ['0.1234567890123456789', '12.5000000000000000000']),
  ],
  'numbers that neither holds': [
    of(['1', nines], 'VARCHAR'),
    of(['1', '1e400'], 'VARCHAR'),
    of(['1', '1e-400'], 'VARCHAR'),
    of(['1', '4.9406e-324'], 'VARCHAR'),
  ],
  'true, false': [of(['true', 'False', 'TRUE', ''], 'BOOLEAN', ['true', 'false', 'true', null])],
  'days such as 2024-02-29': [
    of(['2024-02-29', '0001-01-01', '9999-12-31', ''], 'DATE', ['2024-02-29', '0001-01-01', '9999-12-31', null]),
  ],
  'moments without a zone': [
    of(['2024-01-01 10:00:00.123456', '2024-01-01T10:00', '9999-12-31 23:59:59.999999'], 'TIMESTAMP', [
      ...['2024-01-01 10:00:00.123456', '2024-01-01 10:00:00', '9999-12-31 23:59:59.999999'],
    ]),
  ],
  'moments with a zone': [
    of(['2024-01-01T10:00:00+05:30', '2024-01-01 10:00:00Z', '2024-01-01T10:00:00.5-0800'], zoned, [
      ...['2024-01-01 04:30:00+00', '2024-01-01 10:00:00+00', '2024-01-01 18:00:00.5+00'],
    ]),
  ],
  'all other text': [
    of(['', '""', 'NULL', '"null"'], 'VARCHAR', [null, '', 'NULL', 'null']),
    of(['007', '10115'], 'VARCHAR'),
    of(['+1', '1'], 'VARCHAR'),
    of([' 1', '1 '], 'VARCHAR'),
    of(['NaN', '1.5'], 'VARCHAR'),
    of(['inf', '1.5'], 'VARCHAR'),
    of(['yes', 'no', 't', 'f'], 'VARCHAR'),
    of(['1', 'two'], 'VARCHAR'),
    of(['2024-02-30', '1999-12-31'], 'VARCHAR'),
    of(['01/02/2024', '13/02/2024'], 'VARCHAR'),
    of(['2024-01-01 10:00:00.123456789'], 'VARCHAR'),
    of(['2024-01-01T10:00:00+99'], 'VARCHAR'),
    of(['12:34:56', '24:00'], 'VARCHAR'),
    of(['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], 'VARCHAR'),
    of(['"a ""b"", c"', odd, '"line\nbreak, \r\n and more"', '\\N'], 'VARCHAR', [
      ...['a "b", c', odd, 'line\nbreak, \r\n and more', '\\N'],
    ]),
    of(['a\0b', '\ufeff', "it's", '<b>'], 'VARCHAR'),
    of(['x'.repeat(70_000)], 'VARCHAR'),
  ],
}

/** Columns of JSON lines; a line without the member has no value. */
export const jsonTypes: TypeTable<FileCase> = {
  'whole numbers of 64 bits': [
    of(['1', '-9223372036854775808', '9223372036854775807', 'null'], 'BIGINT', [
      ...['1', '-9223372036854775808', '9223372036854775807', null],
    ]),
  ],
  'whole numbers of up to 38 digits': [of(['1', '12345678901234567890123'], 'DECIMAL(38,0)')],
  'numbers with a fraction or an exponent': [
    of(['0.1', '2', '0.30000000000000004', '1E20'], 'DOUBLE', ['0.1', '2.0', '0.30000000000000004', '1e+20']),
    of(['1.10', '0.12345678901234567890123'], 'DOUBLE', ['1.1', '0.12345678901234568']),
    of(['1.7976931348623157e308', '5e-324', '1e-400'], 'DOUBLE', ['1.7976931348623157e+308', '5e-324', '0.0']),
  ],
  'true, false': [of(['true', 'false', 'null'], 'BOOLEAN', ['true', 'false', null])],
  'strings of days': [of(['"2024-02-29"', '"9999-12-31"'], 'DATE', ['2024-02-29', '9999-12-31'])],
  'strings of moments without a zone': [
    of(['"2024-01-01T10:00:00.123456"'], 'TIMESTAMP', ['2024-01-01 10:00:00.123456']),
  ],
  'strings of moments with a zone': [
    of(['"2024-01-01T10:00:00Z"', '"2024-01-01T10:00:00+02:00"'], zoned, [
      '2024-01-01 10:00:00+00',
      '2024-01-01 08:00:00+00',
    ]),
  ],
  'all other strings': [
    of(['""', 'null', '"null"', '"NaN"'], 'VARCHAR', ['', null, 'null', 'NaN']),
    of(['"007"', '"1"'], 'VARCHAR', ['007', '1']),
    of(['"true"'], 'VARCHAR', ['true']),
    of([`"${odd}"`, '"\\ud83d\\ude00"', '"a\\u0000b"', '"\\n\\t\\\\"'], 'VARCHAR', [odd, '😀', 'a\0b', '\n\t\\']),
    of([`"${'x'.repeat(70_000)}"`], 'VARCHAR', ['x'.repeat(70_000)]),
    of(['null'], 'VARCHAR', [null]),
  ],
  'objects, arrays, columns of two kinds, NaN, numbers of more than 38 digits': [
    of(['{"a":[1,null]}', '[]', 'null'], 'JSON', ['{"a":[1,null]}', '[]', null]),
    of(['1', '"1"'], 'JSON'),
    of(['{"n":[NaN,-Infinity,"NaN, \\"NaN"]}'], 'JSON', ['{"n":["NaN","-Infinity","NaN, \\"NaN"]}']),
    of(['NaN', '1.5'], 'JSON', ['"NaN"', '1.5']),
    of([nines, '1'], 'JSON'),
    of(['1e400', '1'], 'JSON'),
  ],
}

/** Columns of Parquet, by what DuckDB writes for these values. */
export const parquetTypes: TypeTable<FileCase> = {
  BOOLEAN: [of(['true', 'NULL'], 'BOOLEAN', ['true', null])],
  'INT(8, signed)': [of(['(-128)::TINYINT'], 'TINYINT', ['-128'])],
  'INT(16, signed)': [of(['(-32768)::SMALLINT'], 'SMALLINT', ['-32768'])],
  'INT32, INT(32, signed)': [of(['(-2147483648)::INTEGER'], 'INTEGER', ['-2147483648'])],
  'INT64, INT(64, signed)': [of(["'-9223372036854775808'::BIGINT"], 'BIGINT', ['-9223372036854775808'])],
  'INT(8, unsigned)': [of(['255::UTINYINT'], 'UTINYINT', ['255'])],
  'INT(16, unsigned)': [of(['65535::USMALLINT'], 'USMALLINT', ['65535'])],
  'INT(32, unsigned)': [of(['4294967295::UINTEGER'], 'UINTEGER', ['4294967295'])],
  'INT(64, unsigned)': [of(['18446744073709551615::UBIGINT'], 'UBIGINT', ['18446744073709551615'])],
  FLOAT: [of(['0.1::FLOAT', "'nan'::FLOAT"], 'FLOAT', ['0.1', 'nan'])],
  DOUBLE: [
    of(['0.1::DOUBLE + 0.2::DOUBLE', "'-inf'::DOUBLE", "'5e-324'::DOUBLE", "'-0'::DOUBLE"], 'DOUBLE', [
      ...['0.30000000000000004', '-inf', '5e-324', '-0.0'],
    ]),
  ],
  'DECIMAL of up to 38 digits': [
    of(['1.50::DECIMAL(10, 2)'], 'DECIMAL(10,2)', ['1.50']),
    of([`'-${'9'.repeat(38)}'::DECIMAL(38, 0)`], 'DECIMAL(38,0)', [`-${'9'.repeat(38)}`]),
  ],
  DATE: [
    of(["'0044-03-15 (BC)'::DATE", "'5000000-01-01'::DATE", 'NULL'], 'DATE', [
      '0044-03-15 (BC)',
      '5000000-01-01',
      null,
    ]),
  ],
  'TIME(micros)': [of(["'12:34:56.789012'::TIME"], 'TIME', ['12:34:56.789012'])],
  'TIME(UTC), TIME(nanos)': [
    of(["'12:34:56+00'::TIMETZ"], 'VARCHAR', ['12:34:56+00']),
    of(["'12:34:56.123456789'::TIME_NS"], 'VARCHAR', ['12:34:56.123456789']),
  ],
  'TIMESTAMP(millis), TIMESTAMP(micros)': [
    of(["'2024-01-01 10:00:00.123'::TIMESTAMP_MS"], 'TIMESTAMP', ['2024-01-01 10:00:00.123']),
    of(["'290000-01-01 10:00:00.123456'::TIMESTAMP", "'-infinity'::TIMESTAMP"], 'TIMESTAMP', [
      ...['290000-01-01 10:00:00.123456', '-infinity'],
    ]),
  ],
  'TIMESTAMP(nanos)': [
    of(["'2024-01-01 10:00:00.123456789'::TIMESTAMP_NS"], 'TIMESTAMP_NS', ['2024-01-01 10:00:00.123456789']),
  ],
  'TIMESTAMP(UTC)': [of(["'2024-01-01 10:00:00.123456+05:30'::TIMESTAMPTZ"], zoned, ['2024-01-01 04:30:00.123456+00'])],
  'STRING, ENUM': [
    of(["''", 'NULL', "'NULL'", `'${odd}'`], 'VARCHAR', ['', null, 'NULL', odd]),
    of(["'a' || chr(0) || 'b'", "'line' || chr(10) || chr(13)", "'007'"], 'VARCHAR', ['a\0b', 'line\n\r', '007']),
    of(["'b'::ENUM('a', 'b')"], 'VARCHAR', ['b']),
  ],
  BYTE_ARRAY: [of(["'\\x00\\xFF\\x10'::BLOB", "''::BLOB", 'NULL'], 'BLOB', ['\\x00\\xFF\\x10', '', null])],
  UUID: [of(["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID"], 'UUID', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'])],
  JSON: [of([`'{"a":  1}'::JSON`, "'null'::JSON"], 'JSON', ['{"a":  1}', 'null'])],
  'LIST, MAP, groups': [
    of(['[1, NULL]', '[]', 'NULL'], 'JSON', ['[1,null]', '[]', null]),
    of([`{'x': ['${odd}', '']}`], 'JSON', [`{"x":["${odd}",""]}`]),
    of(["MAP {'k': 1}"], 'JSON', ['{"k":1}']),
    of(['[12345678901234567890.123::DECIMAL(38, 3)]'], 'JSON', ['[12345678901234567890.123]']),
    of(["['nan'::DOUBLE, '-inf'::DOUBLE, 0.5::DOUBLE]"], 'JSON', ['["NaN","-Infinity",0.5]']),
  ],
  INTERVAL: [of(['INTERVAL 1 DAY'], 'VARCHAR', ['1 day'])],
}

/** Returns the three tables as files, by their names. */
export async function typeFiles(): Promise<Readonly<Record<'types.csv' | 'types.jsonl' | 'types.parquet', Buffer>>> {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-file-types-'))
  const path = join(folder, 'types.parquet')
  const columns = Object.values(parquetTypes).flat()
  const selects = rowsOf(columns).map(
    (cells) => `SELECT ${cells.map((cell, index) => `${cell ?? 'NULL'} AS v${index}`)}`,
  )
  await makeParquet(path, selects.join(' UNION ALL '))
  const parquet = readFileSync(path)
  rmSync(folder, { recursive: true })
  return { 'types.csv': Buffer.from(csv()), 'types.jsonl': Buffer.from(jsonLines()), 'types.parquet': parquet }
}

function csv(): string {
  const columns = Object.values(csvTypes).flat()
  const lines = [
    columns.map((_, index) => `v${index}`),
    ...rowsOf(columns).map((cells) => cells.map((cell) => cell ?? '')),
  ]
  return lines.map((cells) => `${cells.join(',')}\n`).join('')
}

function jsonLines(): string {
  const rows = rowsOf(Object.values(jsonTypes).flat())
  const members = (cells: readonly (string | undefined)[]) =>
    cells.flatMap((cell, index) => (cell === undefined ? [] : [`"v${index}":${cell}`]))
  return rows.map((cells) => `{${members(cells).join(',')}}\n`).join('')
}

/** The rows that columns of different lengths make; undefined where one has ended. */
function rowsOf(columns: readonly FileCase[]): (string | undefined)[][] {
  const length = Math.max(...columns.map(({ cells }) => cells.length))
  return Array.from({ length }, (_, row) => columns.map(({ cells }) => cells[row]))
}
