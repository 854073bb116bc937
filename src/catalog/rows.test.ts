import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openParquet } from './parquet.ts'
import { readPage } from './rows.ts'
import { streamCsv, streamJsonLines } from './streams.ts'

let folder: string

beforeAll(() => {
  // Characters that DuckDB could take for a pattern, and a quote.
  folder = mkdtempSync(join(tmpdir(), "keyward [a]*'? "))
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('readPage', () => {
  it('of every type, shows values as text with NULL told apart from the empty string', async () => {
    const path = await parquetOf(
      'types',
      `select 1::integer as int, 12345678901234567890.1234::decimal(38, 4) as "dec", true as bool, null as missing, '' as empty,
        timestamptz '2024-01-01 08:00:00+02' as at, date '2024-02-29' as day, '\\xDE\\xAD'::blob as bytes,
        uuid '5b9c1f4e-0000-4000-8000-000000000000' as uid, '{"a": [1]}' as doc`,
    )
    const { columns, rows, more } = await readPage(path, 1)
    expect(rows).toEqual([
      [
        '1',
        '12345678901234567890.1234',
        'true',
        null,
        '',
        '2024-01-01 06:00:00+00',
        '2024-02-29',
        '\\xdead',
        '5b9c1f4e-0000-4000-8000-000000000000',
        '{"a": [1]}',
      ],
    ])
    expect(columns.slice(0, 3)).toEqual([
      { name: 'int', type: 'INTEGER' },
      { name: 'dec', type: 'DECIMAL(38,4)' },
      { name: 'bool', type: 'BOOLEAN' },
    ])
    expect(more).toBe(false)
  })

  it('of 45 rows, gives 20, 20, 5 and then none, in order', async () => {
    const path = await parquetOf('pages', 'select range as n from range(45)')
    const pages = await Promise.all([1, 2, 3, 4].map((page) => readPage(path, page)))
    expect(pages.map(({ rows, more }) => [rows.length, rows[0]?.[0], more])).toEqual([
      [20, '0', true],
      [20, '20', true],
      [5, '40', false],
      [0, undefined, false],
    ])
  })

  it('of a cell of 5,000 characters, shows 1,000 and an ellipsis', async () => {
    const path = await parquetOf('long', `select repeat('é', 5000) as long, repeat('x', 1000) as fits`)
    const { rows } = await readPage(path, 1)
    expect(rows).toEqual([[`${'é'.repeat(1000)}…`, 'x'.repeat(1000)]])
  })

  it('of columns with hostile names, takes them as names', async () => {
    const path = await parquetOf('names', `select 1 as "__proto__", 2 as "a""b; drop table x --", 3 as "<b>"`)
    const { columns, rows } = await readPage(path, 1)
    expect(columns.map(({ name }) => name)).toEqual(['__proto__', 'a"b; drop table x --', '<b>'])
    expect(rows).toEqual([['1', '2', '3']])
  })
})

describe('streamCsv', () => {
  it('quotes only what must be, and keeps NULL, empty and text apart', async () => {
    const path = await parquetOf(
      'csv',
      `select * from (values (1, null, 'plain'), (2, '', 'a "quoted", one'), (3, ' spaced ', E'two\\r\\nlines'))
        as rows(id, note, "a,b")`,
    )
    expect(await textOf(await streamCsv(path))).toBe(
      'id,note,"a,b"\r\n1,,plain\r\n2,"","a ""quoted"", one"\r\n3, spaced ,"two\r\nlines"\r\n',
    )
  })

  it('keeps a byte-order mark that a line would begin with', async () => {
    const path = await parquetOf('mark', "select chr(65279) || 'a' as t, 1 as n")
    expect(await textOf(await streamCsv(path))).toBe('t,n\r\n"\ufeffa",1\r\n')
  })

  it('lets no spreadsheet run what it holds, and leaves numbers alone', async () => {
    const path = await parquetOf(
      'formulas',
      `select * from (values ('=1+1', -5, '-5'), ('+SUM(A1)', 1, '+49 30'), ('@x', 2, '+4930'), (E'\\t=1', 3, '-1,5'),
        (' =1', 4, '＝1'), ('"=1', 5, 'a=b'), ('', 6, null)) as rows("=id", n, t)`,
    )
    const lines = (await textOf(await streamCsv(path))).split('\r\n')
    expect(lines).toEqual([
      "'=id,n,t",
      "'=1+1,-5,-5",
      "'+SUM(A1),1,'+49 30",
      "'@x,2,+4930",
      `'\t=1,3,"-1,5"`,
      "' =1,4,'＝1",
      '"""=1",5,a=b',
      '"",6,',
      '',
    ])
  })

  it('of 10,000 rows, gives them all in order; of none, the header', async () => {
    const many = await textOf(await streamCsv(await parquetOf('many', 'select range as n from range(10000)')))
    expect(many).toBe(`n\r\n${Array.from({ length: 10_000 }, (_, n) => `${n}\r\n`).join('')}`)
    const none = await streamCsv(await parquetOf('none', 'select 1 as n where false'))
    expect(await textOf(none)).toBe('n\r\n')
  })

  it('of a reader that leaves in the middle, lets go of the file', async () => {
    const path = await parquetOf('left', 'select range as n, repeat(md5(range::varchar), 20) as t from range(200000)')
    const readers = await Promise.all(Array.from({ length: 12 }, async () => (await streamCsv(path)).getReader()))
    await Promise.all(readers.map((reader) => reader.read()))
    await Promise.all(readers.map((reader) => reader.cancel()))
    expect((await readPage(path, 1)).rows).toHaveLength(20)
  })
})

describe('streamJsonLines', () => {
  it('keeps types: numbers, booleans, NULL and JSON are themselves, all else is text', async () => {
    const path = await parquetOf(
      'json',
      `select 7::tinyint as i, -1.50::decimal(9,2) as d, 0.1::double as f, true as b, null::integer as nothing, '' as empty,
        E'a"b\\nc' as t, '{"a": [1, {"b": null}]}'::json as j, date '2026-01-02' as day, '\\x00'::blob as bytes`,
    )
    const text = await textOf(await streamJsonLines(path))
    expect(text.split('\n')).toHaveLength(2)
    expect(text).toContain('"d":-1.50,')
    expect(JSON.parse(text)).toEqual({
      ...{ i: 7, d: -1.5, f: 0.1, b: true, nothing: null, empty: '', t: 'a"b\nc' },
      ...{ j: { a: [1, { b: null }] }, day: '2026-01-02', bytes: '\\x00' },
    })
  })

  it('of numbers that a double would round, or does not know, gives text', async () => {
    const path = await parquetOf(
      'big',
      `select * from (values (9007199254740993::bigint, 12345678901234567890.12::decimal(38,2), 'nan'::double),
        (123456789012345::bigint, 1.25::decimal(38,2), '-inf'::double),
        (-999999999999999::bigint, -1::decimal(38,2), 1e300::double)) as v(n, d, f)`,
    )
    const lines = (await textOf(await streamJsonLines(path))).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { n: '9007199254740993', d: '12345678901234567890.12', f: 'nan' },
      { n: 123456789012345, d: 1.25, f: '-inf' },
      { n: -999999999999999, d: -1, f: 1e300 },
    ])
  })

  it('of columns with hostile names, takes them as names; of no rows, gives nothing', async () => {
    const path = await parquetOf('hostile', `select 1 as "__proto__", 2 as "a""b'; drop", 3 as "c\\d"`)
    const [line = ''] = (await textOf(await streamJsonLines(path))).split('\n')
    expect(Object.entries(JSON.parse(line))).toEqual([
      ['__proto__', 1],
      [`a"b'; drop`, 2],
      ['c\\d', 3],
    ])
    expect(await textOf(await streamJsonLines(await parquetOf('nothing', 'select 1 as n where false')))).toBe('')
  })

  it('of 10,000 rows, gives them all in order', async () => {
    const text = await textOf(await streamJsonLines(await parquetOf('lines', 'select range as n from range(10000)')))
    expect(text).toBe(Array.from({ length: 10_000 }, (_, n) => `{"n":${n}}\n`).join(''))
  })
})

describe('openParquet', () => {
  it('interrupted while it waits for its turn, does not begin then', async () => {
    const path = await parquetOf('busy', 'select i from range(1000) t(i)')
    const [first, second, waiting] = [await openParquet(path), await openParquet(path), await openParquet(path)]
    const cross = 'sum(hash(t.i, u.r, v.r))::varchar'
    const endless = ', range(1000000) u(r), range(1000000) v(r)'
    const busy = [first, second].map((one) => one.query(cross, `as t(i) ${endless}`).catch(() => 'interrupted'))
    const answer = waiting.query('count(*)::varchar', '').catch(() => 'interrupted')
    waiting.interrupt()
    // Again and again: one that comes before DuckDB has begun is lost.
    const ending = setInterval(() => [first, second].map((one) => one.interrupt()), 20)
    expect(await Promise.all([answer, ...busy])).toEqual(['interrupted', 'interrupted', 'interrupted'])
    clearInterval(ending)
    for (const one of [first, second, waiting]) one.close()
  })

  it('reads the one file and nothing else, and its lock cannot be opened', async () => {
    const path = await parquetOf('mine', 'select 1 as n')
    const other = await parquetOf('other', 'select 1 as n')
    const parquet = await openParquet(path)
    const attempt = (sql: string) => parquet.query(`(${sql})::varchar`, '')
    const quoted = `'${other.replaceAll("'", "''")}'`
    await expect(attempt("select count(*) from read_text('/etc/passwd')")).rejects.toThrow(/disabled/)
    await expect(attempt(`select count(*) from read_parquet(${quoted})`)).rejects.toThrow(/disabled/)
    await expect(parquet.query('1', '; set enable_external_access = true')).rejects.toThrow(/configuration/)
    await expect(parquet.query('1', `; copy (select 1) to ${quoted}`)).rejects.toThrow(/disabled/)
    parquet.close()
  })
})

async function parquetOf(name: string, query: string): Promise<string> {
  const path = join(folder, `${name}.parquet`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`copy (${query}) to '${path.replaceAll("'", "''")}' (format parquet, compression zstd)`)
  connection.closeSync()
  instance.closeSync()
  return path
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text()
}
