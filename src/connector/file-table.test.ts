import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { makeParquet } from '../testing/parquet-file.ts'
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

test('CSV has the type of all its rows, not of its first ones', async () => {
  const values = [...Array(30_000).keys()].map(String)
  expect((await imported(csv(...values), 'csv')).columns[1]).toBe('c BIGINT')
  expect((await imported(csv(...values, 'the end'), 'csv')).columns[1]).toBe('c VARCHAR')
  expect((await imported(csv(...values, '0.5'), 'csv')).columns[1]).toBe('c DOUBLE')
  expect((await imported(csv(...values, '"a, ""b"""'), 'csv')).rows.at(-1)).toEqual(['30000', 'a, "b"'])
})

test('CSV may have other marks, ends of lines, odd names, no names, a title and blank lines', async () => {
  expect((await imported('a;b\r\n1;x\r\n2;y\r\n', 'csv')).rows).toEqual([
    ['1', 'x'],
    ['2', 'y'],
  ])
  expect((await imported('a\tb\n1\tx,y\n', 'tsv')).rows).toEqual([['1', 'x,y']])
  const odd = await imported('a,A,__proto__,"x""; DROP TABLE y; --"\n1,2,3,4\n', 'csv')
  expect(odd.columns).toEqual(['a BIGINT', 'A_1 BIGINT', '__proto__ BIGINT', 'x"; DROP TABLE y; -- BIGINT'])
  expect((await imported('1,2\n3,4\n', 'csv')).rows).toHaveLength(2)
  const titled = await imported('A title\n\na,b\n1,2\n\n#3,4\n', 'csv')
  expect([titled.columns, titled.rows]).toEqual([
    ['a VARCHAR', 'b BIGINT'],
    [
      ['1', '2'],
      ['#3', '4'],
    ],
  ])
  expect((await imported('a\n\n1\n""\n', 'csv')).rows).toEqual([[null], ['1'], ['']])
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

describe('Parquet that DuckDB did not write', () => {
  /** Writes one value as DuckDB does, and then changes bytes of what stands behind its name in the directory at the end. */
  async function changed(value: string, from: number, to: number): Promise<Buffer> {
    const path = join(folder, `${++count}.source`)
    await makeParquet(path, `SELECT ${value} AS odd_one`)
    const bytes = readFileSync(path)
    const named = bytes.indexOf('odd_one', bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8))
    const behind = bytes.subarray(named + 7, named + 32)
    behind.forEach((byte, at) => {
      if (byte === from) behind[at] = to
    })
    return bytes
  }

  test('is refused where its numbers have more digits than a dataset holds, instead of rounded', async () => {
    // The digits, as the directory writes 38 and 60.
    const bytes = await changed("'12345678901234567890123456789012345.67'::DECIMAL(38, 2)", 76, 120)
    const target = { file: join(folder, `${++count}.parquet`) }
    await expect(importFile(write(bytes), 'parquet', { rowLimit: null }, target)).rejects.toMatchObject({
      code: 'limit.exceeded',
      text: { sentence: 'The column "odd_one" has numbers of 60 digits; a dataset holds 38.' },
    })
  })

  test('has nanoseconds in UTC to the microsecond, as the page of types says', async () => {
    // Whether it is UTC: false and true.
    const { columns, rows } = await imported(
      await changed("'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS", 0x12, 0x11),
      'parquet',
    )
    expect([columns, rows]).toEqual([['odd_one TIMESTAMP WITH TIME ZONE'], [['2024-01-01 00:00:00.123456+00']]])
    expect(readFileSync(join(packageRoot(), 'docs/types.md'), 'utf8')).toContain(
      'Of nanoseconds the last three digits are cut off',
    )
  })
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
  ['JSON with half a character', Buffer.from('{"a":"\\ud800"}'), 'json', 'protocol.unexpected'],
  ['JSON with a member twice in a line', Buffer.from('{"a":1,"b":2}\n{"a":1,"a":2}\n'), 'json', 'protocol.unexpected'],
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
