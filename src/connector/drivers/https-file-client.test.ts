import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../../testing/certificates.ts'
import { type FileJob, fileJob } from '../../testing/file-jobs.ts'
import { testConnector } from '../../testing/jobs.ts'
import { type Nginx, startNginx } from '../../testing/nginx.ts'
import { answer, type RogueHttp, type RogueHttpName, startRogueHttp } from '../../testing/rogue-http.ts'
import type { Operation, Operations, Parameters, Source } from '../driver.ts'
import { pathOf } from './https-file.ts'

const connector = testConnector()
const folder = mkdtempSync(join(tmpdir(), 'keyward-https-'))
const password = 'päss word, and more-41c2'
const token = 'token-9f8e7d6c5b4a'
let nginx: Nginx | undefined
let trap: RogueHttp | undefined
let certificates: Certificates | undefined

beforeAll(async () => {
  certificates = makeCertificates(folder)
  trap = await startRogueHttp(
    'answers with',
    answer('200 OK', 'a\n1\n', { 'Content-Type': 'text/csv' }),
    certificates?.good,
  )
  const trapped = `https://localhost:${trap.port}/stolen.csv`
  nginx = await startNginx({
    certificates,
    password,
    token,
    files: {
      'basic/orders.csv': 'id,name\n1,"é"\n2,\n',
      'basic/orders.jsonl.gz': gzipSync('{"id":1}\n{"id":2}\n'),
      'basic/odd name ü.csv': 'a\n3\n',
      'basic/empty.csv': '',
      'basic/export': 'a;b\n1;2\n',
      'bearer/orders.csv': 'id\n7\n',
      'page.html': '<p>Sign in',
    },
    locations: `location = /moved { return 302 /basic/orders.csv; }
      location = /away { return 307 ${trapped}; }
      location = /loop { return 302 /loop; }
      location = /plain { return 302 http://localhost:$port/basic/orders.csv; }
      location = /metadata { return 302 https://169.254.169.254/latest/; }
      location = /nowhere { return 302 https://; }
      location = /forbidden.csv { return 403; }
      location = /gone.csv { return 410; }
      location = /broken.csv { return 500; }
      location = /page.csv { default_type text/html; return 200 "<p>Sign in"; }`,
  })
})
afterAll(async () => {
  await connector.close()
  await nginx?.close()
  await trap?.close()
  rmSync(folder, { recursive: true, force: true })
})

const basic = { type: 'basic', fields: { username: 'ada', password } }
const bearer = { type: 'bearer', fields: { token } }

type Options = {
  readonly parameters?: Parameters
  readonly account?: Pick<FileJob, 'type' | 'fields'>
  readonly milliseconds?: number
}

function run<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options = {}) {
  const parameters = {
    host: 'localhost',
    port: String(nginx?.ports.good),
    path: '/basic/orders.csv',
    format: 'auto',
    tls: 'verify-full',
    ca: nginx?.certificates.authority ?? '',
    ...options.parameters,
  }
  const limits = { milliseconds: options.milliseconds ?? 20_000 }
  const job = fileJob('https-file', operation, input, { parameters, limits, ...(options.account ?? basic) })
  return connector.run(job, { userId: 'ada' })
}

async function must<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options = {}) {
  const outcome = await run(operation, input, options)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.diagnosis.find((rung) => rung.state === 'failed')))
  return outcome.value
}

const file = (table: string): Source => ({ kind: 'table', schema: 'localhost', table })

describe('signing in to nginx', () => {
  test.each([
    ['a password', '/basic/orders.csv', basic],
    ['a token', '/bearer/orders.csv', bearer],
    ['a redirect on the way', '/moved', basic],
    ['an empty file', '/basic/empty.csv', basic],
  ])('with %s climbs all rungs', async (_what, path, account) => {
    if (nginx === undefined) return
    const outcome = await run('signIn', {}, { parameters: { path }, account })
    expect(outcome, JSON.stringify(outcome.diagnosis)).toMatchObject({ ok: true })
    expect(outcome.diagnosis.map(({ state }) => state)).toEqual(Array(7).fill('passed'))
  })

  test.each<[string, Parameters, Pick<FileJob, 'type' | 'fields'>, string, string]>([
    [
      'a wrong password',
      {},
      { type: 'basic', fields: { username: 'ada', password: 'no' } },
      'authentication',
      'auth.refused',
    ],
    ['an unknown user', {}, { type: 'basic', fields: { username: 'bob', password } }, 'authentication', 'auth.refused'],
    ['no password', {}, { type: 'basic', fields: { username: 'ada' } }, 'authentication', 'auth.refused'],
    [
      'a wrong token',
      { path: '/bearer/orders.csv' },
      { type: 'bearer', fields: { token: 'no' } },
      'authentication',
      'auth.refused',
    ],
    [
      'a token with a line break',
      {},
      { type: 'bearer', fields: { token: 'a\r\nX: b' } },
      'authentication',
      'auth.refused',
    ],
    ['a file that is forbidden', { path: '/forbidden.csv' }, basic, 'authentication', 'auth.refused'],
    ['a file that is not there', { path: '/basic/nothing.csv' }, basic, 'database', 'db.not_found'],
    ['a file that has gone', { path: '/gone.csv' }, basic, 'database', 'db.not_found'],
    ['a server that breaks', { path: '/broken.csv' }, basic, 'database', 'protocol.unexpected'],
    ['redirects in a circle', { path: '/loop' }, basic, 'database', 'protocol.unexpected'],
    ['a redirect to no encryption', { path: '/plain' }, basic, 'database', 'protocol.unexpected'],
    ['a redirect to nowhere', { path: '/nowhere' }, basic, 'database', 'protocol.unexpected'],
    ['a redirect to a metadata service', { path: '/metadata' }, basic, 'policy', 'policy.refused'],
  ])('with %s says so', async (_what, parameters, account, rung, code) => {
    if (nginx === undefined) return
    const outcome = await run('signIn', {}, { parameters, account })
    const failed = outcome.diagnosis.find((one) => one.state === 'failed')
    expect(failed, JSON.stringify(outcome.diagnosis)).toMatchObject({ name: rung, code })
    expect(JSON.stringify(outcome)).not.toContain(password)
  })

  test.each([
    ['selfSigned', 'tls.untrusted'],
    ['wrongHost', 'tls.hostname'],
    ['expired', 'tls.expired'],
    ['plain', 'tls.not_offered'],
  ] as const)('that shows the certificate %s is refused', async (shown, code) => {
    if (nginx === undefined) return
    const parameters = { port: String(nginx.ports[shown]) }
    expect(await run('signIn', {}, { parameters })).toMatchObject({ ok: false, code })
  })

  test('that is not verified works where the connection says so', async () => {
    if (nginx === undefined) return
    const parameters = { port: String(nginx.ports.selfSigned), tls: 'require' }
    expect(await run('signIn', {}, { parameters })).toMatchObject({ ok: true })
  })
})

test('A redirect to another origin is followed without the secret', async () => {
  if (nginx === undefined) return
  for (const account of [basic, bearer]) {
    expect(await run('signIn', {}, { parameters: { path: '/away' }, account })).toMatchObject({ ok: true })
  }
  expect(trap?.heard()).toContain('GET /stolen.csv')
  expect(trap?.heard()).not.toMatch(/authorization|cookie/i)
  for (const secret of [password, token, Buffer.from(`ada:${password}`).toString('base64')]) {
    expect(trap?.heard()).not.toContain(secret)
  }
})

describe('the file', () => {
  test('is the one table of its host', async () => {
    if (nginx === undefined) return
    expect(await must('listSchemas', {})).toEqual({ schemas: ['localhost'] })
    const { tables } = await must('listTables', { schema: 'localhost' })
    expect(tables).toEqual([{ schema: 'localhost', name: 'basic/orders.csv', type: 'table' }])
    expect(await must('listTables', { schema: 'elsewhere' })).toEqual({ tables: [] })
  })

  test.each([
    [
      'basic/orders.csv',
      {},
      [
        ['1', 'é'],
        ['2', null],
      ],
    ],
    ['basic/orders.jsonl.gz', {}, [['1'], ['2']]],
    ['basic/odd%20name%20%C3%BC.csv', { path: '/basic/odd name ü.csv' }, [['3']]],
    ['basic/export', { format: 'csv' }, [['1', '2']]],
    [
      'moved',
      {},
      [
        ['1', 'é'],
        ['2', null],
      ],
    ],
  ] as const)('%s can be previewed', async (table, parameters, rows) => {
    if (nginx === undefined) return
    const preview = await must(
      'preview',
      { source: file(table), rows: 5 },
      { parameters: { path: `/${table}`, ...parameters } },
    )
    expect(preview.rows).toEqual(rows)
  })

  test.each([
    ['another file', {}, file('basic/other.csv'), 'read.denied'],
    ['SQL', {}, { kind: 'query', query: 'SELECT 1' } as const, 'read.denied'],
    ['a web page', { path: '/page.csv' }, file('page.csv'), 'protocol.unexpected'],
    ['an unknown format', { path: '/basic/export' }, file('basic/export'), 'protocol.unexpected'],
    ['CSV that is said to be Parquet', { format: 'parquet' }, file('basic/orders.csv'), 'protocol.unexpected'],
  ])('is refused where it is %s', async (_what, parameters, source, code) => {
    if (nginx === undefined) return
    expect(await run('preview', { source, rows: 5 }, { parameters })).toMatchObject({ ok: false, code })
  })

  test('is imported, and nothing else stays', async () => {
    if (nginx === undefined) return
    const to = join(folder, 'one.parquet')
    const imported = await must('import', { source: file('basic/orders.csv'), rowLimit: 1, file: to })
    expect(imported).toMatchObject({
      rows: 1,
      columns: [
        { name: 'id', type: 'BIGINT' },
        { name: 'name', type: 'VARCHAR' },
      ],
    })
    expect(readdirSync(folder).filter((name) => name.startsWith('one.'))).toEqual(['one.parquet'])
  })
})

describe('a server that', () => {
  test.each<[RogueHttpName, string, milliseconds: number]>([
    ['sends headers without end', 'protocol.unexpected', 8_000],
    ['drips its answer', 'limit.exceeded', 2_500],
    ['stops in the middle', 'protocol.unexpected', 8_000],
    ['sends a line without end', 'limit.exceeded', 8_000],
  ])('%s is told apart inside the limits', async (name, code, milliseconds) => {
    if (certificates === undefined) return
    const rogue = await startRogueHttp(name, '', certificates.good)
    const parameters = { port: String(rogue.port), ca: certificates.authority }
    const to = join(folder, 'rogue.parquet')
    const input = { source: file('basic/orders.csv'), rowLimit: null, file: to }
    const outcome = await run('import', input, { parameters, milliseconds })
    await rogue.close()
    expect(outcome, JSON.stringify(outcome.diagnosis)).toMatchObject({ ok: false, code })
    expect(readdirSync(folder).filter((one) => one.startsWith('rogue.'))).toEqual([])
  })

  test('packs the file although it was asked not to, announces more than may come, or speaks of something else, is refused', async () => {
    if (certificates === undefined) return
    for (const [headers, code] of [
      ['200 OK\r\nContent-Encoding: gzip', 'protocol.unexpected'],
      ['200 OK\r\nContent-Length: 99999999999', 'limit.exceeded'],
      ['101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other', 'protocol.unexpected'],
    ]) {
      const rogue = await startRogueHttp('answers with', `HTTP/1.1 ${headers}\r\n\r\na,b\n`, certificates.good)
      const parameters = { port: String(rogue.port), ca: certificates.authority }
      const input = { source: file('basic/orders.csv'), rowLimit: null, file: join(folder, 'never.parquet') }
      expect(await run('import', input, { parameters })).toMatchObject({ ok: false, code })
      await rogue.close()
    }
  })
})

test('A path can only be a path', () => {
  expect(pathOf({ path: '//evil.example/x#y' })).toBe('/evil.example/x')
  expect(pathOf({ path: 'a b/ü.csv?x=1&y=%20%' })).toBe('/a%20b/%C3%BC.csv?x=1&y=%20%25')
  expect(pathOf({ path: '/a\\b"<>' })).toBe('/a%5Cb%22%3C%3E')
})
