import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, test } from 'vitest'
import type { Sample } from './driver.ts'
import type { FileFormat } from './file-format.ts'
import { formatOf } from './file-format.ts'
import { importFile, previewFile } from './file-table.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyward-file-table-'))
let count = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(content: string | Buffer): string {
  const path = join(folder, `${++count}.source`)
  writeFileSync(path, content)
  return path
}

describe('a sample', () => {
  const lines = `id\n${Array.from({ length: 1_000 }, (_, index) => index).join('\n')}\n`
  const take = async (sample: Sample, rowLimit: number | null = null) => {
    const file = join(folder, `${count + 1}.parquet`)
    await importFile(write(lines), 'csv', { rowLimit, sample }, { file })
    const connection = await (await DuckDBInstance.create()).connect()
    const ids = (await connection.runAndReadAll(`SELECT id FROM '${file}' ORDER BY id`))
      .getRows()
      .map(([id]) => Number(id))
    connection.closeSync()
    return ids
  }

  test.each(['percent', 'rows'] as const)(
    'in %s is of rows from everywhere, and of one seed the same again',
    async (of) => {
      const amount = of === 'percent' ? 10 : 100
      const ids = await take({ of, amount, seed: 5 })
      if (of === 'rows') expect(ids).toHaveLength(100)
      expect(ids.length).toBeGreaterThan(40)
      expect(ids.length).toBeLessThan(200)
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids.at(-1)).toBeGreaterThan(700)
      expect(await take({ of, amount, seed: 5 })).toEqual(ids)
      expect(await take({ of, amount, seed: 6 })).not.toEqual(ids)
    },
  )

  test('goes before a row limit', async () => {
    expect(await take({ of: 'rows', amount: 100, seed: 5 }, 7)).toHaveLength(7)
  })
})

/** Imports and returns what a Parquet file then holds, read by DuckDB: columns with types, then rows as text. */
async function imported(content: string | Buffer, kind: FileFormat['kind'], rowLimit: number | null = null) {
  const file = join(folder, `${count + 1}.parquet`)
  const made = await importFile(write(content), kind, { rowLimit }, { file })
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run("SET TimeZone = 'UTC'")
  const described = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${file}'`)).getRows()
  const cells = described.map(([name]) => `"${String(name).replaceAll('"', '""')}"::VARCHAR`)
  const rows = (await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM '${file}'`)).getRows()
  connection.closeSync()
  const columns = described.map(([name, type]) => `${name} ${type}`)
  expect(made.columns.map(({ type }) => type)).toEqual(described.map(([, type]) => type))
  expect(made.rows).toBe(rows.length)
  return { columns, rows }
}

/** A column of values, one a line under its name. */
const csv = (...values: readonly string[]) => `id,c\n${values.map((value, index) => `${index},${value}\n`).join('')}`

test.each([
  ['whole numbers', ['1', '-9223372036854775808', ''], 'BIGINT', ['1', '-9223372036854775808', null]],
  ['whole numbers beyond 64 bits', ['1', '12345678901234567890'], 'DECIMAL(38,0)', ['1', '12345678901234567890']],
  ['more digits than a number holds', ['1', '9'.repeat(40)], 'VARCHAR', ['1', '9'.repeat(40)]],
  ['leading zeros', ['007', '10115'], 'VARCHAR', ['007', '10115']],
  ['fractions', ['0.1', '2', '0.30000000000000004', '1e20'], 'DOUBLE', ['0.1', '2.0', '0.30000000000000004', '1e+20']],
  [
    'decimals that no double holds',
    ['0.1234567890123456789', '12.5'],
    'DECIMAL(38,19)',
    ['0.1234567890123456789', '12.5000000000000000000'],
  ],
  ['booleans', ['true', 'False'], 'BOOLEAN', ['true', 'false']],
  ['days', ['2024-02-29', '1999-12-31'], 'DATE', ['2024-02-29', '1999-12-31']],
  ['days that are none', ['2024-02-30', '1999-12-31'], 'VARCHAR', ['2024-02-30', '1999-12-31']],
  ['days in another order', ['01/02/2024', '13/02/2024'], 'VARCHAR', ['01/02/2024', '13/02/2024']],
  ['times', ['2024-01-01 10:00:00.123456', '2024-01-01T10:00'], 'TIMESTAMP', null],
  [
    'times with a zone',
    ['2024-01-01T10:00:00+05:30', '2024-01-01 10:00:00Z'],
    'TIMESTAMP WITH TIME ZONE',
    ['2024-01-01 04:30:00+00', '2024-01-01 10:00:00+00'],
  ],
  ['nanoseconds', ['2024-01-01 10:00:00.123456789'], 'VARCHAR', ['2024-01-01 10:00:00.123456789']],
  ['NULL and empty', ['', '""', 'NULL'], 'VARCHAR', [null, '', 'NULL']],
  ['any text', ['"a ""b"", c"', '😀 é', '"line\nbreak"', '\\N', '<b>'], 'VARCHAR', null],
  ['numbers and words', ['1', 'two'], 'VARCHAR', ['1', 'two']],
])('CSV keeps %s', async (_what, values, type, expected) => {
  const { columns, rows } = await imported(csv(...values), 'csv')
  expect(columns).toEqual(['id BIGINT', `c ${type}`])
  const plain = values.map((value) => (value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value))
  if (expected !== null || type === 'VARCHAR') expect(rows.map(([, c]) => c)).toEqual(expected ?? plain)
})

test('CSV has the type of all its rows, not of its first ones', async () => {
  const values = [...Array(30_000).keys()].map(String)
  expect((await imported(csv(...values), 'csv')).columns[1]).toBe('c BIGINT')
  expect((await imported(csv(...values, 'the end'), 'csv')).columns[1]).toBe('c VARCHAR')
  expect((await imported(csv(...values, '0.5'), 'csv')).columns[1]).toBe('c DOUBLE')
  expect((await imported(csv(...values, '"a, ""b"""'), 'csv')).rows.at(-1)).toEqual(['30000', 'a, "b"'])
})

test('CSV may have other marks, ends of lines, odd names, and no names', async () => {
  expect((await imported('a;b\r\n1;x\r\n2;y\r\n', 'csv')).rows).toEqual([
    ['1', 'x'],
    ['2', 'y'],
  ])
  expect((await imported('a\tb\n1\tx,y\n', 'tsv')).rows).toEqual([['1', 'x,y']])
  const odd = await imported('a,A,__proto__,"x""; DROP TABLE y; --"\n1,2,3,4\n', 'csv')
  expect(odd.columns).toEqual(['a BIGINT', 'A_1 BIGINT', '__proto__ BIGINT', 'x"; DROP TABLE y; -- BIGINT'])
  expect((await imported('1,2\n3,4\n', 'csv')).rows).toHaveLength(2)
})

test('JSON lines keep their values: null, empty, big numbers, strings of digits, times, and what is nested', async () => {
  const lines = [
    '{"id": 1, "big": 12345678901234567890123, "s": "", "digits": "007", "at": "2024-01-01T10:00:00Z", "n": {"a": [1, null]}, "b": true, "x": 1, "__proto__": 1}',
    '{"id": 2, "big": 5, "s": null, "digits": "1", "at": "2024-01-01T10:00:00+02:00", "n": null, "b": false, "x": "1", "f": 1.5}',
  ]
  const { columns, rows } = await imported(`${lines.join('\n')}\n`, 'json')
  expect(columns).toEqual([
    ...['id BIGINT', 'big DECIMAL(38,0)', 's VARCHAR', 'digits VARCHAR', 'at TIMESTAMP WITH TIME ZONE', 'n JSON'],
    ...['b BOOLEAN', 'x JSON', '__proto__ BIGINT', 'f DOUBLE'],
  ])
  expect(rows).toEqual([
    ['1', '12345678901234567890123', '', '007', '2024-01-01 10:00:00+00', '{"a":[1,null]}', 'true', '1', '1', null],
    ['2', '5', null, '1', '2024-01-01 08:00:00+00', null, 'false', '"1"', null, '1.5'],
  ])
  expect((await imported('[{"a": 1}, {"a": 2}]', 'json')).rows).toEqual([['1'], ['2']])
})

test('Parquet keeps its types, and what is nested becomes JSON', async () => {
  const source = join(folder, 'types.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`COPY (SELECT 1::SMALLINT AS a, 1.50::DECIMAL(10, 2) AS b, '\\x00\\xFF'::BLOB AS c, NULL::VARCHAR AS d,
    '' AS e, TIMESTAMPTZ '2024-01-01 10:00:00+00' AS f, {'x': [1, NULL]} AS g, [1, 2] AS h, MAP {'k': 1} AS i,
    INTERVAL 1 DAY AS j, DATE '0044-03-15 (BC)' AS k) TO '${source}'`)
  connection.closeSync()
  const { readFileSync } = await import('node:fs')
  const { columns, rows } = await imported(readFileSync(source), 'parquet')
  expect(columns).toEqual([
    ...['a SMALLINT', 'b DECIMAL(10,2)', 'c BLOB', 'd VARCHAR', 'e VARCHAR', 'f TIMESTAMP WITH TIME ZONE'],
    ...['g JSON', 'h JSON', 'i JSON', 'j VARCHAR', 'k DATE'],
  ])
  const nested = ['{"x":[1,null]}', '[1,2]', '{"k":1}']
  expect(rows).toEqual([
    ['1', '1.50', '\\x00\\xFF', null, '', '2024-01-01 10:00:00+00', ...nested, '1 day', '0044-03-15 (BC)'],
  ])
})

test('A row limit is kept, and a preview cuts long cells', async () => {
  expect((await imported(csv('1', '2', '3'), 'csv', 2)).rows).toHaveLength(2)
  const preview = await previewFile(write(csv('"😀😀😀😀"', 'b')), 'csv', 1, 3)
  expect(preview).toEqual({
    columns: [
      { name: 'id', type: 'BIGINT' },
      { name: 'c', type: 'VARCHAR' },
    ],
    rows: [['0', '😀😀😀…']],
  })
})

test.each([
  ['garbage as Parquet', Buffer.alloc(10_000, 0xa5), 'parquet', 'protocol.unexpected'],
  ['a Parquet file cut short', Buffer.from('PAR1'), 'parquet', 'protocol.unexpected'],
  [
    'a Parquet footer that lies about its length',
    Buffer.from('PAR1\xff\xff\xff\x7fPAR1', 'latin1'),
    'parquet',
    'protocol.unexpected',
  ],
  ['JSON cut short', Buffer.from('{"a":'), 'json', 'protocol.unexpected'],
  ['JSON that is nested without end', Buffer.from('['.repeat(100_000)), 'json', 'protocol.unexpected'],
  ['text that is not UTF-8', Buffer.from('a,b\nx,\xff\xfe\n', 'latin1'), 'csv', 'protocol.unexpected'],
  ['a value of 40 MB', Buffer.from(`{"a":"${'x'.repeat(40_000_000)}"}`), 'json', 'limit.exceeded'],
  ['5,000 columns', Buffer.from(`${Array(5_000).fill('a').join(',')}\n`), 'csv', 'limit.exceeded'],
] as const)('%s is refused in a sentence, and nothing stays', async (_what, content, kind, code) => {
  const file = join(folder, `${count + 1}.parquet`)
  const failure = await importFile(write(content), kind, { rowLimit: null }, { file }).then(
    () => null,
    (error) => error,
  )
  expect(failure).toMatchObject({ code, rung: 'read' })
  expect(existsSync(file)).toBe(false)
  expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([])
})

test('Names tell the format', () => {
  expect(formatOf('a/b.c.CSV')).toEqual({ kind: 'csv', gzip: false })
  expect(formatOf('x.jsonl.gz')).toEqual({ kind: 'json', gzip: true })
  expect(formatOf('x.parquet')).toEqual({ kind: 'parquet', gzip: false })
  for (const name of ['csv', 'x.gz', 'x.parquet.gz', 'x.xlsx', 'x.csv/', '']) expect(formatOf(name)).toBeUndefined()
})
