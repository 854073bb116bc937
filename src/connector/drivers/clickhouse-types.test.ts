import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startClickHouse } from '../../testing/clickhouse.ts'
import { testConnector, testJob } from '../../testing/jobs.ts'
import { startRecordedClickHouse } from '../../testing/rogue-clickhouse.ts'
import { becomes, documentedTypes, readTypes, type TypeTable } from '../../testing/type-tables.ts'
import type { Source } from '../driver.ts'

// With workers that are ready, as Keyward has them.
const connector = testConnector({ warm: 2 })
const folder = mkdtempSync(join(tmpdir(), 'keyward-types-'))
const target = await startClickHouse()
let count = 0

afterAll(async () => {
  await connector.close()
  await target?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** `value` is an expression of ClickHouse's, whose text tells the type. */
type Case = { readonly value: string; readonly type: string; readonly text: string | null }

const of = (value: string, type: string, text: string | null): Case => ({ value, type, text })

const table: TypeTable<Case> = {
  Int8: [of('toInt8(-128)', 'TINYINT', '-128'), of("CAST(NULL, 'Nullable(Int8)')", 'TINYINT', null)],
  Int16: [of('toInt16(-32768)', 'SMALLINT', '-32768')],
  Int32: [of('toInt32(-2147483648)', 'INTEGER', '-2147483648')],
  Int64: [
    of("toInt64('-9223372036854775808')", 'BIGINT', '-9223372036854775808'),
    of('toInt64(9223372036854775807)', 'BIGINT', '9223372036854775807'),
    of("CAST(NULL, 'Nullable(Int64)')", 'BIGINT', null),
  ],
  UInt8: [of('toUInt8(255)', 'UTINYINT', '255'), of('1 = 1', 'UTINYINT', '1')],
  UInt16: [of('toUInt16(65535)', 'USMALLINT', '65535')],
  UInt32: [of('toUInt32(4294967295)', 'UINTEGER', '4294967295')],
  UInt64: [of('toUInt64(18446744073709551615)', 'UBIGINT', '18446744073709551615')],
  Float32: [
    of('toFloat32(0.1)', 'FLOAT', '0.1'),
    of('toFloat32(16777215)', 'FLOAT', '16777215.0'),
    of('toFloat32(-3.4028235e38)', 'FLOAT', '-3.4028235e+38'),
    of("toFloat32('1e-45')", 'FLOAT', '1e-45'),
    of('toFloat32(nan)', 'FLOAT', 'nan'),
    of('toFloat32(-inf)', 'FLOAT', '-inf'),
  ],
  Float64: [
    of('0.1 + 0.2', 'DOUBLE', '0.30000000000000004'),
    of('1.7976931348623157e308', 'DOUBLE', '1.7976931348623157e+308'),
    of('reinterpretAsFloat64(reinterpretAsString(toUInt64(1)))', 'DOUBLE', '5e-324'),
    of("toFloat64('2.2250738585072014e-308')", 'DOUBLE', '2.2250738585072014e-308'),
    of('-1. * 0.', 'DOUBLE', '-0.0'),
    of('nan', 'DOUBLE', 'nan'),
    of('inf', 'DOUBLE', 'inf'),
    of('-inf', 'DOUBLE', '-inf'),
    of("CAST(NULL, 'Nullable(Float64)')", 'DOUBLE', null),
  ],
  'Decimal(p, s) of up to 38 digits': [
    of("toDecimal128('12345678901234567890.123456789', 9)", 'DECIMAL(38,9)', '12345678901234567890.123456789'),
    of(`toDecimal128('-0.${'9'.repeat(38)}', 38)`, 'DECIMAL(38,38)', `-.${'9'.repeat(38)}`),
    of("toDecimal32('1.5', 2)", 'DECIMAL(9,2)', '1.50'),
    of("toDecimal64('-12345678901234.5678', 4)", 'DECIMAL(18,4)', '-12345678901234.5678'),
  ],
  'Decimal(p) of up to 38 digits': [of(`toDecimal128('-${'9'.repeat(38)}', 0)`, 'DECIMAL(38,0)', `-${'9'.repeat(38)}`)],
  Date: [
    of("toDate('2024-02-29')", 'DATE', '2024-02-29'),
    of('toDate(0)', 'DATE', '1970-01-01'),
    of("toDate('2105-12-31')", 'DATE', '2105-12-31'),
    of("CAST(NULL, 'Nullable(Date)')", 'DATE', null),
  ],
  DateTime: [
    of("toDateTime('2024-01-01 12:00:00', 'Asia/Tokyo')", 'TIMESTAMP WITH TIME ZONE', '2024-01-01 03:00:00+00'),
    of("toDateTime('2105-12-31 23:59:59', 'UTC')", 'TIMESTAMP WITH TIME ZONE', '2105-12-31 23:59:59+00'),
    of("toDateTime(0, 'UTC')", 'TIMESTAMP WITH TIME ZONE', '1970-01-01 00:00:00+00'),
    of("toDateTime(0, 'America/New_York')", 'TIMESTAMP WITH TIME ZONE', '1970-01-01 00:00:00+00'),
    of("CAST(NULL, 'Nullable(DateTime)')", 'TIMESTAMP WITH TIME ZONE', null),
  ],
  String: [
    of("''", 'VARCHAR', ''),
    of("CAST(NULL, 'Nullable(String)')", 'VARCHAR', null),
    of("CAST('', 'Nullable(String)')", 'VARCHAR', ''),
    of("'NULL'", 'VARCHAR', 'NULL'),
    of("'\\\\N'", 'VARCHAR', '\\N'),
    of("'\\\\.'", 'VARCHAR', '\\.'),
    of("'007'", 'VARCHAR', '007'),
    of("'it\\'s \\\\\\' \\\\0 \\\\t'", 'VARCHAR', "it's \\' \\0 \\t"),
    of("'a\\0b\\\\c'", 'VARCHAR', 'a\0b\\c'),
    of("'\\0'", 'VARCHAR', '\0'),
    of('\'line\\nbreak, "quote" tab\\t end\\r \\b\\f\'', 'VARCHAR', 'line\nbreak, "quote" tab\t end\r \b\f'),
    of("'\r\n\u000b\u0001\u007f\u0085\u2028'", 'VARCHAR', '\r\n\u000b\u0001\u007f\u0085\u2028'),
    of("'😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}'", 'VARCHAR', '😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}'),
    of("'  spaces  '", 'VARCHAR', '  spaces  '),
    of("CAST('x', 'LowCardinality(String)')", 'VARCHAR', 'x'),
    of("arrayStringConcat(arrayMap(x -> '😀', range(20000)))", 'VARCHAR', '😀'.repeat(20_000)),
  ],
  FixedString: [
    of("toFixedString('us', 4)", 'VARCHAR', 'us'),
    of("toFixedString('\\0us', 4)", 'VARCHAR', '\0us'),
    of("toFixedString('', 4)", 'VARCHAR', ''),
  ],
  'Enum8, Enum16': [
    of("CAST('a', 'Enum8(\\'a\\' = 1, \\'b(c)\\' = 2)')", 'VARCHAR', 'a'),
    of("CAST('b, (😀)', 'Enum16(\\'b, (😀)\\' = -32768)')", 'VARCHAR', 'b, (😀)'),
  ],
  UUID: [
    of("toUUID('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')", 'UUID', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
    of("toUUID('ffffffff-ffff-ffff-ffff-ffffffffffff')", 'UUID', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  ],
  'Array, Tuple of a server before 21.9': [
    of("['x\\'y', 'b\\tc']", 'VARCHAR', "['x\\'y','b\\tc']"),
    of('[1, NULL, 3]', 'VARCHAR', '[1,NULL,3]'),
    of("CAST([], 'Array(String)')", 'VARCHAR', '[]'),
    of('[toUInt64(18446744073709551615)]', 'VARCHAR', '[18446744073709551615]'),
    of('[[1], []]', 'VARCHAR', '[[1],[]]'),
    of("tuple(1, 'a')", 'VARCHAR', "(1,'a')"),
  ],
  'intervals, aggregate states, and all others': [
    of('NULL', 'VARCHAR', null),
    of('toIntervalDay(3)', 'VARCHAR', '3'),
    of('countState()', 'VARCHAR', '\u0001'),
  ],
}

/** `declared` is a type that the server of the tests has not, `value` how a server of today writes one as text. */
type RecordedCase = Case & { readonly declared: string }

const recorded = (declared: string, value: string, type: string, text: string | null): RecordedCase => ({
  ...{ declared, value, type, text },
})

const recordedTable: TypeTable<RecordedCase> = {
  Bool: [
    recorded('Bool', 'true', 'BOOLEAN', 'true'),
    recorded('Bool', 'false', 'BOOLEAN', 'false'),
    recorded('Nullable(Bool)', '\\N', 'BOOLEAN', null),
  ],
  'Decimal of more than 38 digits': [
    recorded(
      'Decimal(76, 20)',
      `-${'9'.repeat(56)}.${'1'.repeat(20)}`,
      'VARCHAR',
      `-${'9'.repeat(56)}.${'1'.repeat(20)}`,
    ),
  ],
  BFloat16: [recorded('BFloat16', '0.100098', 'FLOAT', '0.100098')],
  Date32: [
    recorded('Date32', '1900-01-01', 'DATE', '1900-01-01'),
    recorded('Date32', '2299-12-31', 'DATE', '2299-12-31'),
  ],
  'DateTime64 of up to 6 digits': [
    recorded(
      "DateTime64(3, 'Asia/Tokyo')",
      '2299-12-31 23:59:59.999',
      'TIMESTAMP WITH TIME ZONE',
      '2299-12-31 23:59:59.999+00',
    ),
    recorded(
      'DateTime64(6)',
      '1900-01-01 00:00:00.000001',
      'TIMESTAMP WITH TIME ZONE',
      '1900-01-01 00:00:00.000001+00',
    ),
    recorded('Nullable(DateTime64(6))', '\\N', 'TIMESTAMP WITH TIME ZONE', null),
  ],
  'DateTime64 of 7 to 9 digits': [
    recorded("DateTime64(9, 'UTC')", '2024-01-01 00:00:00.123456789', 'TIMESTAMP_NS', '2024-01-01 00:00:00.123456789'),
    recorded('DateTime64(9)', '1900-01-01 00:00:00.000000001', 'TIMESTAMP_NS', '1900-01-01 00:00:00.000000001'),
    recorded('DateTime64(9)', '2262-04-11 23:47:16.854775806', 'TIMESTAMP_NS', '2262-04-11 23:47:16.854775806'),
    recorded('DateTime64(7)', '2024-01-01 00:00:00.1234567', 'TIMESTAMP_NS', '2024-01-01 00:00:00.1234567'),
  ],
  'Array, Tuple, Map, Nested, JSON, Variant, Dynamic': [
    recorded('Array(UInt64)', '[18446744073709551615]', 'JSON', '[18446744073709551615]'),
    recorded('Array(Nullable(Float64))', '["nan","-inf",null,0.5]', 'JSON', '["nan","-inf",null,0.5]'),
    recorded('Map(String, String)', '{"a":"line\\\\nbreak 😀 \\\\u0000"}', 'JSON', '{"a":"line\\nbreak 😀 \\u0000"}'),
    recorded(
      'Tuple(a Int8, b Decimal(38, 10))',
      '{"a":1,"b":1234567890123456789012345678.0123456789}',
      'JSON',
      '{"a":1,"b":1234567890123456789012345678.0123456789}',
    ),
    recorded('JSON', '{"a":{"b":[1,null]}}', 'JSON', '{"a":{"b":[1,null]}}'),
    recorded('Variant(String, UInt64)', '"x"', 'JSON', '"x"'),
    recorded('Dynamic', '7', 'JSON', '7'),
    recorded('Nested(a Int8)', '[{"a":1}]', 'JSON', '[{"a":1}]'),
  ],
  'Int128, Int256, UInt128, UInt256': [
    recorded(
      'Int128',
      '-170141183460469231731687303715884105728',
      'VARCHAR',
      '-170141183460469231731687303715884105728',
    ),
    recorded('UInt256', '9'.repeat(77), 'VARCHAR', '9'.repeat(77)),
    recorded('Int256', `-${'5'.repeat(76)}`, 'VARCHAR', `-${'5'.repeat(76)}`),
    recorded(
      'UInt128',
      '340282366920938463463374607431768211455',
      'VARCHAR',
      '340282366920938463463374607431768211455',
    ),
  ],
  'IPv4, IPv6': [
    recorded('IPv4', '255.0.0.1', 'VARCHAR', '255.0.0.1'),
    recorded('IPv6', '2001:db8::1', 'VARCHAR', '2001:db8::1'),
  ],
}

async function imported(source: Source, port = target?.port ?? 0) {
  const file = join(folder, `${++count}.parquet`)
  const options = { driver: 'clickhouse', port, tls: 'verify-full', ca: target?.certificates.authority }
  const outcome = await connector.run(testJob('import', { source, rowLimit: null, file }, options), { userId: 'ada' })
  return { outcome, file }
}

describe.skipIf(target === undefined)('ClickHouse', () => {
  test('keeps every value of every type, as the page of types says', async () => {
    const cases = Object.values(table).flat()
    const query = `SELECT ${cases.map(({ value }, index) => `${value} AS v${index}`).join(', ')}`
    const { outcome, file } = await imported({ kind: 'query', query })
    expect(outcome.ok, JSON.stringify(outcome.diagnosis[6])).toBe(true)
    const { types, rows } = await readTypes(file)
    expect(cases.map((one, index) => ({ ...one, type: types[index], text: rows[0]?.[index] }))).toEqual(cases)
    expect(becomes(table)).toEqual(documentedTypes('ClickHouse'))
  })

  test('of today is understood as the page of types says, and asked to leave nothing out of JSON', async () => {
    if (target === undefined) return
    const cases = Object.values(recordedTable).flat()
    const written = {
      names: cases.map((_, index) => `v${index}`).join('\t'),
      types: cases.map(({ declared }) => declared.replaceAll("'", "\\'")).join('\t'),
      rows: `${cases.map(({ value }) => value).join('\t')}\n`,
    }
    const server = await startRecordedClickHouse(written, target.certificates.good)
    const { outcome, file } = await imported({ kind: 'table', schema: 'shop', table: 'kinds' }, server.port)
    await server.close()
    expect(outcome.ok, JSON.stringify(outcome.diagnosis[6])).toBe(true)
    const { types, rows } = await readTypes(file)
    expect(cases.map((one, index) => ({ ...one, type: types[index], text: rows[0]?.[index] }))).toEqual(cases)
    expect(server.heard().toString()).toContain('output_format_json_quote_denormals=1')
    expect(becomes(recordedTable)).toEqual(documentedTypes('Newer types of ClickHouse'))
  })

  test('keeps a byte-order mark at the very beginning', async () => {
    const { file } = await imported({
      kind: 'query',
      query: "SELECT arrayJoin(['\ufeffa', '\ufeff']) AS a, '\ufeff' AS b",
    })
    expect((await readTypes(file)).rows).toEqual([
      ['\ufeffa', '\ufeff'],
      ['\ufeff', '\ufeff'],
    ])
  })
})
