import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { type Certificates, makeCertificates } from '../../testing/certificates.ts'
import { testConnector } from '../../testing/jobs.ts'
import { makeKeyPair } from '../../testing/keys.ts'
import {
  invalidToken,
  type Recorded,
  type RecordedSnowflake,
  resultBody,
  startSnowflake,
} from '../../testing/recorded-snowflake.ts'
import type { Job, Limits, Operation, Operations, Source } from '../driver.ts'
import { snowflake } from './snowflake.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyward-snowflake-'))
const certificates: Certificates | undefined = makeCertificates(folder)
const passphrase = 'correct horse battery'
const pair = makeKeyPair(passphrase)
const connector = testConnector()
let server: RecordedSnowflake

beforeAll(async () => {
  if (certificates === undefined) return
  const user = { account: 'MYORG-SALES_EU', name: 'LOADER', publicKey: pair.publicKey }
  server = await startSnowflake(certificates.good, user)
})
beforeEach(() => {
  if (server === undefined) return
  server.answer = () => undefined
  ;(server.heard as unknown[]).length = 0
})
afterAll(async () => {
  await connector.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

type Options = {
  readonly key?: string
  readonly user?: string
  readonly passphrase?: string | null
  readonly type?: string
  readonly host?: string
  readonly ca?: string
  readonly limits?: Partial<Limits>
}

function jobFor<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options): Job<O> {
  const parameters = {
    account: 'myorg-sales_eu',
    host: options.host ?? 'localhost',
    port: String(server.port),
    warehouse: 'READING',
    database: 'SALES',
    role: 'READER',
    ca: options.ca ?? certificates?.authority ?? '',
  }
  const secret = options.passphrase === undefined ? passphrase : options.passphrase
  const fields = {
    user: new Secret(options.user ?? 'loader'),
    privateKeyStr: new Secret(options.key ?? pair.privateKey),
    ...(secret === null ? {} : { passphrase: new Secret(secret) }),
  }
  return {
    driver: 'snowflake',
    destination: snowflake.destination(parameters),
    parameters,
    credential: { type: options.type ?? 'snowflake_key_pair_user_account', fields },
    operation,
    input,
    limits: { milliseconds: 10_000, heapMegabytes: 256, cellCharacters: 100, ...options.limits },
    runId: 'run-7',
  }
}

/** Runs a job, and expects that neither the key nor a token that was sent is in what comes of it. */
async function run<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options = {}) {
  const outcome = await connector.run(jobFor(operation, input, options), { userId: 'ada' })
  const words = JSON.stringify(outcome)
  for (const { token } of server.heard) {
    for (const part of token.split('.').filter((one) => one.length > 20)) expect(words).not.toContain(part)
  }
  for (const line of pair.privateKey.split('\n').filter((one) => one.length > 30)) expect(words).not.toContain(line)
  expect(words).not.toContain(passphrase)
  const failed = outcome.diagnosis.find((rung) => rung.state === 'failed')
  return { outcome, failed, code: outcome.ok ? 'ok' : outcome.code }
}

async function must<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options = {}) {
  const { outcome, failed } = await run(operation, input, options)
  if (!outcome.ok) throw new Error(JSON.stringify(failed))
  return outcome.value
}

const query = (text: string): Source => ({ kind: 'query', query: text })
const orders: Source = { kind: 'table', schema: 'PUBLIC', table: 'ORDERS' }
const says = (status: number, code: string, message: string): Recorded => ({ status, body: { code, message } })
const id = { name: 'ID', type: 'fixed', precision: 38, scale: 0 }

describe.skipIf(certificates === undefined)('signing in to Snowflake', () => {
  test('with the right key proves it to every request, and says where it leads', async () => {
    const { outcome } = await run('signIn', {})
    expect(outcome).toMatchObject({ ok: true, value: { serverVersion: '9.12.0' } })
    expect(outcome.diagnosis.map((rung) => rung.state)).toEqual(Array(7).fill('passed'))
    const [first] = server.heard
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      ...{ warehouse: 'READING', database: 'SALES', role: 'READER', timeout: 10 },
      parameters: { query_tag: 'keyward run-7', multi_statement_count: '1', timezone: 'UTC' },
    })
    expect(new Set(server.heard.map((one) => one.token)).has('')).toBe(false)
  })

  test('with a key that is not encrypted works too', async () => {
    const plain = makeKeyPair()
    const other = await startSnowflake(certificates?.good ?? { certificate: '', key: '' }, {
      ...{ account: 'MYORG-SALES_EU', name: 'LOADER', publicKey: plain.publicKey },
    })
    const job = jobFor('signIn', {}, { key: plain.privateKey, passphrase: null })
    const destination = { ...job.destination, port: other.port }
    expect(await connector.run({ ...job, destination }, { userId: 'ada' })).toMatchObject({ ok: true })
    await other.close()
  })

  test.each([
    ['another key', { key: makeKeyPair(passphrase).privateKey }, 'auth.refused', 1],
    ['another user', { user: 'nobody' }, 'auth.refused', 1],
    ['a wrong passphrase', { passphrase: 'battery staple' }, 'auth.refused', 0],
    ['no passphrase', { passphrase: null }, 'auth.refused', 0],
    ['credentials of another type', { type: 'basic' }, 'auth.refused', 0],
    ['no trust in its authority', { ca: makeUntrusted() }, 'tls.untrusted', 0],
  ])('with %s is refused', async (_what, options, code, asked) => {
    const met = await run('signIn', {}, options)
    expect(met.code, JSON.stringify(met.failed)).toBe(code)
    expect(server.heard).toHaveLength(asked)
  })

  test.each([
    ['a locked user', says(401, '390102', 'User temporarily locked.'), 'auth.locked', 'authentication'],
    ['a disabled user', says(401, '390101', 'User access disabled.'), 'auth.locked', 'authentication'],
    [
      'a blocked address',
      says(403, '390422', 'IP 203.0.113.7 is not allowed to access Snowflake.'),
      'auth.refused',
      'authentication',
    ],
    [
      'a role that is not granted',
      says(422, '390189', "Role 'READER' specified is not granted."),
      'db.denied',
      'database',
    ],
    [
      'a missing warehouse',
      says(422, '390201', 'The requested warehouse does not exist or not authorized.'),
      'db.denied',
      'database',
    ],
    [
      'no warehouse',
      says(422, '000606', 'No active warehouse selected in the current session.'),
      'db.denied',
      'database',
    ],
    [
      'a missing database',
      says(422, '002043', "SQL compilation error: Database 'SALES' does not exist"),
      'db.not_found',
      'database',
    ],
    ['too many requests', says(429, '390300', 'Too many requests'), 'limit.exceeded', 'database'],
    [
      'an account that is not there',
      { status: 404, body: '<html>not found</html>' },
      'protocol.unexpected',
      'authentication',
    ],
    ['a web page', { status: 200, body: '<html>welcome</html>' }, 'protocol.unexpected', 'authentication'],
    [
      'garbage in JSON',
      { status: 200, body: { data: 'x', statementHandle: 'a', code: 7 } },
      'protocol.unexpected',
      'database',
    ],
    [
      'a handle that is an address',
      { status: 202, body: { statementHandle: '../../../elsewhere' } },
      'protocol.unexpected',
      'database',
    ],
  ] as const)('met by %s says so on its rung', async (_what, answer, code, rung) => {
    server.answer = () => answer
    const { failed } = await run('signIn', {})
    expect(failed, JSON.stringify(failed)).toMatchObject({ name: rung, code })
  })

  test('goes to no other address, whatever it is told', async () => {
    const headers = { Location: `https://127.0.0.1:${server.port}/trap` }
    server.answer = (heard) => (heard.path === '/trap' ? undefined : { status: 307, body: {}, headers })
    expect((await run('signIn', {})).code).toBe('protocol.unexpected')
    expect(server.heard.map((one) => one.path)).not.toContain('/trap')
    expect(server.heard).toHaveLength(1)
  })

  test('met by its own token in an error shows none of it', async () => {
    server.answer = (heard) => says(401, invalidToken.code, `${heard.token.replace('.', '.\u200b')} is invalid`)
    const { failed } = await run('signIn', {})
    expect(failed).toMatchObject({ code: 'auth.refused', detail: expect.stringContaining('[secret] is invalid') })
  })

  test('that is never answered ends inside its limit', async () => {
    server.answer = () => 'never'
    expect((await run('signIn', {}, { limits: { milliseconds: 1_500 } })).code).toBe('limit.exceeded')
  })
})

describe.skipIf(certificates === undefined)('reading from Snowflake', () => {
  test('lists schemas and tables, whatever their names', async () => {
    expect(await must('listSchemas', {})).toEqual({ schemas: ['PUBLIC', '__proto__', '"; DROP'] })
    const { tables } = await must('listTables', { schema: `it's` })
    expect(tables).toEqual([
      { schema: 'PUBLIC', name: 'ORDERS', type: 'table' },
      { schema: 'PUBLIC', name: 'SPENDING', type: 'view' },
    ])
    expect(JSON.parse(server.heard.at(-1)?.body ?? '')).toMatchObject({
      bindings: { 1: { type: 'TEXT', value: `it's` } },
    })
  })

  test('quotes names, and shows so many rows', async () => {
    const source: Source = { kind: 'table', schema: 'a"b', table: 'c; DROP' }
    expect(await must('preview', { source, rows: 1 })).toEqual({
      columns: [{ name: 'ID', type: 'DECIMAL(38,0)' }],
      rows: [['1']],
    })
    expect(server.heard[0]?.body).toContain(JSON.stringify('SELECT * FROM "a""b"."c; DROP" LIMIT 1').slice(1, -1))
  })

  test.each(['DELETE FROM orders', ' -- hm\nCALL clean()', '/* x */ ;', 'WITHOUT', '', '((INSERT INTO t SELECT 1'])(
    'sends no query such as %j',
    async (text) => {
      expect((await run('preview', { source: query(text), rows: 1 })).code).toBe('read.denied')
      expect(server.heard).toEqual([])
    },
  )

  test('sends one query in parentheses, with comments and a semicolon at its end', async () => {
    await must('preview', { source: query('/* a */ -- b\n(select 1) -- c\n;'), rows: 3 })
    const { statement } = JSON.parse(server.heard[0]?.body ?? '') as { statement: string }
    expect(statement).toBe('SELECT * FROM (\n/* a */ -- b\n(select 1) -- c\n) LIMIT 3')
  })

  test('waits for a statement that takes longer', async () => {
    let polls = 0
    server.answer = (heard) => {
      if (heard.method === 'GET' && ++polls === 2) return undefined
      return { status: 202, body: { code: '333334', statementHandle: 'abc-1' } }
    }
    expect((await must('preview', { source: orders, rows: 2 })).rows).toEqual([['1'], ['2']])
    expect(server.heard.map((one) => `${one.method} ${one.path.split('?')[0]}`)).toEqual([
      'POST /api/v2/statements',
      ...Array(2).fill('GET /api/v2/statements/abc-1'),
    ])
  })

  test('over its time has the statement cancelled', async () => {
    server.answer = (heard) =>
      heard.path.endsWith('/cancel') ? undefined : { status: 202, body: { statementHandle: 'abc-1' } }
    const met = await run('preview', { source: orders, rows: 2 }, { limits: { milliseconds: 4_000 } })
    expect(met.code).toBe('limit.exceeded')
    await vi.waitFor(() => expect(server.heard.at(-1)?.path).toBe('/api/v2/statements/abc-1/cancel'))
  })
})

describe.skipIf(certificates === undefined)('an import from Snowflake', () => {
  let count = 0
  const newFile = () => join(folder, `${++count}.parquet`)

  test('takes every part, packed or not, and keeps rows of nothing but NULL', async () => {
    server.answer = (heard) => {
      const index = Number(/partition=(\d+)/.exec(heard.path)?.[1] ?? 0)
      if (index === 0) return { status: 200, body: resultBody([id], [['0'], [null]], 3) }
      return {
        status: 200,
        body: { data: [[`${index}`], [null]] },
        headers: index === 1 ? { 'Content-Encoding': 'gzip' } : {},
      }
    }
    const file = newFile()
    expect((await must('import', { source: orders, rowLimit: null, file })).rows).toBe(6)
    expect((await read(file)).rows.map(([one]) => one).sort()).toEqual(['0', '1', '2', null, null, null])
  })

  test('keeps the values of every type', async () => {
    const values: readonly (readonly [object, string | null, string, string | null])[] = [
      [{ type: 'fixed', precision: 12, scale: 2 }, '-1234567890.25', 'DECIMAL(12,2)', '-1234567890.25'],
      [{ type: 'fixed', precision: 38, scale: 0 }, '9'.repeat(38), 'DECIMAL(38,0)', '9'.repeat(38)],
      [{ type: 'real' }, '0.30000000000000004', 'DOUBLE', '0.30000000000000004'],
      [{ type: 'real' }, 'NaN', 'DOUBLE', 'nan'],
      [{ type: 'boolean' }, 'true', 'BOOLEAN', 'true'],
      [{ type: 'text' }, 'tab\t, "line"\r\n \\ é 😀', 'VARCHAR', 'tab\t, "line"\r\n \\ é 😀'],
      [{ type: 'text' }, '', 'VARCHAR', ''],
      [{ type: 'text' }, null, 'VARCHAR', null],
      [{ type: 'text' }, '\\N', 'VARCHAR', '\\N'],
      [{ type: 'date' }, '19782', 'DATE', '2024-02-29'],
      [{ type: 'date' }, '-719162', 'DATE', '0001-01-01'],
      [{ type: 'time', scale: 9 }, '45296.789012345', 'TIME', '12:34:56.789012'],
      [{ type: 'timestamp_ntz', scale: 9 }, '1611871777.123456789', 'TIMESTAMP', '2021-01-28 22:09:37.123456'],
      [{ type: 'timestamp_ntz', scale: 9 }, '1611871777123456789', 'TIMESTAMP', '2021-01-28 22:09:37.123456'],
      [{ type: 'timestamp_ntz', scale: 9 }, '-1.500000000', 'TIMESTAMP', '1969-12-31 23:59:58.5'],
      [{ type: 'timestamp_ltz', scale: 9 }, '0.000000000', 'TIMESTAMP WITH TIME ZONE', '1970-01-01 00:00:00+00'],
      [
        { type: 'timestamp_tz', scale: 9 },
        '1616173619.000000000 960',
        'TIMESTAMP WITH TIME ZONE',
        '2021-03-19 17:06:59+00',
      ],
      [{ type: 'binary' }, '00FF10', 'BLOB', '\\x00\\xFF\\x10'],
      [{ type: 'variant' }, '{\n  "a": [1, null]\n}', 'JSON', '{\n  "a": [1, null]\n}'],
      [{ type: 'array' }, '[1,"x"]', 'JSON', '[1,"x"]'],
      [{ type: 'geography' }, '{"type":"Point"}', 'VARCHAR', '{"type":"Point"}'],
    ]
    const columns = values.map(([type], index) => ({ name: `V${index}`, ...type }))
    server.answer = () => ({ status: 200, body: resultBody(columns, [values.map(([, cell]) => cell)]) })
    const file = newFile()
    await must('import', { source: query('SELECT 1'), rowLimit: null, file })
    const { types, rows } = await read(file)
    expect(types).toEqual(values.map(([, , type]) => type))
    expect(rows[0]).toEqual(values.map(([, , , expected]) => expected))
  })

  test.each([
    ['a row that is none', () => ({ status: 200, body: resultBody([id], [['1', '2']]) }), 'protocol.unexpected'],
    ['a value that does not fit', () => ({ status: 200, body: resultBody([id], [['x']]) }), 'limit.exceeded'],
    [
      'a part that fails',
      (path: string) =>
        path.includes('partition') ? says(422, '000709', 'gone') : { status: 200, body: resultBody([id], [['1']], 2) },
      'read.denied',
    ],
    [
      'a part that is garbage',
      (path: string) => ({
        status: 200,
        body: path.includes('partition') ? 'xx' : resultBody([id], [['1']], 2),
        headers: path.includes('partition') ? { 'Content-Encoding': 'gzip' } : {},
      }),
      'protocol.unexpected',
    ],
  ] as const)('that meets %s says so and leaves no file', async (_what, answer, code) => {
    server.answer = (heard) => answer(heard.path)
    const file = newFile()
    const met = await run('import', { source: orders, rowLimit: null, file })
    expect(met.code, JSON.stringify(met.failed)).toBe(code)
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })
})

/** What a Parquet file holds, read by DuckDB: types, then rows as text. */
async function read(file: string): Promise<{ types: string[]; rows: unknown[][] }> {
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run("SET TimeZone = 'UTC'")
  const described = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${file}'`)).getRows()
  const cells = described.map(([name]) => `"${name}"::VARCHAR`)
  const rows = await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM '${file}'`)
  return { types: described.map(([, type]) => String(type)), rows: rows.getRows() }
}

/** The certificate of an authority that has signed nothing here. */
function makeUntrusted(): string {
  return certificates?.selfSigned.certificate ?? ''
}
