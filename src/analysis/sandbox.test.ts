import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { makeParquet } from '../testing/parquet-file.ts'
import type { Analysis, AnalysisFailure } from './analysis.ts'
import { createAnalysis } from './pool.ts'

let folder: string
let own: string
let foreign: string
let analysis: Analysis
/** The same, for what does not end: it need not be waited for as long. */
let brief: Analysis
/** The same, with time enough to use up all memory. */
let patient: Analysis
const billions = 'SELECT sum(hash(a.id, b.id, c.id)) FROM orders a, orders b, orders c, orders d'
const files = () => [{ name: 'orders', path: own }]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-analysis-'))
  own = join(folder, 'own.parquet')
  foreign = join(folder, 'foreign.parquet')
  await makeParquet(own, 'SELECT i AS id FROM range(1000) t(i)')
  await makeParquet(foreign, "SELECT 'somebody else''s' AS secret")
  writeFileSync(join(folder, 'table.csv'), 'secret\nsomebody else\n')
  const within = (milliseconds: number) =>
    createAnalysis({
      workerFile: join(packageRoot(), 'dist/analyst.cjs'),
      scratchDirectory: join(folder, 'scratch'),
      limits: { milliseconds, memoryMegabytes: 128, scratchMegabytes: 64, resultMegabytes: 20 },
    })
  analysis = within(8_000)
  brief = within(3_000)
  patient = within(60_000)
})

afterAll(async () => {
  await Promise.all([analysis, brief, patient].map((one) => one.close()))
  rmSync(folder, { recursive: true })
})

function preview(sql: string, by = analysis) {
  return by.run({ kind: 'preview', input: { sql, rows: 20 }, files: files(), target: null }, { userId: 'ada' })
}

async function refusal(sql: string, by = analysis): Promise<AnalysisFailure> {
  const outcome = await preview(sql, by)
  if (outcome.ok) throw new Error(`It gave ${JSON.stringify(outcome.value).slice(0, 500)}.`)
  return outcome
}

const reasons =
  /^(The function ".+" cannot be used here\.|Only a SELECT can be run here|A query here (reads datasets by name|has no parameters)|A dataset has no schema|There is no dataset ".+" here|These are several statements|There is no query yet|Syntax error)/

const tooLong = /^It was not over after 3 seconds, which is as long as it may take\./
const tooMuch = /^This needs more memory (and disk )?than one query may use\./

describe('A statement that reaches for', () => {
  const refused: readonly (readonly [what: string, sql: () => string])[] = [
    ['a file as CSV', () => "SELECT * FROM read_csv('/etc/passwd')"],
    ['a file as CSV, guessed', () => "SELECT * FROM read_csv_auto('/etc/passwd')"],
    ['a file as text', () => "SELECT * FROM read_text('/etc/passwd')"],
    ['a file as bytes', () => "SELECT * FROM read_blob('/etc/passwd')"],
    ['a file by its name alone', () => "SELECT * FROM '/etc/passwd.csv'"],
    ['a file in a subquery', () => "SELECT (SELECT content FROM read_text('/etc/passwd'))"],
    ['a file in a WITH', () => "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x"],
    ['a file in a lateral join', () => "SELECT * FROM orders, LATERAL (SELECT * FROM read_text('/etc/passwd'))"],
    ['a file in an ORDER BY', () => "SELECT 1 ORDER BY (SELECT content FROM read_text('/etc/passwd'))"],
    ['the names of files', () => "SELECT * FROM glob('/*')"],
    ['a file through a query in a text', () => "SELECT * FROM query('SELECT 1')"],
    ['a table named by a text', () => "SELECT * FROM query_table('orders')"],
    ['a plan in a text', () => "SELECT * FROM json_execute_serialized_sql('{}')"],
    ['another person’s file', () => `SELECT * FROM read_parquet('${foreign}')`],
    ['another person’s file by its name alone', () => `SELECT * FROM '${foreign}'`],
    ['its own file by its path', () => `SELECT * FROM read_parquet('${own}')`],
    [
      'its own file by an odd path',
      () => `SELECT * FROM read_parquet('${folder}/./../${folder.split('/').at(-1)}/own.parquet')`,
    ],
    ['its own file by a pattern', () => `SELECT * FROM read_parquet(['${folder}/o*.parquet'])`],
    ['its own file by a URL', () => `SELECT * FROM read_parquet('file://${own}')`],
    ['its own file through parquet_scan', () => `SELECT * FROM parquet_scan('${own}')`],
    ['what is inside of its file', () => `SELECT * FROM parquet_metadata('${own}')`],
    ['a web address', () => "SELECT * FROM 'https://example.com/x.parquet'"],
    ['a PostgreSQL', () => "SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 't')"],
    ['secrets', () => 'SELECT * FROM duckdb_secrets()'],
    ['settings', () => 'SELECT * FROM duckdb_settings()'],
    ['settings, as a table', () => 'SELECT * FROM duckdb_settings'],
    ['one setting', () => "SELECT current_setting('temp_directory')"],
    ['the environment', () => "SELECT getenv('PATH')"],
    ['a variable', () => "SELECT getvariable('x')"],
    ['views, which hold paths', () => 'SELECT * FROM duckdb_views()'],
    ['the catalog', () => 'SELECT * FROM information_schema.tables'],
    ['the catalog of PostgreSQL', () => 'SELECT * FROM pg_catalog.pg_class'],
    ['the list of tables', () => 'SHOW TABLES'],
    ['a description', () => 'DESCRIBE orders'],
    ['a summary in a subquery', () => 'SELECT * FROM (SUMMARIZE orders)'],
    ['COPY TO', () => `COPY (SELECT 1) TO '${folder}/out.csv'`],
    ['EXPORT', () => `EXPORT DATABASE '${folder}/export'`],
    ['ATTACH', () => `ATTACH '${folder}/x.db'`],
    ['INSTALL', () => 'INSTALL httpfs'],
    ['LOAD', () => 'LOAD httpfs'],
    ['SET', () => 'SET enable_external_access = true'],
    ['RESET', () => 'RESET enable_external_access'],
    ['PRAGMA', () => 'PRAGMA database_list'],
    ['a PRAGMA that is a function', () => 'SELECT * FROM pragma_database_list()'],
    ['CALL', () => 'CALL pragma_version()'],
    ['a new table', () => 'CREATE TABLE t AS SELECT 1'],
    ['the deletion of rows', () => 'DELETE FROM orders'],
    ['two statements', () => 'SELECT 1; SELECT 2'],
    ['a second statement that does something', () => `SELECT 1; COPY (SELECT 1) TO '${folder}/out.csv'`],
    ['EXPLAIN', () => 'EXPLAIN ANALYZE SELECT 1'],
    ['PREPARE', () => 'PREPARE x AS SELECT 1'],
    ['a parameter', () => 'SELECT $1'],
    ['nothing', () => ' -- nothing\n'],
    [
      'views behind a WITH of nearly their name',
      () => 'WITH "duc\u212Adb_views" AS (SELECT 1) SELECT * FROM duckdb_views',
    ],
    [
      'the catalog of SQLite behind a WITH of nearly its name',
      () => 'WITH "sqlite_\u017Fchema" AS (SELECT 1) SELECT * FROM sqlite_schema',
    ],
    ['its own file by a name that only looks the same', () => 'SELECT * FROM "order\u017F"'],
    ['what no dataset is called', () => 'SELECT * FROM nobody'],
  ]

  test.each(refused)('%s is refused with a reason', async (_, sql) => {
    const { reason, message } = await refusal(sql())
    expect(reason).toBe('statement')
    expect(message).toMatch(reasons)
    // What was typed may be said again; where files really are may not.
    if (!sql().includes(folder)) expect(message).not.toContain(folder)
    expect(message).not.toContain('root:')
    expect(readdirSync(folder).sort()).toEqual(['foreign.parquet', 'own.parquet', 'scratch', 'table.csv'])
  })

  test('a function that reads, quoted and in odd letters, is refused', async () => {
    expect((await refusal('SELECT * FROM "Read_Text"(\'/etc/passwd\')')).reason).toBe('statement')
    expect((await refusal("SELECT main.current_setting('temp_directory')")).reason).toBe('statement')
    expect((await refusal('SELECT "CURRENT_SETTING"(\'temp_directory\')')).reason).toBe('statement')
  })
})

describe('A statement that does not end', () => {
  const endless: readonly (readonly [what: string, sql: string])[] = [
    [
      'by endless recursion',
      'WITH RECURSIVE t(n) AS (SELECT 1::HUGEINT UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t',
    ],
    ['by a join of billions of rows', billions],
  ]

  test.each(endless)(
    '%s is ended when its time is over, and the next one runs',
    async (_, sql) => {
      expect(await refusal(sql, brief)).toMatchObject({ reason: 'limit', message: expect.stringMatching(tooLong) })
      await runsOn()
    },
    60_000,
  )

  const giant: readonly (readonly [what: string, sql: string])[] = [
    ['a text', "SELECT length(repeat(repeat('x', 40), 40000000)) + length(repeat(repeat('y', 40), 40000000))"],
    ['a list', 'SELECT list_sum(list_transform(range(1000000000), x -> x + 1))'],
    ['a text of all rows', "SELECT length(string_agg(repeat('x', 1000), '')) FROM orders a, orders b, orders c"],
  ]

  test.each(giant)(
    'for %s that no memory holds is ended for that, and the next one runs',
    async (_, sql) => {
      expect(await refusal(sql, patient)).toMatchObject({ reason: 'limit', message: expect.stringMatching(tooMuch) })
      await runsOn()
    },
    90_000,
  )

  async function runsOn(): Promise<void> {
    expect(await preview('SELECT count(*) AS n FROM orders')).toMatchObject({ ok: true, value: { rows: [['1000']] } })
    expect(readdirSync(join(folder, 'scratch'))).toEqual([])
  }

  test('by an endless result is ended when the file has grown over its limit, and leaves none', async () => {
    const target = { file: join(folder, 'result.parquet') }
    const sql = 'SELECT hash(a.id, b.id, c.id) AS h FROM orders a, orders b, orders c'
    const outcome = await analysis.run({ kind: 'write', input: { sql }, files: files(), target }, { userId: 'ada' })
    expect(outcome).toMatchObject({ ok: false, reason: 'limit' })
    expect(existsSync(target.file)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.startsWith('result'))).toEqual([])
  }, 60_000)

  test('is ended when it is cancelled', async () => {
    const abort = new AbortController()
    const job = { kind: 'preview', input: { sql: billions, rows: 20 }, files: files(), target: null } as const
    const outcome = analysis.run(job, { userId: 'ada', signal: abort.signal })
    setTimeout(() => abort.abort(), 500)
    expect(await outcome).toMatchObject({ ok: false, reason: 'cancelled' })
  })
})

describe('A person', () => {
  test('who runs as much as they may is told to come back, and others are not kept out', async () => {
    const busy = createAnalysis({
      workerFile: join(packageRoot(), 'dist/analyst.cjs'),
      scratchDirectory: join(folder, 'scratch'),
      waitMilliseconds: 50,
      limits: { milliseconds: 4_000, memoryMegabytes: 128 },
    })
    const job = (text: string) =>
      ({ kind: 'preview', input: { sql: text, rows: 1 }, files: files(), target: null }) as const
    const running = [1, 2].map(() => busy.run(job(billions), { userId: 'ada' }))
    await expect(busy.run(job('SELECT 1'), { userId: 'ada' })).rejects.toMatchObject({ retryAfterSeconds: 5 })
    expect(await busy.run(job('SELECT 1 AS one'), { userId: 'ben' })).toMatchObject({ ok: true })
    await busy.close()
    for (const one of await Promise.all(running)) expect(one.ok).toBe(false)
  }, 60_000)
})
