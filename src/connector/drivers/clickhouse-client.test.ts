import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, test } from 'vitest'
import { type ClickHouseTarget, startClickHouse } from '../../testing/clickhouse.ts'
import { type TestJob, testConnector, testJob } from '../../testing/jobs.ts'
import type { Operation, Operations, Progress, Source } from '../driver.ts'

const target: ClickHouseTarget | undefined = await startClickHouse()
const connector = testConnector()
const folder = mkdtempSync(join(tmpdir(), 'keyward-import-'))

afterAll(async () => {
  await connector.close()
  await target?.close()
  rmSync(folder, { recursive: true, force: true })
})

function job<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob>) {
  const { port = 0, certificates } = target ?? {}
  return testJob(operation, input, {
    ...{ driver: 'clickhouse', port, tls: 'verify-full', ca: certificates?.authority },
    ...options,
  })
}

function run<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob> = {}) {
  return connector.run(job(operation, input, options), { userId: 'ada' })
}

async function must<O extends Operation>(operation: O, input: Operations[O]['input'], options: Partial<TestJob> = {}) {
  const outcome = await run(operation, input, options)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.diagnosis.find((rung) => rung.state === 'failed')))
  return outcome.value
}

const table = (name: string): Source => ({ kind: 'table', schema: 'shop', table: name })
const query = (text: string): Source => ({ kind: 'query', query: text })

// Where there is no ClickHouse, the reason has been printed.
describe.runIf(target !== undefined)('with a real ClickHouse', () => {
  test('a sign-in climbs every rung', async () => {
    const outcome = await run('signIn', {})
    expect(outcome.diagnosis.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ['policy', 'dns', 'tcp', 'tls', 'authentication', 'database', 'read'].map((name) => `${name} passed`),
    )
    expect(outcome).toMatchObject({ ok: true, value: { serverVersion: expect.stringMatching(/^\d+\.\d+/) } })
  })

  const cases: readonly (readonly [string, Partial<TestJob>, string, string])[] = [
    ['a wrong password', { password: 'wrong' }, 'authentication', 'auth.refused'],
    ['an unknown user', { username: 'nobody' }, 'authentication', 'auth.refused'],
    ['a database that is not there', { username: 'careful', database: 'nothing' }, 'database', 'db.not_found'],
    ['a database without access', { database: 'secret' }, 'database', 'db.denied'],
    ['another authority', { ca: undefined }, 'tls', 'tls.untrusted'],
    ['a closed port', { port: 1 }, 'tcp', 'tcp.refused'],
    ['a refused destination', { host: '169.254.169.254' }, 'policy', 'policy.refused'],
    ['TLS without proof', { tls: 'require' }, 'authentication', 'auth.method_refused'],
    ['no username', { username: '' }, 'authentication', 'auth.refused'],
  ]
  test.each(cases)('a sign-in with %s says so', async (_what, options, name, code) => {
    const { diagnosis } = await run('signIn', {}, options)
    expect(diagnosis.find((rung) => rung.state === 'failed')).toMatchObject({ name, code })
  })

  test('a sign-in to a server without TLS sends nothing', async () => {
    // Another web server: ClickHouse waits for the end of a line, which a TLS greeting may hold or not.
    const plain = createServer().listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const refused = await run('signIn', {}, { port: (plain.address() as AddressInfo).port })
    plain.close()
    expect(refused).toMatchObject({ ok: false, code: 'tls.not_offered' })
    const unencrypted = await run('signIn', {}, { port: target?.plainPort ?? 0, tls: 'disable' })
    expect(unencrypted).toMatchObject({ ok: false, code: 'auth.method_refused' })
  })

  test('databases and tables are those the account sees', async () => {
    expect(await must('listSchemas', {})).toEqual({ schemas: ['shop'] })
    expect(await must('listTables', { schema: 'shop' })).toEqual({
      tables: [
        { schema: 'shop', name: 'orders', type: 'table' },
        { schema: 'shop', name: 'spending', type: 'view' },
      ],
    })
    expect(await must('listTables', { schema: "secret' OR '1" })).toEqual({ tables: [] })
  })

  test('a preview has columns and first rows, moments in UTC', async () => {
    const preview = await must('preview', { source: query('SELECT * FROM orders ORDER BY id -- all\n;'), rows: 2 })
    expect(preview.columns).toEqual([
      { name: 'id', type: 'UBIGINT' },
      { name: 'customer', type: 'INTEGER' },
      { name: 'amount', type: 'DECIMAL(12,2)' },
      { name: 'placed', type: 'TIMESTAMP WITH TIME ZONE' },
    ])
    expect(preview.rows).toEqual([
      ['1', '0', '0.00', '2026-01-01 00:01:00'],
      ['2', '1', '0.25', '2026-01-01 00:02:00'],
    ])
  })

  test.each(['careful', 'halfway'])(
    'an account of whom little may be changed (%s) reads all the same',
    async (name) => {
      const { rows } = await must('preview', { source: table('orders'), rows: 3 }, { username: name })
      expect(rows).toHaveLength(3)
    },
  )

  test('a preview cuts a long cell, and keeps escapes, NULL and names that need quotes', async () => {
    const text =
      "SELECT 'ééééééééééé' AS `a\\`b`, NULL AS `__proto__`, 'it\\'s\\t\\\\n' AS c, toFixedString('us', 4) AS d"
    const preview = await must('preview', { source: query(text), rows: 1 }, { limits: { cellCharacters: 10 } })
    expect(preview.columns.map(({ name }) => name)).toEqual(['a`b', '__proto__', 'c', 'd'])
    expect(preview.rows).toEqual([[`${'é'.repeat(10)}…`, null, "it's\t\\n", 'us']])
  })

  test.each([
    ['a table that is not there', table('nothing')],
    ['a table without access', { kind: 'table', schema: 'secret', table: 'salaries' } as const],
    ['a query with a mistake', query('SELEC 1')],
    ['an empty query', query(' ;')],
    ['two statements', query('SELECT 1; DROP TABLE shop.orders')],
    ['a way out of the parentheses', query('SELECT 1) AS a; DROP TABLE shop.orders; --')],
    ['a change', query('INSERT INTO shop.orders (id) SELECT 1')],
    ['a page of the network', query("SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a Int8')")],
    ['a file of the server', query("SELECT * FROM file('/etc/passwd', 'TSV', 'a String')")],
  ])('a preview of %s is refused', async (_what, source) => {
    expect(await run('preview', { source, rows: 5 })).toMatchObject({ ok: false, code: 'read.denied' })
    expect(await target?.sql('SELECT count() FROM shop.orders')).toBe('1000\n')
  })

  test('a preview that takes too long is stopped', async () => {
    const source = query('SELECT count() FROM system.numbers')
    const outcome = await run('preview', { source, rows: 1 }, { limits: { milliseconds: 3_000 } })
    expect(outcome).toMatchObject({ ok: false, code: 'limit.exceeded' })
  })
})

describe.runIf(target !== undefined)('an import from a real ClickHouse', () => {
  let count = 0
  const newFile = () => join(folder, `${++count}.parquet`)

  async function read(file: string): Promise<{ types: string[]; rows: unknown[][] }> {
    const connection = await (await DuckDBInstance.create()).connect()
    await connection.run("SET TimeZone = 'UTC'")
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${file}'`)
    const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
    const cells = columns.map(({ name }) => `"${name}"::VARCHAR`)
    const rows = await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM '${file}'`)
    return { types: columns.map((column) => column.type), rows: rows.getRows() }
  }

  test('of a table writes its rows and types', async () => {
    const file = newFile()
    expect(await must('import', { source: table('orders'), rowLimit: null, file })).toMatchObject({ rows: 1000 })
    const { types, rows } = await read(file)
    expect(types).toEqual(['UBIGINT', 'INTEGER', 'DECIMAL(12,2)', 'TIMESTAMP WITH TIME ZONE'])
    expect(rows[4]).toEqual(['5', '4', '1.00', '2026-01-01 00:05:00+00'])
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
  })

  test('tells NULL from empty in a single column, and stops at the row limit', async () => {
    const file = newFile()
    const text = "SELECT arrayJoin([NULL, '', NULL, 'a', 'b']) AS x"
    expect(await must('import', { source: query(text), rowLimit: 4, file })).toMatchObject({ rows: 4 })
    expect((await read(file)).rows).toEqual([[null], [''], [null], ['a']])
  })

  test('that fails in the middle says so and leaves no file', async () => {
    const text = 'SELECT number, throwIf(number = 3000000) AS x FROM system.numbers LIMIT 5000000'
    const outcome = await run('import', { source: query(text), rowLimit: null, file: newFile() })
    expect(outcome).toMatchObject({ ok: false, code: 'read.denied' })
    expect(outcome.diagnosis[6]?.detail).toContain('throwIf')
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })

  test('that is cancelled half way leaves no file', async () => {
    const controller = new AbortController()
    const seen: Progress[] = []
    const source = query('SELECT number, toString(number) AS t FROM system.numbers')
    const input = { source, rowLimit: null, file: newFile() }
    const outcome = await connector.run(job('import', input, { limits: { milliseconds: 60_000 } }), {
      userId: 'ada',
      signal: controller.signal,
      onProgress: (progress) => {
        seen.push(progress)
        controller.abort()
      },
    })
    expect(outcome).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(seen[0]?.rows).toBeGreaterThan(0)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })
})
