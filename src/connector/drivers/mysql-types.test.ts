import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { testConnector, testJob } from '../../testing/jobs.ts'
import { startMariaDbTarget } from '../../testing/mariadb-target.ts'
import { becomes, documentedTypes, readTypes, type TypeTable } from '../../testing/type-tables.ts'
import type { Source } from '../driver.ts'

// With workers that are ready, as Keyward has them.
const connector = testConnector({ warm: 2 })
const folder = mkdtempSync(join(tmpdir(), 'keyward-types-'))
const target = await startMariaDbTarget()
let count = 0

afterAll(async () => {
  await connector.close()
  await target?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** `column` is its definition, `value` a literal. */
type Case = { readonly column: string; readonly value: string; readonly type: string; readonly text: string | null }

const of = (column: string, value: string, type: string, text: string | null): Case => ({ column, value, type, text })

const table: TypeTable<Case> = {
  'tinyint, boolean': [
    of('tinyint', '-128', 'TINYINT', '-128'),
    of('tinyint', '127', 'TINYINT', '127'),
    of('boolean', 'true', 'TINYINT', '1'),
    of('boolean', '2', 'TINYINT', '2'),
    of('boolean', 'NULL', 'TINYINT', null),
  ],
  'tinyint unsigned': [of('tinyint unsigned', '255', 'UTINYINT', '255')],
  smallint: [of('smallint', '-32768', 'SMALLINT', '-32768'), of('smallint', '32767', 'SMALLINT', '32767')],
  'smallint unsigned': [of('smallint unsigned', '65535', 'USMALLINT', '65535')],
  'mediumint, int': [
    of('mediumint', '-8388608', 'INTEGER', '-8388608'),
    of('mediumint', '8388607', 'INTEGER', '8388607'),
    of('int', '-2147483648', 'INTEGER', '-2147483648'),
    of('int', '2147483647', 'INTEGER', '2147483647'),
    of('int', 'NULL', 'INTEGER', null),
  ],
  'mediumint unsigned, int unsigned': [
    of('mediumint unsigned', '16777215', 'UINTEGER', '16777215'),
    of('int unsigned', '4294967295', 'UINTEGER', '4294967295'),
    of('int(8) zerofill', '42', 'UINTEGER', '42'),
  ],
  bigint: [
    of('bigint', '-9223372036854775808', 'BIGINT', '-9223372036854775808'),
    of('bigint', '9223372036854775807', 'BIGINT', '9223372036854775807'),
  ],
  'bigint unsigned': [
    of('bigint unsigned', '18446744073709551615', 'UBIGINT', '18446744073709551615'),
    of('bigint unsigned', '9223372036854775808', 'UBIGINT', '9223372036854775808'),
  ],
  float: [
    of('float', '0.1', 'FLOAT', '0.1'),
    of('float', '16777215', 'FLOAT', '16777215.0'),
    of('float', '-3.4028234e38', 'FLOAT', '-3.4028235e+38'),
    of('float', '1.1754944e-38', 'FLOAT', '1.1754944e-38'),
    of('float', '1e-45', 'FLOAT', '1e-45'),
    of('float(7, 3)', '1234.567', 'FLOAT', '1234.567'),
    of('float', 'NULL', 'FLOAT', null),
  ],
  double: [
    of('double', '0.1 + 0.2e0', 'DOUBLE', '0.30000000000000004'),
    of('double', '1.7976931348623157e308', 'DOUBLE', '1.7976931348623157e+308'),
    of('double', '2.2250738585072014e-308', 'DOUBLE', '2.2250738585072014e-308'),
    of('double', '5e-324', 'DOUBLE', '5e-324'),
    of('double', '123456789.12345678', 'DOUBLE', '123456789.12345678'),
    of('double(20, 5)', '123456789.12346', 'DOUBLE', '123456789.12346'),
  ],
  'decimal(p, s) of up to 38 digits': [
    of('decimal(30, 9)', '12345678901234567890.123456789', 'DECIMAL(30,9)', '12345678901234567890.123456789'),
    of('decimal(38, 38)', `-0.${'9'.repeat(38)}`, 'DECIMAL(38,38)', `-.${'9'.repeat(38)}`),
    of('decimal(5, 2) unsigned', '999.99', 'DECIMAL(5,2)', '999.99'),
    of('decimal(10, 2)', '1.5', 'DECIMAL(10,2)', '1.50'),
    of('decimal(10, 2)', 'NULL', 'DECIMAL(10,2)', null),
  ],
  'decimal(p) of up to 38 digits': [
    of('decimal(38, 0)', `-${'9'.repeat(38)}`, 'DECIMAL(38,0)', `-${'9'.repeat(38)}`),
    of('decimal', '9999999999', 'DECIMAL(10,0)', '9999999999'),
    of('decimal(20) zerofill', '42', 'DECIMAL(20,0)', '42'),
  ],
  'decimal of more than 38 digits': [
    of('decimal(39, 0)', '9'.repeat(39), 'VARCHAR', '9'.repeat(39)),
    of('decimal(65, 5)', `${'1'.repeat(60)}.12345`, 'VARCHAR', `${'1'.repeat(60)}.12345`),
    of('decimal(65, 38)', `-0.${'1'.repeat(38)}`, 'VARCHAR', `-0.${'1'.repeat(38)}`),
  ],
  'bit(1)': [of('bit(1)', "b'1'", 'BOOLEAN', 'true'), of('bit(1)', "b'0'", 'BOOLEAN', 'false')],
  'bit(2) to bit(64)': [
    of('bit(2)', "b'10'", 'UBIGINT', '2'),
    of('bit(9)', "b'100000001'", 'UBIGINT', '257'),
    of('bit(64)', '18446744073709551615', 'UBIGINT', '18446744073709551615'),
    of('bit(64)', 'NULL', 'UBIGINT', null),
  ],
  date: [
    of('date', "'2024-02-29'", 'DATE', '2024-02-29'),
    of('date', "'1000-01-01'", 'DATE', '1000-01-01'),
    of('date', "'0001-01-01'", 'DATE', '0001-01-01'),
    of('date', "'9999-12-31'", 'DATE', '9999-12-31'),
    of('date', "'0000-00-00'", 'DATE', null),
    of('date', "'2024-00-00'", 'DATE', null),
    of('date', "'2024-02-31'", 'DATE', null),
    of('date', 'NULL', 'DATE', null),
  ],
  datetime: [
    of('datetime', "'9999-12-31 23:59:59'", 'TIMESTAMP', '9999-12-31 23:59:59'),
    of('datetime', "'0001-01-01 00:00:00'", 'TIMESTAMP', '0001-01-01 00:00:00'),
    of('datetime(6)', "'2024-01-01 12:00:00.000001'", 'TIMESTAMP', '2024-01-01 12:00:00.000001'),
    of('datetime(6)', "'9999-12-31 23:59:59.999999'", 'TIMESTAMP', '9999-12-31 23:59:59.999999'),
    of('datetime', "'0000-00-00'", 'TIMESTAMP', null),
  ],
  timestamp: [
    of(
      'timestamp(6) NULL',
      "'2024-01-01 12:00:00.123456'",
      'TIMESTAMP WITH TIME ZONE',
      '2024-01-01 12:00:00.123456+00',
    ),
    of(
      'timestamp(6) NULL',
      "'2038-01-19 03:14:06.999999'",
      'TIMESTAMP WITH TIME ZONE',
      '2038-01-19 03:14:06.999999+00',
    ),
    of(
      'timestamp(6) NULL',
      "'2001-09-09 01:46:39.000001'",
      'TIMESTAMP WITH TIME ZONE',
      '2001-09-09 01:46:39.000001+00',
    ),
    of('timestamp NULL', "'1970-01-01 00:00:01'", 'TIMESTAMP WITH TIME ZONE', '1970-01-01 00:00:01+00'),
    of('timestamp NULL', "'2038-01-19 03:14:07'", 'TIMESTAMP WITH TIME ZONE', '2038-01-19 03:14:07+00'),
    of('timestamp NULL', "'0000-00-00'", 'TIMESTAMP WITH TIME ZONE', null),
  ],
  time: [
    of('time', "'-838:59:59'", 'VARCHAR', '-838:59:59'),
    of('time(6)', "'12:34:56.789012'", 'VARCHAR', '12:34:56.789012'),
  ],
  year: [of('year', '2155', 'SMALLINT', '2155'), of('year', "'0000'", 'SMALLINT', '0')],
  'char, varchar, text': [
    of('char(5)', "'ab'", 'VARCHAR', 'ab'),
    of('varchar(50)', "''", 'VARCHAR', ''),
    of('varchar(50)', 'NULL', 'VARCHAR', null),
    of('varchar(50)', "'NULL'", 'VARCHAR', 'NULL'),
    of('varchar(50)', "'\\\\N'", 'VARCHAR', '\\N'),
    of('varchar(50)', "'\\\\.'", 'VARCHAR', '\\.'),
    of('varchar(50)', "'  spaces  '", 'VARCHAR', '  spaces  '),
    of('varchar(50)', "'007'", 'VARCHAR', '007'),
    of('text', '\'line\\nbreak, "quote" \\\\ tab\\t end\\r\'', 'VARCHAR', 'line\nbreak, "quote" \\ tab\t end\r'),
    of('text', "'\\\\n \\\\\\\\t \\b'", 'VARCHAR', '\\n \\\\t \b'),
    of('text', "'\r\n\u000b\f\u0001\u007f\u0085\u2028'", 'VARCHAR', '\r\n\u000b\f\u0001\u007f\u0085\u2028'),
    of(
      'varchar(50)',
      "'😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}'",
      'VARCHAR',
      '😀 é \u202e \ufeff 👩‍👩‍👧 e\u0301 \u{10ffff}',
    ),
    of('varchar(50) CHARACTER SET latin1', "'é€'", 'VARCHAR', 'é€'),
    of('varchar(50) CHARACTER SET utf16', "'😀'", 'VARCHAR', '😀'),
    of('longtext', "REPEAT('x', 70000)", 'VARCHAR', 'x'.repeat(70_000)),
    of('mediumtext', "REPEAT('😀', 300000)", 'VARCHAR', '😀'.repeat(300_000)),
  ],
  'binary, varbinary, blob': [
    of('binary(3)', "x'00ff10'", 'BLOB', '\\x00\\xFF\\x10'),
    of('binary(3)', "x'41'", 'BLOB', 'A\\x00\\x00'),
    of('varbinary(9)', "''", 'BLOB', ''),
    of('varbinary(9)', 'NULL', 'BLOB', null),
    of('longblob', "x'5c095c0a00'", 'BLOB', '\\x5C\\x09\\x5C\\x0A\\x00'),
    of('mediumblob', "REPEAT(x'00', 70000)", 'BLOB', '\\x00'.repeat(70_000)),
  ],
  json: [
    of('json', '\'{"a": [1, null]}\'', 'JSON', '{"a": [1, null]}'),
    of('json', "'null'", 'JSON', 'null'),
    of('json', 'NULL', 'JSON', null),
    of(
      'json',
      `'{"n": 1234567890123456789012345.5, "e": 1e400, "n": "\\\\u0000😀"}'`,
      'JSON',
      '{"n": 1234567890123456789012345.5, "e": 1e400, "n": "\\u0000😀"}',
    ),
  ],
  'enum, set': [
    of("enum('small', 'large')", "'large'", 'VARCHAR', 'large'),
    of("enum('small', 'large')", "'huge'", 'VARCHAR', ''),
    of("enum('small', 'large')", 'NULL', 'VARCHAR', null),
    of("set('a', 'b', 'c')", "'c,a'", 'VARCHAR', 'a,c'),
    of("set('a', 'b', 'c')", "''", 'VARCHAR', ''),
  ],
  uuid: [
    of('uuid', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'UUID', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
    of('uuid', "'ffffffff-ffff-ffff-ffff-ffffffffffff'", 'UUID', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  ],
  'inet4, inet6': [
    of('inet4', "'255.0.0.1'", 'VARCHAR', '255.0.0.1'),
    of('inet6', "'::1'", 'VARCHAR', '::1'),
    of('inet6', 'NULL', 'VARCHAR', null),
  ],
  'geometry, point and their like': [
    of('point', "ST_GeomFromText('POINT(1 2)')", 'VARCHAR', 'POINT(1 2)'),
    of('point', "ST_GeomFromText('POINT(0.1 0.30000000000000004)')", 'VARCHAR', 'POINT(0.1 0.30000000000000004)'),
    of('geometry', 'NULL', 'VARCHAR', null),
  ],
}

async function imported(source: Source) {
  const file = join(folder, `${++count}.parquet`)
  const limits = { milliseconds: 25_000 }
  const options = { driver: 'mariadb', port: target?.port ?? 0, limits }
  const outcome = await connector.run(testJob('import', { source, rowLimit: null, file }, options), { userId: 'ada' })
  return { outcome, file }
}

describe.skipIf(target === undefined)('MariaDB', () => {
  test('keeps every value of every type, as the page of types says', async () => {
    const cases = Object.values(table).flat()
    const defined = cases.map(({ column }, index) => `v${index} ${column}`)
    await target?.sql(`CREATE TABLE kinds (${defined.join(', ')}) CHARACTER SET utf8mb4`, 'shop')
    const insert = `INSERT INTO kinds VALUES (${cases.map(({ value }) => value).join(', ')})`
    await target?.sql(`SET STATEMENT sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00' FOR ${insert}`, 'shop')
    for (const source of [
      { kind: 'table', schema: 'shop', table: 'kinds' },
      { kind: 'query', query: 'SELECT * FROM kinds' },
    ] as const) {
      const { outcome, file } = await imported(source)
      expect(outcome.ok, JSON.stringify(outcome.diagnosis[6])).toBe(true)
      const { types, rows } = await readTypes(file)
      expect(cases.map((one, index) => ({ ...one, type: types[index], text: rows[0]?.[index] }))).toEqual(cases)
    }
    expect(becomes(table)).toEqual(documentedTypes('MariaDB and MySQL'))
  })

  test('keeps a byte-order mark at the very beginning', async () => {
    const query = "SELECT '\ufeffa' AS a, '\ufeff' AS b UNION ALL SELECT '\ufeff', ''"
    const { file } = await imported({ kind: 'query', query })
    expect((await readTypes(file)).rows).toEqual([
      ['\ufeffa', '\ufeff'],
      ['\ufeff', ''],
    ])
  })
})
