import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type TestJob, testConnector, testJob } from '../../testing/jobs.ts'
import { type MariaDbTarget, startMariaDbTarget } from '../../testing/mariadb-target.ts'
import type { Operation, Operations, Progress, Source } from '../driver.ts'

const connector = testConnector()
const folder = mkdtempSync(join(tmpdir(), 'keyward-import-'))
const target: MariaDbTarget | undefined = await startMariaDbTarget()
const port = target?.port ?? 0
const here = describe.skipIf(target === undefined)

afterAll(async () => {
  await connector.close()
  await target?.close()
  rmSync(folder, { recursive: true, force: true })
})

function run<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob> = {}) {
  const limits = { milliseconds: 25_000, ...options.limits }
  return connector.run(testJob(operation, input, { driver: 'mariadb', port, ...options, limits }), { userId: 'ada' })
}

async function must<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob> = {}) {
  const outcome = await run(operation, input, options)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.diagnosis.find((rung) => rung.state === 'failed')))
  return outcome.value
}

const table = (name: string): Source => ({ kind: 'table', schema: 'shop', table: name })
const query = (text: string): Source => ({ kind: 'query', query: text })

here('schemas and tables', () => {
  test('are those the account may use', async () => {
    expect(await must('listSchemas', {})).toEqual({ schemas: ['empty', 'shop'] })
    expect(await must('listSchemas', {}, { database: '' })).toEqual({ schemas: ['empty', 'shop'] })
    const { tables } = await must('listTables', { schema: 'shop' })
    expect(tables).toContainEqual({ schema: 'shop', name: 'orders', type: 'table' })
    expect(tables).toContainEqual({ schema: 'shop', name: 'spending', type: 'view' })
    expect(await must('listTables', { schema: 'closed' })).toEqual({ tables: [] })
    expect(await must('listTables', { schema: "x' OR '1'='1" })).toEqual({ tables: [] })
  })
})

here('a preview', () => {
  test('of a table has its columns and first rows', async () => {
    const preview = await must('preview', { source: table('orders'), rows: 2 })
    expect(preview.columns).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'customer', type: 'INTEGER' },
      { name: 'amount', type: 'DECIMAL(12,2)' },
      { name: 'placed', type: 'TIMESTAMP WITH TIME ZONE' },
    ])
    expect(preview.rows).toEqual([
      ['1', '1', '0.14', '2026-01-01 00:01:00.000'],
      ['2', '2', '0.29', '2026-01-01 00:02:00.000'],
    ])
  })

  test('of a query takes comments, a semicolon at the end, and names of any kind', async () => {
    const text =
      "SELECT 1 AS a, NULL AS b, '' AS `__proto__`, 'x' AS `a``b`, x'00ff' AS bytes, b'101' AS bits -- end ;\n;"
    const preview = await must('preview', { source: query(text), rows: 5 })
    expect(preview.columns.map((column) => column.name)).toEqual(['a', 'b', '__proto__', 'a`b', 'bytes', 'bits'])
    expect(preview.rows[0]?.slice(0, 5)).toEqual(['1', null, '', 'x', '0x00FF'])
  })

  test('cuts a long cell and leaves one that fits', async () => {
    const source = query("SELECT REPEAT('é', 10) AS a, REPEAT('😀', 11) AS b, REPEAT('x', 1000000) AS c")
    const { rows } = await must('preview', { source, rows: 1 }, { limits: { cellCharacters: 10 } })
    expect(rows).toEqual([['é'.repeat(10), `${'😀'.repeat(10)}…`, `${'x'.repeat(10)}…`]])
  })

  test('reads names that need quotes', async () => {
    await target?.sql('CREATE TABLE `Odd ``name"\';--` (`select` int)', 'shop')
    const preview = await must('preview', { source: table('Odd `name"\';--'), rows: 1 })
    expect(preview).toEqual({ columns: [{ name: 'select', type: 'INTEGER' }], rows: [] })
  })

  const file = join(folder, 'stolen.txt')
  const out = `INTO OUTFILE '${file}'`

  test.each([
    ['a table that is not there', table('nothing'), 'read.denied'],
    ['a table without rights', { kind: 'table', schema: 'mysql', table: 'global_priv' } as const, 'read.denied'],
    ['a query with a mistake', query('SELEC 1'), 'read.denied'],
    ['an empty query', query('  ;'), 'read.denied'],
    ['a NUL character', query('SELECT 1\0'), 'read.denied'],
    ['columns of one name', query('SELECT 1 AS a, 2 AS a'), 'read.denied'],
    ['two statements', query('SELECT 1; DROP TABLE orders'), 'read.denied'],
    ['a way out of the parentheses', query('SELECT 1) AS a; DROP TABLE orders; -- '), 'read.denied'],
    ['a change', query('DELETE FROM orders'), 'read.denied'],
    ['a function that writes', query('SELECT NEXTVAL(counter)'), 'read.denied'],
    ['a function that deletes', query('SELECT gone()'), 'read.denied'],
    ['a query that takes too long', query('SELECT SLEEP(60)'), 'limit.exceeded'],
  ])('of %s is refused', async (_what, source, code) => {
    await target?.sql('CREATE SEQUENCE IF NOT EXISTS counter', 'shop')
    await target?.sql(
      'CREATE FUNCTION IF NOT EXISTS gone() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM orders; RETURN 1; END',
      'shop',
    )
    const limits = code === 'limit.exceeded' ? { milliseconds: 1_500 } : {}
    const account = _what.includes('rights') ? {} : { username: 'admin' }
    const outcome = await run('preview', { source, rows: 5 }, { limits, ...account })
    expect(outcome, JSON.stringify(outcome)).toMatchObject({ ok: false, code })
    expect(await target?.sql('SELECT COUNT(*) AS n FROM orders', 'shop')).toMatchObject([{ n: 1000 }])
  })

  test.each([
    `SELECT 1 ${out}`,
    `SELECT 1 ${out} FROM DUAL`,
    `SELECT 1) AS a ${out} -- `,
    `SELECT 1) AS a ${out} /*`,
    `SELECT 1) AS a ${out} #`,
    `SELECT 1) AS a ${out} UNION SELECT * FROM (SELECT 2`,
    `SELECT 1) AS a UNION SELECT 1 ${out} UNION SELECT * FROM (SELECT 2`,
    `SELECT 1) AS a UNION (SELECT 1 ${out}) UNION SELECT * FROM (SELECT 2`,
    `SELECT 1) AS a JOIN (SELECT 1 ${out}) AS b JOIN (SELECT 3`,
    `SELECT 1) AS a ${out} FOR UPDATE UNION SELECT * FROM (SELECT 2`,
  ])('of a query that would write a file on the server is refused: %s', async (text) => {
    const outcome = await run('preview', { source: query(text), rows: 5 }, { username: 'admin' })
    expect(outcome).toMatchObject({ ok: false, code: 'read.denied' })
    expect(existsSync(file)).toBe(false)
  })

  test('that fails says what the server says', async () => {
    const outcome = await run('preview', { source: query('SELECT nothing FROM orders'), rows: 5 })
    expect(outcome.diagnosis[6]?.detail).toContain("Unknown column 'nothing'")
  })
})

here('an import', () => {
  let count = 0
  const newFile = () => join(folder, `${++count}.parquet`)

  /** What a Parquet file holds, read by DuckDB: types, then rows as text. */
  async function read(file: string): Promise<{ types: string[]; rows: unknown[][] }> {
    const connection = await (await DuckDBInstance.create()).connect()
    await connection.run("SET TimeZone = 'UTC'")
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${file}'`)
    const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
    const cells = columns.map(({ name }) => `"${name.replaceAll('"', '""')}"::VARCHAR`)
    const rows = await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM '${file}'`)
    return { types: columns.map((column) => `${column.name} ${column.type}`), rows: rows.getRows() }
  }

  test('of a table writes a Parquet file with its rows and types', async () => {
    const file = newFile()
    const imported = await must('import', { source: table('orders'), rowLimit: null, file })
    expect(imported.rows).toBe(1000)
    expect(imported.bytes).toBe(statSync(file).size)
    const { types, rows } = await read(file)
    expect(types).toEqual(['id BIGINT', 'customer INTEGER', 'amount DECIMAL(12,2)', 'placed TIMESTAMP WITH TIME ZONE'])
    expect(types).toEqual(imported.columns.map((column) => `${column.name} ${column.type}`))
    expect(rows).toHaveLength(1000)
    expect(rows[6]).toEqual(['7', '7', '1.00', '2026-01-01 00:07:00+00'])
    expect(statSync(file).mode & 0o077).toBe(0)
    expect(readdirSync(folder)).toEqual(['1.parquet'])
  })

  test('of a sample takes so many rows, or about so many in a hundred, from everywhere', async () => {
    const sampled = async (of: 'rows' | 'percent', amount: number) => {
      const source = { kind: 'table', schema: 'shop', table: 'orders', sample: { of, amount, seed: 7 } } as const
      const file = newFile()
      await must('import', { source, rowLimit: null, file })
      return (await read(file)).rows.map(([id]) => Number(id))
    }
    const rows = await sampled('rows', 100)
    expect(rows).toHaveLength(100)
    expect(Math.max(...rows)).toBeGreaterThan(700)
    const percent = await sampled('percent', 10)
    expect(percent.length).toBeGreaterThan(40)
    expect(percent.length).toBeLessThan(200)
    expect(Math.max(...percent)).toBeGreaterThan(700)
    expect(await sampled('percent', 10)).toEqual(percent)
  })

  test('tells NULL from empty in a single column, and keeps rows that are nothing but NULL', async () => {
    const file = newFile()
    const source = query("SELECT NULL AS x UNION ALL SELECT '' UNION ALL SELECT NULL UNION ALL SELECT 'a'")
    expect((await must('import', { source, rowLimit: null, file })).rows).toBe(4)
    expect((await read(file)).rows).toEqual([[null], [''], [null], ['a']])
  })

  test('stops at the row limit, and takes a table without rows', async () => {
    expect((await must('import', { source: table('orders'), rowLimit: 7, file: newFile() })).rows).toBe(7)
    const none = query('SELECT 1 AS a FROM orders WHERE false')
    expect((await must('import', { source: none, rowLimit: null, file: newFile() })).rows).toBe(0)
  })

  test('takes a row of ten megabytes', async () => {
    const file = newFile()
    const source = query("SELECT REPEAT('x', 10000000) AS t, 1 AS n")
    await target?.sql('SET GLOBAL max_allowed_packet = 67108864')
    expect((await must('import', { source, rowLimit: null, file })).rows).toBe(1)
  })

  test.each([
    ['a row of 20 MB', "SELECT REPEAT('x', 20000000) AS t", 'limit.exceeded', '16 MB'],
    [
      'a NUL in text',
      "SELECT seq, IF(seq = 900, CONCAT('a', CHAR(0 USING utf8mb4)), 'b') AS t FROM seq_1_to_1000",
      'limit.exceeded',
      '"t"',
    ],
    [
      'an error in the middle',
      'SELECT seq, (SELECT seq FROM seq_1_to_2 AS two WHERE t.seq > 90000 OR two.seq = 1) AS x FROM seq_1_to_100000 AS t',
      'read.denied',
      'query',
    ],
  ])('that meets %s says so and leaves no file', async (_what, text, code, words) => {
    const file = newFile()
    const outcome = await run('import', { source: query(text), rowLimit: null, file })
    expect(outcome, JSON.stringify(outcome.diagnosis[6])).toMatchObject({ ok: false, code })
    expect(outcome.diagnosis[6]?.sentence).toContain(words)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })

  test('that is cancelled half way leaves no file, and the server stops', async () => {
    const file = newFile()
    const controller = new AbortController()
    const seen: Progress[] = []
    const source = query("SELECT seq, REPEAT('x', 200) AS t FROM seq_1_to_100000000")
    const options = { driver: 'mariadb', port, limits: { milliseconds: 60_000 } }
    const running = connector.run(testJob('import', { source, rowLimit: null, file }, options), {
      userId: 'ada',
      signal: controller.signal,
      onProgress: (progress) => {
        seen.push(progress)
        controller.abort()
      },
    })
    expect(await running).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(seen[0]?.rows).toBeGreaterThan(0)
    expect(seen[0]?.bytes).toBeGreaterThan(0)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
    const active = "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE USER = 'reader'"
    await vi.waitFor(async () => expect(await target?.sql(active)).toMatchObject([{ n: 0 }]), { timeout: 15_000 })
  })
})
