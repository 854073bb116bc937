import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { createFileOpener, sealedHeaderLength, sealedPieceLength } from '../secrets/sealed-file.ts'
import { Secret } from '../secrets/secret.ts'
import { makeParquet } from '../testing/parquet-file.ts'
import type { Analysis, AnalysisJob, ColumnProfile, FindFiles, JobKind, NamedFile, UsedName } from './analysis.ts'
import { createAnalysis } from './pool.ts'

let folder: string
let analysis: Analysis
let made = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-analysis-'))
  const scratchDirectory = join(folder, 'scratch')
  analysis = createAnalysis({ workerFile: join(packageRoot(), 'dist/analyst.cjs'), scratchDirectory })
})

afterAll(async () => {
  await analysis.close()
  rmSync(folder, { recursive: true })
})

async function file(name: string, select: string): Promise<NamedFile> {
  const path = join(folder, `${++made}.parquet`)
  await makeParquet(path, select)
  return { name, path }
}

async function run<K extends JobKind>(kind: K, input: AnalysisJob<K>['input'], files: readonly NamedFile[]) {
  const outcome = await analysis.run<K>({ kind, input, files, target: null }, { userId: 'ada' })
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.message}`)
  return outcome.value
}

describe('preview', () => {
  test('of a join, gives the first rows as text, with the names and types of columns', async () => {
    const orders = await file('Orders, "2026"', 'SELECT i AS id, i % 3 AS customer FROM range(50) t(i)')
    const customers = await file('customers', "SELECT i AS id, NULL AS note, 'C' || i AS name FROM range(3) t(i)")
    const sql = 'SELECT o.id, c.id, name, note FROM "orders, ""2026""" o JOIN customers c ON c.id = customer ORDER BY 1'
    expect(await run('preview', { sql, rows: 2 }, [orders, customers])).toEqual({
      columns: [
        { name: 'id', type: 'BIGINT' },
        { name: 'id_1', type: 'BIGINT' },
        { name: 'name', type: 'VARCHAR' },
        { name: 'note', type: 'INTEGER' },
      ],
      rows: [
        ['0', '0', 'C0', null],
        ['1', '1', 'C1', null],
      ],
      more: true,
    })
  })

  test('finds a name in other letters where DuckDB does, and nowhere else', async () => {
    const apples = await file('Äpfel', 'SELECT 7 AS n')
    const job = (sql: string) => ({ kind: 'preview', input: { sql, rows: 1 }, files: [apples], target: null }) as const
    expect((await run('preview', job('FROM "ÄPFEL"').input, [apples])).rows).toEqual([['7']])
    expect(await analysis.run(job('FROM "äpfel"'), { userId: 'ada' })).toMatchObject({
      ok: false,
      message: 'There is no dataset "äpfel" here.',
    })
  })

  test('of a cell of a million characters, cuts it', async () => {
    const { rows } = await run('preview', { sql: "SELECT repeat('é', 1000000) AS x", rows: 1 }, [])
    expect(rows[0]?.[0]).toBe(`${'é'.repeat(1000)}…`)
  })

  test.each([
    ['a column that is not there', 'SELECT id,\n  née FROM orders', 2, 3, /column "née" not found/],
    ['a mistyped word', 'SELECT id\nFORM orders', 2, 6, /^Syntax error/],
    ['a function that is not there', "SELECT 'é', fooo(id) FROM orders", 1, 13, /fooo does not exist/],
    [
      'a dataset that is not there',
      'SELECT *\nFROM orders JOIN nobody USING (id)',
      2,
      18,
      /^There is no dataset "nobody" here\.$/,
    ],
    [
      'a value that is none',
      "SELECT 'x'::INTEGER FROM orders",
      null,
      null,
      /^Could not convert string 'x' to INT32\.$/,
    ],
  ])('with %s, says so and where', async (_, sql, line, column, words) => {
    const orders = await file('orders', 'SELECT 1 AS id')
    const job = { kind: 'preview', input: { sql, rows: 1 }, files: [orders], target: null } as const
    const outcome = await analysis.run(job, { userId: 'ada' })
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'statement',
      message: expect.stringMatching(words),
      position: line === null ? null : { line, column },
    })
  })
})

/** The names that a statement uses, as its process says them before it has any file. */
async function namesOf(sql: string): Promise<readonly UsedName[]> {
  let said: readonly UsedName[] = []
  const files: FindFiles = async (names) => {
    said = names
    return null
  }
  const outcome = await analysis.run(
    { kind: 'preview', input: { sql, rows: 1 }, files, target: null },
    { userId: 'ada' },
  )
  expect(outcome).toMatchObject({ ok: false, reason: 'cancelled' })
  return said
}

describe('names', () => {
  test('of a statement, are what it reads, not what its WITH defines', async () => {
    const sql = `WITH a AS (SELECT * FROM a), b AS (SELECT * FROM a), RECURSIVE_ AS (SELECT 1)
      SELECT * FROM b, (SELECT * FROM "C c") AS d, recursive_ WHERE EXISTS (FROM e) UNION ALL SELECT * FROM A`
    expect((await namesOf(sql)).map(({ name }) => name)).toEqual(['a', 'C c', 'e'])
  })

  test('of a recursive statement, leave itself out', async () => {
    const sql =
      'WITH RECURSIVE t AS (SELECT id FROM tree UNION ALL SELECT t.id + 1 FROM t WHERE t.id < 5) SELECT * FROM t'
    expect(await namesOf(sql)).toEqual([{ name: 'tree', position: { line: 1, column: 37 } }])
  })
})

describe('write', () => {
  test('into a sealed file, keeps every value and nothing in the clear', async () => {
    const key = Buffer.alloc(32, 7)
    const file_ = join(folder, 'target.sealed')
    const source = await file('source', 'SELECT i AS id FROM range(1000) t(i)')
    const sql =
      "SELECT sum(id) AS total, INTERVAL '-1 month' AS span, 1::DECIMAL(9,2) AS d, [1, 2] AS list FROM source; -- done"
    const target = { file: file_, key: new Secret(key) }
    const outcome = await analysis.run({ kind: 'write', input: { sql }, files: [source], target }, { userId: 'ada' })
    expect(outcome).toEqual({
      ok: true,
      value: {
        rows: 1,
        bytes: statSync(file_).size,
        columns: [
          { name: 'total', type: 'DECIMAL(38,0)' },
          { name: 'span', type: 'VARCHAR' },
          { name: 'd', type: 'DECIMAL(9,2)' },
          { name: 'list', type: 'INTEGER[]' },
        ],
      },
    })
    expect(readFileSync(file_).subarray(0, 4).toString()).toBe('KWSF')
    const opened = { name: 't', path: join(folder, 'target.parquet') }
    writeFileSync(opened.path, openSealed(new Secret(key), readFileSync(file_)))
    const { rows } = await run('preview', { sql: 'SELECT * FROM t', rows: 5 }, [opened])
    expect(rows).toEqual([['499500', '-1 month', '1.00', '[1, 2]']])
    expect(target.key.expose().every((byte) => byte === 0)).toBe(true)
  })

  test('of what is no Parquet file any more, says which dataset that is', async () => {
    const broken = { name: 'orders', path: join(folder, 'broken.parquet') }
    writeFileSync(broken.path, 'nothing')
    const job = {
      kind: 'preview',
      input: { sql: 'SELECT * FROM orders', rows: 5 },
      files: [broken],
      target: null,
    } as const
    const message = 'The stored data of "orders" cannot be read. Create a new snapshot of it.'
    expect(await analysis.run(job, { userId: 'ada' })).toMatchObject({ ok: false, reason: 'unreadable', message })
  })

  test.each([
    ['CAST(x AS INTEGER)', /^A value of the data cannot be converted/],
    ["CAST(rpad('9', 18, '9') || n AS BIGINT)", /^A value of the data cannot be converted/],
    ['CAST(n AS BIGINT) * 9223372036854775807', /^A number that the query computes is too large/],
    ["error('it is ' || x)", /^The query failed at some row/],
    ['missing', /^Referenced column "missing" not found/],
  ])('of %s that fails, says why without a value: that is kept in the open', async (expression, said) => {
    const source = await file('t', "SELECT 'hunter-' || i AS x, 4711 + i AS n FROM range(9) t(i)")
    const sql = `SELECT ${expression} AS y FROM t`
    const target = { file: join(folder, 'kept.sealed'), key: new Secret(Buffer.alloc(32, 1)) }
    const outcome = await analysis.run({ kind: 'write', input: { sql }, files: [source], target }, { userId: 'ada' })
    expect(outcome).toMatchObject({ ok: false, reason: 'statement', message: expect.stringMatching(said) })
    expect(JSON.stringify(outcome)).not.toMatch(/hunter|47\d\d/)
  })

  test('of a statement that fails half-way, leaves no file', async () => {
    const target = { file: join(folder, 'failed.parquet') }
    const sql = "SELECT CASE WHEN i = 900000 THEN error('no more') ELSE i END FROM range(1000000) t(i)"
    const outcome = await analysis.run({ kind: 'write', input: { sql }, files: [], target }, { userId: 'ada' })
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'statement',
      message: expect.stringMatching(/failed at some row/),
    })
    expect(readdirSync(folder).filter((name) => name.startsWith('failed'))).toEqual([])
  })
})

describe('profile', () => {
  const column = (columns: readonly ColumnProfile[], name: string) => columns.find((one) => one.name === name)

  test('says of each column what its values are like', async () => {
    const data = await file(
      'file',
      `SELECT i AS id, CASE WHEN i % 4 = 0 THEN NULL ELSE 'city ' || (i % 3) END AS city, (i / 10.0)::DECIMAL(9,1) AS price,
         DATE '2026-01-01' + (i % 365)::INTEGER AS day, i % 2 = 0 AS even, [i] AS list, 'same' AS same, NULL::INTEGER AS nothing,
         CASE i WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN '-inf'::DOUBLE ELSE i END AS odd
       FROM range(10000) t(i)`,
    )
    const { rows, columns, skipped } = await run('profile', {}, [data])
    expect([rows, skipped, columns.length]).toEqual([10_000, 0, 9])
    expect(column(columns, 'id')).toMatchObject({
      ...{ type: 'BIGINT', nulls: 0, minimum: '0', maximum: '9999', mean: 4999.5, top: [] },
    })
    expect(column(columns, 'id')?.histogram?.counts).toEqual(Array(20).fill(500))
    expect(column(columns, 'id')?.histogram?.edges[20]).toBe('9999')
    expect(column(columns, 'id')?.quartiles?.map((place) => Math.round(Number(place) / 100))).toEqual([25, 50, 75])
    const city = column(columns, 'city')
    expect(city).toMatchObject({
      type: 'VARCHAR',
      nulls: 2500,
      distinct: 3,
      minimum: 'city 0',
      maximum: 'city 2',
      mean: null,
      quartiles: null,
      histogram: null,
    })
    expect(city?.top.map(({ count }) => count)).toEqual([2500, 2500, 2500])
    expect(column(columns, 'price')).toMatchObject({
      ...{ type: 'DECIMAL(9,1)', minimum: '0.0', maximum: '999.9', mean: 499.95 },
    })
    expect(column(columns, 'price')?.quartiles?.map((place) => Math.round(Number(place) / 10))).toEqual([25, 50, 75])
    const day = column(columns, 'day')
    expect(day).toMatchObject({ type: 'DATE', minimum: '2026-01-01', maximum: '2026-12-31', mean: null })
    expect(day?.quartiles).toEqual([
      expect.stringMatching(/^2026-0(3-[23]|4-0)\d$/),
      expect.stringMatching(/^2026-0(6-[23]|7-0)\d$/),
      expect.stringMatching(/^2026-(09-[23]|10-0)\d$/),
    ])
    expect(day?.histogram?.edges[0]).toBe('2026-01-01')
    expect(day?.histogram?.counts.reduce((a, b) => a + b)).toBe(10_000)
    expect(column(columns, 'even')?.top).toEqual([
      { value: 'false', count: 5000 },
      { value: 'true', count: 5000 },
    ])
    expect(column(columns, 'list')).toMatchObject({ minimum: null, top: [], histogram: null })
    expect(column(columns, 'same')).toMatchObject({ distinct: 1, top: [{ value: 'same', count: 10_000 }] })
    expect(column(columns, 'nothing')).toMatchObject({ nulls: 10_000, distinct: 0, minimum: null, quartiles: null })
    expect(column(columns, 'odd')?.histogram?.counts.reduce((a, b) => a + b)).toBe(9997)
  })

  test('of no rows, has columns without values', async () => {
    const { rows, columns } = await run('profile', {}, [await file('file', 'SELECT 1 AS id WHERE false')])
    expect([rows, columns]).toMatchObject([0, [{ name: 'id', nulls: 0, distinct: 0, minimum: null, histogram: null }]])
  })
})

describe('compare', () => {
  const compare = async (from: string, to: string, key: string | null) =>
    run('compare', { key }, [await file('from', from), await file('to', to)])

  test('without a key, counts rows as often as they are there', async () => {
    const difference = await compare(
      "SELECT * FROM (VALUES (1, 'a'), (1, 'a'), (2, 'b'), (3, NULL)) t(id, name)",
      "SELECT * FROM (VALUES (1, 'a'), (2, 'B'), (3, NULL), (4, 'd'), (4, 'd')) t(id, name)",
      null,
    )
    expect(difference).toMatchObject({
      ok: true,
      columns: ['id', 'name'],
      changed: null,
      added: { count: 3 },
      gone: { count: 2 },
    })
    if (!difference.ok) return
    expect([...difference.added.examples].sort()).toEqual([
      ['2', 'B'],
      ['4', 'd'],
      ['4', 'd'],
    ])
    expect([...difference.gone.examples].sort()).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ])
  })

  test('with a key, tells changed rows from added ones and those that are gone', async () => {
    const difference = await compare(
      'SELECT i AS id, i AS v, 1 AS "keyward h1" FROM range(0, 1000) t(i)',
      'SELECT i AS id, CASE WHEN i % 2 = 0 THEN -i ELSE i END AS v, 1 AS "keyward h1" FROM range(500, 1200) t(i)',
      'id',
    )
    expect(difference).toMatchObject({ ok: true, added: { count: 200 }, gone: { count: 500 }, changed: { count: 250 } })
    if (!difference.ok) return
    expect(difference.changed?.examples.slice(0, 2)).toEqual([
      ['500', '500', '1'],
      ['500', '-500', '1'],
    ])
    expect([difference.added.examples.length, difference.changed?.examples.length]).toEqual([100, 200])
  })

  test('where columns differ, compares those that both have', async () => {
    const difference = await compare('SELECT 1 AS id, 2 AS gone', "SELECT '1' AS id, 3 AS added", null)
    expect(difference).toMatchObject({ ok: true, columns: ['id'], added: { count: 0 }, gone: { count: 0 } })
    expect(await compare('SELECT 1 AS a', 'SELECT 1 AS b', null)).toEqual({ ok: false, reason: 'nothing in common' })
  })

  test('with a key that is not unique, or is gone, says so', async () => {
    const twice = 'SELECT unnest([1, 1, 2, NULL]) AS id, 1 AS other'
    expect(await compare('SELECT 1 AS id', twice, 'id')).toEqual({
      ok: false,
      reason: 'key not unique',
      file: 'to',
      rows: 3,
    })
    expect(await compare('SELECT 1 AS id', twice, 'other')).toEqual({ ok: false, reason: 'no such key' })
  })
})

/** Opens a sealed file that is small enough to be read at once. */
function openSealed(key: Secret, sealed: Buffer): Buffer {
  const opener = createFileOpener(key, sealed.subarray(0, sealedHeaderLength))
  const pieces: Buffer[] = []
  for (let at = sealedHeaderLength; at < sealed.length; at += sealedPieceLength) {
    const end = at + sealedPieceLength
    pieces.push(opener.open(sealed.subarray(at, end), end >= sealed.length))
  }
  return Buffer.concat(pieces)
}
