import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startElder } from '../../testing/elder-postgres.ts'
import { testConnector, testJob } from '../../testing/jobs.ts'
import { startTarget } from '../../testing/target.ts'
import { becomes, documentedTypes, readTypes, type TypeTable } from '../../testing/type-tables.ts'

const connector = testConnector()
const folder = mkdtempSync(join(tmpdir(), 'keyward-types-'))
const target = await startTarget()
const elder = await startElder(target.port)
let count = 0

afterAll(async () => {
  await connector.close()
  elder.close()
  await target.close()
  rmSync(folder, { recursive: true, force: true })
})

/** `value` is an expression of PostgreSQL's, whose text tells the type. */
type Case = { readonly value: string; readonly type: string; readonly text: string | null }

const of = (value: string, type: string, text: string | null): Case => ({ value, type, text })

const zoned = 'TIMESTAMP WITH TIME ZONE'

const table: TypeTable<Case> = {
  boolean: [of('true', 'BOOLEAN', 'true'), of('false', 'BOOLEAN', 'false'), of('NULL::boolean', 'BOOLEAN', null)],
  smallint: [of('(-32768)::smallint', 'SMALLINT', '-32768'), of('32767::smallint', 'SMALLINT', '32767')],
  integer: [of('(-2147483648)::integer', 'INTEGER', '-2147483648'), of('2147483647', 'INTEGER', '2147483647')],
  bigint: [
    of('(-9223372036854775808)::bigint', 'BIGINT', '-9223372036854775808'),
    of('9223372036854775807', 'BIGINT', '9223372036854775807'),
    of('NULL::bigint', 'BIGINT', null),
  ],
  oid: [of('4294967295::oid', 'UINTEGER', '4294967295')],
  real: [
    of("'0.1'::real", 'FLOAT', '0.1'),
    of("'-3.4028235e38'::real", 'FLOAT', '-3.4028235e+38'),
    of("'1e-45'::real", 'FLOAT', '1e-45'),
    of("'NaN'::real", 'FLOAT', 'nan'),
    of("'Infinity'::real", 'FLOAT', 'inf'),
  ],
  'double precision': [
    of('0.1::float8 + 0.2', 'DOUBLE', '0.30000000000000004'),
    of("'1.7976931348623157e308'::float8", 'DOUBLE', '1.7976931348623157e+308'),
    of("'5e-324'::float8", 'DOUBLE', '5e-324'),
    of("'-0'::float8", 'DOUBLE', '-0.0'),
    of("'NaN'::float8", 'DOUBLE', 'nan'),
    of("'-Infinity'::float8", 'DOUBLE', '-inf'),
    of('NULL::float8', 'DOUBLE', null),
  ],
  'numeric(p, s) of up to 38 digits': [
    of("'12345678901234567890.123456789'::numeric(30, 9)", 'DECIMAL(30,9)', '12345678901234567890.123456789'),
    of(`'-0.${'9'.repeat(38)}'::numeric(38, 38)`, 'DECIMAL(38,38)', `-.${'9'.repeat(38)}`),
    of('0.00012::numeric(2, 5)', 'DECIMAL(5,5)', '.00012'),
    of('NULL::numeric(12, 2)', 'DECIMAL(12,2)', null),
  ],
  'numeric(p) of up to 38 digits, numeric(p, -s)': [
    of(`(-${'9'.repeat(38)})::numeric(38)`, 'DECIMAL(38,0)', `-${'9'.repeat(38)}`),
    of('1234::numeric(3, -2)', 'DECIMAL(5,0)', '1200'),
  ],
  'numeric without a size, of values of up to 38 digits': [
    of("'12345678901234567890.123456789'::numeric", 'DECIMAL(38,9)', '12345678901234567890.123456789'),
    of("'1.50'::numeric", 'DECIMAL(18,2)', '1.50'),
    of("'-0.000001'::numeric", 'DECIMAL(18,6)', '-0.000001'),
  ],
  'numeric of more digits, or without a size and with NaN or infinity': [
    of("'NaN'::numeric", 'VARCHAR', 'NaN'),
    of("'-Infinity'::numeric", 'VARCHAR', '-Infinity'),
    of("('1' || repeat('0', 50))::numeric", 'VARCHAR', `1${'0'.repeat(50)}`),
    of(`'${'9'.repeat(30)}.${'9'.repeat(30)}'::numeric(60, 30)`, 'VARCHAR', `${'9'.repeat(30)}.${'9'.repeat(30)}`),
  ],
  date: [
    of("'2024-02-29'::date", 'DATE', '2024-02-29'),
    of("'0044-03-15 BC'::date", 'DATE', '0044-03-15 (BC)'),
    of("'4713-01-01 BC'::date", 'DATE', '4713-01-01 (BC)'),
    of("'5874897-12-31'::date", 'DATE', '5874897-12-31'),
    of("'infinity'::date", 'DATE', 'infinity'),
    of("'-infinity'::date", 'DATE', '-infinity'),
    of('NULL::date', 'DATE', null),
  ],
  time: [
    of("'12:34:56.789012'::time", 'TIME', '12:34:56.789012'),
    of("'00:00'::time", 'TIME', '00:00:00'),
    of("'24:00'::time", 'TIME', '24:00:00'),
  ],
  timestamp: [
    of("'2024-01-01 12:00:00.000001'::timestamp", 'TIMESTAMP', '2024-01-01 12:00:00.000001'),
    of("'0044-03-15 12:00 BC'::timestamp", 'TIMESTAMP', '0044-03-15 (BC) 12:00:00'),
    of("'4713-01-01 00:00 BC'::timestamp", 'TIMESTAMP', '4713-01-01 (BC) 00:00:00'),
    of("'290000-12-31 23:59:59.999999'::timestamp", 'TIMESTAMP', '290000-12-31 23:59:59.999999'),
    of("'-infinity'::timestamp", 'TIMESTAMP', '-infinity'),
    of('NULL::timestamp', 'TIMESTAMP', null),
  ],
  timestamptz: [
    of("'2024-01-01 12:00:00.123456+05:30'::timestamptz", zoned, '2024-01-01 06:30:00.123456+00'),
    of("'0044-03-15 12:00+00 BC'::timestamptz", zoned, '0044-03-15 (BC) 12:00:00+00'),
    of("'20000-01-01 00:00+00'::timestamptz", zoned, '20000-01-01 00:00:00+00'),
    of("'infinity'::timestamptz", zoned, 'infinity'),
    of('NULL::timestamptz', zoned, null),
  ],
  'timetz, interval': [
    of("'12:34:56.789012+05:30'::timetz", 'VARCHAR', '12:34:56.789012+05:30'),
    of("'-1 year 2 days -03:04:05.678'::interval", 'VARCHAR', '-1 years +2 days -03:04:05.678'),
  ],
  'char, varchar, text, name': [
    of("''", 'VARCHAR', ''),
    of('NULL::text', 'VARCHAR', null),
    of("'NULL'", 'VARCHAR', 'NULL'),
    of("'\\N'", 'VARCHAR', '\\N'),
    of("'\\.'", 'VARCHAR', '\\.'),
    of("'007'", 'VARCHAR', '007'),
    of('E\'line\\nbreak, "quote" \\\\ tab\\t end\\r\'', 'VARCHAR', 'line\nbreak, "quote" \\ tab\t end\r'),
    of("E'\\\\n \\\\\\\\t \\b\\f\\x0b'", 'VARCHAR', '\\n \\\\t \b\f\v'),
    of("E'\\r\\n\\x01\\x7f\\u0085\\u2028'", 'VARCHAR', '\r\n\u0001\u007f\u0085\u2028'),
    of("'  spaces  '", 'VARCHAR', '  spaces  '),
    of("'😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}'", 'VARCHAR', '😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}'),
    of("'ab '::char(5)", 'VARCHAR', 'ab   '),
    of("'postgres'::name", 'VARCHAR', 'postgres'),
    of("repeat('😀', 300000)", 'VARCHAR', '😀'.repeat(300_000)),
  ],
  bytea: [
    of("'\\x00ff10'::bytea", 'BLOB', '\\x00\\xFF\\x10'),
    of("''::bytea", 'BLOB', ''),
    of('NULL::bytea', 'BLOB', null),
    of("decode(repeat('00', 70000), 'hex')", 'BLOB', '\\x00'.repeat(70_000)),
  ],
  uuid: [
    of("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", 'UUID', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
    of("'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid", 'UUID', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  ],
  'json, jsonb': [
    of('\'{"a": [1, null]}\'::json', 'JSON', '{"a": [1, null]}'),
    of('\'{"b": 1,  "a": 1, "a": 2}\'::json', 'JSON', '{"b": 1,  "a": 1, "a": 2}'),
    of('\'{"a": [1, null]}\'::jsonb', 'JSON', '{"a": [1, null]}'),
    of("'1234567890123456789012345.678901234567890'::jsonb", 'JSON', '1234567890123456789012345.678901234567890'),
    of(`'{"a": "\\u0000 😀"}'::json`, 'JSON', '{"a": "\\u0000 😀"}'),
    of("'null'::jsonb", 'JSON', 'null'),
    of('NULL::jsonb', 'JSON', null),
  ],
  arrays: [
    of('ARRAY[1, NULL, 3]', 'JSON', '[1,null,3]'),
    of('ARRAY[[1, 2], [3, 4]]', 'JSON', '[[1,2],[3,4]]'),
    of("ARRAY['a,b', NULL, '', '😀\"']", 'JSON', '["a,b",null,"","😀\\""]'),
    of("'{}'::int[]", 'JSON', '[]'),
    of("'[0:1]={1,2}'::int[]", 'JSON', '[1,2]'),
    of("ARRAY['NaN'::float8, 'Infinity', 0.5]", 'JSON', '["NaN","Infinity",0.5]'),
    of('ARRAY[12345678901234567890.12345678901234567890]', 'JSON', '[12345678901234567890.12345678901234567890]'),
    of("ARRAY['2024-01-01 12:00:00.123456+05:30'::timestamptz]", 'JSON', '["2024-01-01T06:30:00.123456+00:00"]'),
    of("ARRAY['\\x00ff'::bytea]", 'JSON', '["\\\\x00ff"]'),
    of('NULL::int[]', 'JSON', null),
  ],
  'bit, varbit': [
    of("B'101'::bit(3)", 'VARCHAR', '101'),
    of("B'00101'::varbit", 'VARCHAR', '00101'),
    of("''::varbit", 'VARCHAR', ''),
  ],
  enums: [
    of("'sad'::mood", 'VARCHAR', 'sad'),
    of("'so-so 😐'::mood", 'VARCHAR', 'so-so 😐'),
    of('NULL::mood', 'VARCHAR', null),
  ],
  'domains of numeric(12, 2)': [of("'1.5'::price", 'DECIMAL(12,2)', '1.50')],
  'money, network addresses, ranges, geometry, composites, tsvector and all others': [
    of("'10.0.0.1/8'::inet", 'VARCHAR', '10.0.0.1/8'),
    of("'08:00:2b:01:02:03'::macaddr", 'VARCHAR', '08:00:2b:01:02:03'),
    of("'[1,5)'::int4range", 'VARCHAR', '[1,5)'),
    of("'{[1,2),[5,6)}'::int4multirange", 'VARCHAR', '{[1,2),[5,6)}'),
    of("'(1,0.30000000000000004)'::point", 'VARCHAR', '(1,0.30000000000000004)'),
    of("ROW(1, 'x')", 'VARCHAR', '(1,x)'),
    of("'a fat cat'::tsvector", 'VARCHAR', "'a' 'cat' 'fat'"),
    of("'-1234.5'::money", 'VARCHAR', '-$1,234.50'),
  ],
}

async function imported(query: string, port = target.port) {
  const file = join(folder, `${++count}.parquet`)
  const source = { kind: 'query', query } as const
  const job = testJob('import', { source, rowLimit: null, file }, { port })
  return { outcome: await connector.run(job, { userId: 'ada' }), file }
}

/** 18 sends dates as it counts them, those before it as text. */
const versions = [
  { version: '18', port: target.port },
  { version: '17', port: elder.port },
]

beforeAll(async () => {
  await target.sql("CREATE TYPE mood AS ENUM ('sad', 'so-so 😐')", 'shop')
  await target.sql('CREATE DOMAIN price AS numeric(12, 2)', 'shop')
})

describe('PostgreSQL', () => {
  test.each(versions)(
    'of version $version keeps every value of every type, as the page of types says',
    async ({ version, port }) => {
      const signedIn = await connector.run(testJob('signIn', {}, { port }), { userId: 'ada' })
      expect(signedIn).toMatchObject({ value: { serverVersion: expect.stringMatching(`^${version}`) } })
      const cases = Object.values(table).flat()
      const values = cases.map(({ value }, index) => `${value} AS v${index}`)
      const { outcome, file } = await imported(`SELECT ${values.join(', ')}`, port)
      expect(outcome.ok, JSON.stringify(outcome.diagnosis[6])).toBe(true)
      const { types, rows } = await readTypes(file)
      expect(cases.map((one, index) => ({ ...one, type: types[index], text: rows[0]?.[index] }))).toEqual(cases)
      expect(becomes(table)).toEqual(documentedTypes('PostgreSQL'))
    },
  )

  test('keeps a byte-order mark at the very beginning', async () => {
    const { file } = await imported("SELECT '\ufeffa' AS a, '\ufeff' AS b UNION ALL SELECT '\ufeff', ''")
    expect((await readTypes(file)).rows).toEqual([
      ['\ufeffa', '\ufeff'],
      ['\ufeff', ''],
    ])
  })

  test.each([
    ['a moment that DuckDB has not', "SELECT '294276-12-31 23:59:59'::timestamp AS far"],
    [
      'NaN in a numeric with a size',
      "SELECT i, CASE i WHEN 2 THEN 'NaN' ELSE i::numeric END::numeric(10, 2) AS far FROM generate_series(1, 2) i",
    ],
    ['JSON with half a character', `SELECT '"\\ud800"'::json AS far`],
  ])('refuses %s with the name of its column', async (_what, query) => {
    const { outcome } = await imported(query)
    expect(outcome).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(outcome.diagnosis[6]?.sentence).toContain('The column "far" has a value that a dataset cannot hold')
  })
})
