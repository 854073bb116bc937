import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type TestJob, testConnector, testJob } from '../../testing/jobs.ts'
import { startTarget, type Target } from '../../testing/target.ts'
import type { Operation, Operations, Progress, Source } from '../driver.ts'

let target: Target
// With workers that are ready, as Keyward has them.
const connector = testConnector({ warm: 2 })
const folder = mkdtempSync(join(tmpdir(), 'keyward-import-'))

beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await connector.close()
  await target.close()
  rmSync(folder, { recursive: true, force: true })
})

function run<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob> = {}) {
  return connector.run(testJob(operation, input, { port: target.port, ...options }), { userId: 'ada' })
}

async function must<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob> = {}) {
  const outcome = await run(operation, input, options)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.diagnosis.find((rung) => rung.state === 'failed')))
  return outcome.value
}

const table = (name: string): Source => ({ kind: 'table', schema: 'public', table: name })
const query = (text: string): Source => ({ kind: 'query', query: text })

describe('schemas and tables', () => {
  test('are those the account may use', async () => {
    expect(await must('listSchemas', {})).toEqual({ schemas: ['public'] })
    const { tables } = await must('listTables', { schema: 'public' })
    expect(tables).toContainEqual({ schema: 'public', name: 'orders', type: 'table' })
    expect(tables).toContainEqual({ schema: 'public', name: 'spending', type: 'view' })
    expect(await must('listTables', { schema: 'secret' })).toEqual({ tables: [] })
  })
})

describe('a sign-in', () => {
  test('to PostgreSQL itself names no other product', async () => {
    expect(await must('signIn', {})).not.toHaveProperty('product')
  })

  test('to one of its family names it, on the page of the sign-in too', async () => {
    await target.sql("CREATE FUNCTION aurora_version() RETURNS text LANGUAGE sql AS $$ SELECT '15.4' $$", 'empty')
    const outcome = await run('signIn', {}, { database: 'empty' })
    expect(outcome).toMatchObject({ ok: true, value: { product: 'Amazon Aurora' } })
    expect(outcome.diagnosis.at(-1)?.sentence).toContain('The server is Amazon Aurora.')
  })
})

describe('parameters that were added', () => {
  const ask = async (text: string, more: Record<string, string>) =>
    (await must('preview', { source: query(text), rows: 5 }, { more })).rows[0]

  test('are what the server works with', async () => {
    const settings = "SELECT current_setting('statement_timeout'), current_setting('search_path')"
    expect(await ask(settings, { statementSeconds: '3', searchPath: 'Sales, "$user",public' })).toEqual([
      '3s',
      '"Sales", "$user", public',
    ])
    expect(await ask("SELECT current_setting('application_name')", { applicationName: 'night shift' })).toEqual([
      'keyward test night shift',
    ])
  })

  test('let a query name tables of another schema alone, and stay names whatever is in them', async () => {
    const found = await ask('SELECT 1 FROM orders LIMIT 1', { searchPath: "x'; DROP TABLE orders; --, public" })
    expect(found).toEqual(['1'])
  })

  test('never raise the limit of a use', async () => {
    const slow = { source: query('SELECT pg_sleep(60)'), rows: 1 }
    const short = { more: { statementSeconds: '86400' }, limits: { milliseconds: 1_000 } }
    expect(await run('preview', slow, short)).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(await run('preview', slow, { more: { statementSeconds: '1' } })).toMatchObject({ code: 'limit.exceeded' })
  })
})

describe('a preview', () => {
  test('of a table has its columns and first rows', async () => {
    const preview = await must('preview', { source: table('orders'), rows: 2 })
    expect(preview.columns).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'customer', type: 'INTEGER' },
      { name: 'amount', type: 'DECIMAL(12,2)' },
      { name: 'placed', type: 'TIMESTAMP WITH TIME ZONE' },
    ])
    expect(preview.rows).toEqual([
      ['1', '1', '0.14', '2026-01-01 00:01:00+00'],
      ['2', '2', '0.29', '2026-01-01 00:02:00+00'],
    ])
  })

  test('of a query takes comments, a semicolon at the end, and columns of one name', async () => {
    const text = 'SELECT 1 AS a, NULL AS a, \'\' AS "__proto__", \'x\' AS "a""b" -- the end ;\n;'
    const preview = await must('preview', { source: query(text), rows: 5 })
    expect(preview.columns.map((column) => column.name)).toEqual(['a', 'a', '__proto__', 'a"b'])
    expect(preview.rows).toEqual([['1', null, '', 'x']])
  })

  test('cuts a long cell and leaves one that fits', async () => {
    const source = query("SELECT repeat('é', 10), repeat('😀', 11), repeat('x', 1000000)")
    const { rows } = await must('preview', { source, rows: 1 }, { limits: { cellCharacters: 10 } })
    expect(rows).toEqual([['é'.repeat(10), `${'😀'.repeat(10)}…`, `${'x'.repeat(10)}…`]])
  })

  test('reads names that need quotes', async () => {
    await target.sql(
      'CREATE TABLE "Odd ""name"";--" ("select" int); GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader',
      'shop',
    )
    const preview = await must('preview', { source: table('Odd "name";--'), rows: 1 })
    expect(preview).toEqual({ columns: [{ name: 'select', type: 'INTEGER' }], rows: [] })
  })

  test.each([
    ['a table that is not there', table('nothing'), 'read.denied'],
    ['a table without SELECT', { kind: 'table', schema: 'secret', table: 'salaries' } as const, 'read.denied'],
    ['a query with a mistake', query('SELEC 1'), 'read.denied'],
    ['an empty query', query('  ;'), 'read.denied'],
    ['two statements', query('SELECT 1; DROP TABLE orders'), 'read.denied'],
    ['a way out of the parentheses', query('SELECT 1) AS a; DROP TABLE orders; --'), 'read.denied'],
    ['a way out with a commit', query('SELECT 1) AS a; COMMIT; CREATE TABLE hacked (); SELECT (1'), 'read.denied'],
    [
      'a change inside a query',
      query('WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone'),
      'read.denied',
    ],
    ['a function that writes', query("SELECT nextval('counter')"), 'read.denied'],
    ['a switch to writing', query("SELECT set_config('transaction_read_only', 'off', false)"), 'read.denied'],
    ['a file of the server', query("SELECT pg_read_file('/etc/passwd')"), 'read.denied'],
    ['a query that takes too long', query('SELECT pg_sleep(60)'), 'limit.exceeded'],
  ])('of %s is refused', async (_what, source, code) => {
    await target.sql(
      'CREATE SEQUENCE IF NOT EXISTS counter; GRANT ALL ON counter TO reader; GRANT DELETE ON orders TO reader',
      'shop',
    )
    const limits = code === 'limit.exceeded' ? { milliseconds: 1_500 } : {}
    const outcome = await run('preview', { source, rows: 5 }, { limits })
    expect(outcome).toMatchObject({ ok: false, code })
    const { rows } = await target.sql("SELECT count(*)::int AS n, to_regclass('hacked') AS hacked FROM orders", 'shop')
    expect(rows).toEqual([{ n: 1000, hacked: null }])
  })

  test('that fails names the place in the query', async () => {
    const outcome = await run('preview', { source: query('SELECT nothing FROM orders'), rows: 5 })
    expect(outcome.diagnosis[6]?.detail).toContain('column "nothing" does not exist')
  })
})

describe('the place of an error', () => {
  const said = async (text: string) => {
    const outcome = await run('preview', { source: query(text), rows: 1 })
    return outcome.diagnosis.find(({ state }) => state === 'failed')?.detail
  }

  test('is that in the query as it was typed', async () => {
    expect(await said('SELECT 1 FORM orders')).toContain('(character 15 of line 1)')
    expect(await said('SELECT id,\n  nothing\nFROM orders')).toContain('(character 3 of line 2)')
    expect(await said("SELECT '🦊', nothing FROM orders")).toContain('(character 13 of line 1)')
  })
})

describe('an import', () => {
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
      const source = { kind: 'table', schema: 'public', table: 'orders', sample: { of, amount, seed: 7 } } as const
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
    // The same again while the table stays as it is.
    expect(await sampled('percent', 10)).toEqual(percent)
  })

  test('of a percentage of a view says that there is none; of rows takes them', async () => {
    const sample = (of: 'rows' | 'percent') =>
      ({ kind: 'table', schema: 'public', table: 'spending', sample: { of, amount: 5, seed: 7 } }) as const
    const refused = await run('import', { source: sample('percent'), rowLimit: null, file: newFile() })
    expect(refused).toMatchObject({ ok: false, code: 'read.denied' })
    expect(refused.diagnosis.find(({ state }) => state === 'failed')?.sentence).toContain('tables alone')
    const taken = await must('import', { source: sample('rows'), rowLimit: null, file: newFile() })
    expect(taken.rows).toBe(5)
  })

  test('of a sample of numbers of any size keeps them exactly', async () => {
    await target.sql(
      'CREATE TABLE free AS SELECT (i * 0.125)::numeric AS n FROM generate_series(1, 500) i; GRANT SELECT ON free TO reader',
      'shop',
    )
    for (const of of ['rows', 'percent'] as const) {
      const source = { kind: 'table', schema: 'public', table: 'free', sample: { of, amount: 20, seed: 3 } } as const
      const { columns } = await must('import', { source, rowLimit: null, file: newFile() })
      expect(columns[0]?.type).toBe('DECIMAL(18,3)')
    }
  })

  test('tells NULL from empty in a single column, and keeps rows that are nothing but NULL', async () => {
    const file = newFile()
    const source = query("SELECT x FROM (VALUES (NULL), (''), (NULL), ('a')) AS t (x)")
    expect((await must('import', { source, rowLimit: null, file })).rows).toBe(4)
    expect((await read(file)).rows).toEqual([[null], [''], [null], ['a']])
  })

  test('renames columns that differ in nothing but case', async () => {
    const file = newFile()
    await must('import', { source: query('SELECT 1 AS a, 2 AS a, 3 AS "A", 4 AS "?column?"'), rowLimit: null, file })
    expect((await read(file)).types).toEqual(['a INTEGER', 'a_1 INTEGER', 'A_2 INTEGER', '?column? INTEGER'])
  })

  test('stops at the row limit, and takes a table without rows', async () => {
    expect((await must('import', { source: table('orders'), rowLimit: 7, file: newFile() })).rows).toBe(7)
    expect(
      (await must('import', { source: query('SELECT 1 AS a WHERE false'), rowLimit: null, file: newFile() })).rows,
    ).toBe(0)
  })

  test.each([
    [
      'a value that Parquet has not',
      "SELECT i, CASE i WHEN 500 THEN 'NaN'::numeric ELSE i END::numeric(10, 2) AS price FROM generate_series(1, 1000) AS i",
      'limit.exceeded',
      '"price"',
    ],
    ['a row of 20 MB', "SELECT repeat('x', 20000000) AS t", 'limit.exceeded', '16 MB'],
    [
      'a division by zero in the middle',
      'SELECT 1 / (i - 90000) AS x FROM generate_series(1, 100000) AS i',
      'read.denied',
      'query',
    ],
    ['no columns', 'SELECT', 'read.denied', 'columns'],
  ])('that meets %s says so and leaves no file', async (_what, text, code, words) => {
    const file = newFile()
    const outcome = await run('import', { source: query(text), rowLimit: null, file })
    expect(outcome, JSON.stringify(outcome.diagnosis[6])).toMatchObject({ ok: false, code })
    expect(outcome.diagnosis[6]?.sentence).toContain(words)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })

  test('never replaces a file', async () => {
    const file = newFile()
    await must('import', { source: table('customers'), rowLimit: null, file })
    const before = statSync(file)
    expect((await run('import', { source: table('orders'), rowLimit: null, file })).ok).toBe(false)
    expect(statSync(file)).toEqual(before)
  })

  test('says that it was let in before it reads, and not where it was refused', async () => {
    const heard: string[] = []
    const importAs = (password?: string) => {
      const source = query('SELECT 1 AS a, pg_sleep(0.1)::text AS b')
      const job = testJob(
        'import',
        { source, rowLimit: null, file: newFile() },
        { port: target.port, ...(password && { password }) },
      )
      const told = { onLetIn: () => void heard.push('let in'), onProgress: () => void heard.push('progress') }
      return connector.run(job, { userId: 'ada', ...told })
    }
    expect(await importAs('not the password')).toMatchObject({ ok: false, code: 'auth.refused' })
    expect(heard).toEqual([])
    expect(await importAs()).toMatchObject({ ok: true })
    expect([heard[0], heard.filter((what) => what === 'let in').length]).toEqual(['let in', 1])
  })

  test('that is cancelled half way leaves no file, and the server stops', async () => {
    const file = newFile()
    const controller = new AbortController()
    const seen: Progress[] = []
    const source = query("SELECT i, repeat('x', 200) AS t FROM generate_series(1, 100000000) AS i")
    const job = testJob(
      'import',
      { source, rowLimit: null, file },
      { port: target.port, limits: { milliseconds: 60_000 } },
    )
    const running = connector.run(job, {
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
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
    const active =
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'keyward%' AND state = 'active'"
    await vi.waitFor(async () => expect((await target.sql(active)).rows).toEqual([{ n: 0 }]), { timeout: 15_000 })
  })
})
