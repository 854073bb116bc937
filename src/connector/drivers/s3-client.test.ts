import { fork } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../package-root.ts'
import { type FileJob, fileJob } from '../../testing/file-jobs.ts'
import { testConnector } from '../../testing/jobs.ts'
import { type Nginx, startNginx } from '../../testing/nginx.ts'
import { answer, type RogueHttpName, startRogueHttp } from '../../testing/rogue-http.ts'
import { type Swift, startSwift, swiftSecrets } from '../../testing/swift.ts'
import type { Operation, Operations, Parameters, Progress, Source } from '../driver.ts'
import { parsePolicy } from '../egress.ts'
import { toWire } from '../messages.ts'

const connector = testConnector()
const folder = mkdtempSync(join(tmpdir(), 'keyward-s3-'))
let swift: Swift | undefined
let nginx: Nginx | undefined

const orders = `id,customer,amount\n${[...Array(50_000).keys()].map((id) => `${id},"Customer ${id}",${id / 8}`).join('\n')}\n`

beforeAll(async () => {
  swift = await startSwift()
  if (swift === undefined) return
  nginx = await startNginx({ upstream: swift.port })
  const files = {
    'sales/2026/orders.csv': orders,
    'sales/2026/orders.csv.gz': gzipSync(orders),
    'sales/events.jsonl': '{"id":1,"n":{"a":null}}\n{"id":2}\n',
    'sales/notes.txt': 'nothing to see',
    '../../etc/passwd.csv': 'a\n1\n',
    '__proto__.csv': 'a\n2\n',
    "we ird+'&é%2F.csv": 'a\n3\n',
    'empty.csv': '',
    'bomb.csv.gz': gzipSync(Buffer.alloc(150 * 2 ** 20, 'x,y\n')),
    'rubbish.csv.gz': 'this is not gzip',
    'rubbish.parquet': Buffer.alloc(5_000, 7),
  }
  await swift.fill('shop', files)
  await swift.fill('empty', {})
}, 120_000)
afterAll(async () => {
  await connector.close()
  await nginx?.close()
  await swift?.close()
  rmSync(folder, { recursive: true, force: true })
})

const account = { awsAccessKeyId: 'acme:reader', awsSecretAccessKey: swiftSecrets['acme:reader'] }

type Options = { readonly parameters?: Parameters; readonly fields?: FileJob['fields'] }

function run<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options = {}) {
  const parameters = {
    host: 'localhost',
    port: String(swift?.port),
    region: 'us-east-1',
    tls: 'disable',
    ...options.parameters,
  }
  const job = fileJob('s3', operation, input, { parameters, type: 's3', fields: options.fields ?? account })
  return connector.run(job, { userId: 'ada' })
}

async function must<O extends Operation>(operation: O, input: Operations[O]['input'], options: Options = {}) {
  const outcome = await run(operation, input, options)
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.diagnosis.find((rung) => rung.state === 'failed')))
  return outcome.value
}

const file = (table: string, schema = 'shop'): Source => ({ kind: 'table', schema, table })
const inShop = { parameters: { bucket: 'shop' } }

describe('signing in to a real store', () => {
  test.each([
    ['a bucket', { bucket: 'shop' }, 'A byte of a file could be read.'],
    ['a folder of it', { bucket: 'shop', prefix: '/sales/2026/' }, 'A byte of a file could be read.'],
    ['an empty bucket', { bucket: 'empty' }, 'There are no files yet; the bucket could be listed.'],
    ['no bucket', {}, 'The bucket empty could be read.'],
  ])('with %s climbs all rungs', async (_what, parameters, sentence) => {
    if (swift === undefined) return
    const outcome = await run('signIn', {}, { parameters })
    expect(outcome, JSON.stringify(outcome.diagnosis)).toMatchObject({ ok: true })
    expect(outcome.diagnosis[6]).toMatchObject({ name: 'read', state: 'passed', sentence })
  })

  test.each<[string, Parameters, FileJob['fields'], string, string]>([
    [
      'a wrong secret',
      inShop.parameters,
      { ...account, awsSecretAccessKey: 'wrong' },
      'authentication',
      'auth.refused',
    ],
    ['an unknown key', inShop.parameters, { ...account, awsAccessKeyId: 'acme:no' }, 'authentication', 'auth.refused'],
    ['no secret', inShop.parameters, { awsAccessKeyId: 'acme:reader' }, 'authentication', 'auth.refused'],
    ['another region', { bucket: 'shop', region: 'eu-west-1' }, account, 'authentication', 'auth.refused'],
    ['a region that is none', { bucket: 'shop', region: 'evil.example/' }, account, 'authentication', 'auth.refused'],
    ['an unknown bucket', { bucket: 'nothing' }, account, 'database', 'db.not_found'],
    [
      'an account without rights',
      inShop.parameters,
      { awsAccessKeyId: 'acme:stranger', awsSecretAccessKey: swiftSecrets['acme:stranger'] },
      'database',
      'db.denied',
    ],
    ['TLS where there is none', { bucket: 'shop', tls: 'verify-full' }, account, 'tls', 'tls.not_offered'],
  ])('with %s says so', async (_what, parameters, fields, rung, code) => {
    if (swift === undefined) return
    const outcome = await run('signIn', {}, { parameters, fields })
    const failed = outcome.diagnosis.find((one) => one.state === 'failed')
    expect(failed, JSON.stringify(outcome.diagnosis)).toMatchObject({ name: rung, code })
    expect(JSON.stringify(outcome)).not.toContain(fields.awsSecretAccessKey ?? 'x-x-x')
    if (parameters.region === 'eu-west-1') expect(failed?.sentence).toContain('us-east-1')
  })

  test.each([
    ['good', null],
    ['selfSigned', 'tls.untrusted'],
    ['wrongHost', 'tls.hostname'],
    ['expired', 'tls.expired'],
  ] as const)('behind TLS with the certificate %s', async (shown, code) => {
    if (nginx === undefined) return
    const parameters = {
      bucket: 'shop',
      // nginx takes no path that leaves its root, as some keys do.
      prefix: 'sales',
      tls: 'verify-full',
      port: String(nginx.ports[shown]),
      ca: nginx.certificates.authority,
    }
    const outcome = await run('signIn', {}, { parameters })
    expect(outcome, JSON.stringify(outcome.diagnosis)).toMatchObject(code === null ? { ok: true } : { ok: false, code })
  })
})

describe('schemas and tables', () => {
  test('are buckets, or a bucket and its folders, and the files that can be read', async () => {
    if (swift === undefined) return
    expect(await must('listSchemas', {})).toEqual({ schemas: ['empty', 'shop'] })
    const schemas = ['shop', 'shop/../', 'shop/sales/']
    expect(await must('listSchemas', {}, inShop)).toEqual({ schemas, isPartial: false })
    const { tables, isPartial } = await must('listTables', { schema: 'shop' })
    expect(isPartial).toBe(false)
    const names = tables.map(({ name }) => name)
    expect(names).toEqual([...names].sort())
    expect(names).toContain('../../etc/passwd.csv')
    expect(names).toContain('__proto__.csv')
    expect(names).not.toContain('sales/notes.txt')
    const within = await must('listTables', { schema: 'shop/sales/' }, inShop)
    expect(within.tables.map(({ name }) => name)).toEqual(['2026/orders.csv', '2026/orders.csv.gz', 'events.jsonl'])
  })

  test('outside the bucket and folder of the connection are refused', async () => {
    if (swift === undefined) return
    const parameters = { bucket: 'shop', prefix: 'sales' }
    for (const schema of ['empty', 'shop', 'shop/other/', 'shop/sales', '']) {
      expect(await run('listTables', { schema }, { parameters }), schema).toMatchObject({
        ok: false,
        code: 'read.denied',
      })
    }
  })
})

describe('a preview', () => {
  test.each(['sales/2026/orders.csv', 'sales/2026/orders.csv.gz'])('of %s has its first rows', async (name) => {
    if (swift === undefined) return
    const { columns, rows } = await must('preview', { source: file(name), rows: 2 })
    expect(columns.map(({ type }) => type)).toEqual(['BIGINT', 'VARCHAR', 'DOUBLE'])
    expect(rows).toEqual([
      ['0', 'Customer 0', '0.0'],
      ['1', 'Customer 1', '0.125'],
    ])
  })

  test.each([
    ['../../etc/passwd.csv', '1'],
    ['__proto__.csv', '2'],
    ["we ird+'&é%2F.csv", '3'],
  ])('of the key %s is of that object', async (name, value) => {
    if (swift === undefined) return
    expect((await must('preview', { source: file(name), rows: 5 })).rows).toEqual([[value]])
  })

  test.each([
    ['a file that is not there', file('nothing.csv'), 'read.denied'],
    ['a file that is no table', file('sales/notes.txt'), 'read.denied'],
    ['an empty file', file('empty.csv'), 'read.denied'],
    ['SQL', { kind: 'query', query: 'SELECT 1' } as const, 'read.denied'],
    ['what is not gzip', file('rubbish.csv.gz'), 'protocol.unexpected'],
    ['what is not Parquet', file('rubbish.parquet'), 'protocol.unexpected'],
  ])('of %s is refused', async (_what, source, code) => {
    if (swift === undefined) return
    const outcome = await run('preview', { source, rows: 5 })
    expect(outcome, JSON.stringify(outcome.diagnosis)).toMatchObject({ ok: false, code })
  })
})

test('A worker that finds AWS_* in its environment and files in its home sends nothing of them', async () => {
  if (swift === undefined) return
  const rogue = await startRogueHttp('answers with', answer('403 Forbidden', denied('InvalidAccessKeyId')))
  const home = mkdtempSync(join(tmpdir(), 'keyward-home-'))
  const canary = 'AKIACANARYCANARY0001'
  const lines = `aws_access_key_id = ${canary}\naws_secret_access_key = ${canary}\nregion = canary-west-1\n`
  mkdirSync(join(home, '.aws'))
  writeFileSync(join(home, '.aws/credentials'), `[default]\n${lines}`)
  writeFileSync(join(home, '.aws/config'), `[default]\n${lines}endpoint_url = http://127.0.0.1:1\n`)
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_PROFILE']
  const env = {
    HOME: home,
    ...Object.fromEntries(names.map((name) => [name, canary])),
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
  }
  const parameters = {
    host: 'localhost',
    port: String(rogue.port),
    region: 'us-east-1',
    bucket: 'shop',
    tls: 'disable',
  }
  for (const fields of [account, { awsAccessKeyId: 'acme:reader' }]) {
    const job = fileJob('s3', 'signIn', {}, { parameters, type: 's3', fields })
    const child = fork(join(packageRoot(), 'dist/worker.cjs'), [], {
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const { policy } = parsePolicy('self-managed', 'localhost, 127.0.0.1, ::1', '')
    child.send({ job: toWire(job), policy })
    await new Promise((resolve) => child.once('exit', resolve))
  }
  await rogue.close()
  rmSync(home, { recursive: true, force: true })
  expect(rogue.heard()).toContain('acme:reader')
  expect(rogue.heard()).not.toMatch(/canary/i)
})

function denied(code: string, more = ''): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>No</Message>${more}</Error>`
}

describe('a store that', () => {
  /** Meets a rogue; returns the failed rung and what the rogue heard. */
  async function meet(name: RogueHttpName, words = '', operation: 'signIn' | 'preview' = 'signIn') {
    const rogue = await startRogueHttp(name, words)
    const parameters = {
      host: 'localhost',
      port: String(rogue.port),
      region: 'us-east-1',
      bucket: 'shop',
      tls: 'disable',
    }
    const limits = { milliseconds: 5_000 }
    const input = operation === 'signIn' ? {} : { source: file('a.csv'), rows: 5 }
    const job = fileJob('s3', operation, input, { parameters, type: 's3', fields: account, limits })
    const outcome = await connector.run(job, { userId: 'ada' })
    await rogue.close()
    expect(JSON.stringify(outcome)).not.toContain(account.awsSecretAccessKey)
    expect(rogue.heard()).not.toContain(account.awsSecretAccessKey)
    return {
      code: outcome.ok ? 'ok' : outcome.code,
      rung: outcome.diagnosis.find((one) => one.state === 'failed'),
      heard: rogue.heard(),
    }
  }

  test.each<[RogueHttpName, string]>([
    ['sends headers without end', 'protocol.unexpected'],
    ['drips its answer', 'limit.exceeded'],
    ['sends a list without end', 'limit.exceeded'],
    ['stops in the middle', 'protocol.unexpected'],
  ])('%s is told apart inside the limits', async (name, code) => {
    expect((await meet(name)).code).toBe(code)
  })

  test('sends a line without end has the lines before it previewed, and the rest not sent', async () => {
    expect((await meet('sends a line without end', '', 'preview')).code).toBe('ok')
  })

  test.each([
    ['403 Forbidden', 'ExpiredToken', 'auth.expired'],
    ['400 Bad Request', 'TokenRefreshRequired', 'auth.expired'],
    ['403 Forbidden', 'RequestTimeTooSkewed', 'auth.refused'],
    ['403 Forbidden', 'AllAccessDisabled', 'auth.locked'],
    ['503 Slow Down', 'SlowDown', 'limit.exceeded'],
    ['500 Oops', 'InternalError', 'protocol.unexpected'],
    ['403 Forbidden', '__proto__', 'db.denied'],
  ])('answers %s %s is understood', async (status, code, expected) => {
    expect((await meet('answers with', answer(status, denied(code)))).code).toBe(expected)
  })

  test.each([
    ['a web page', answer('200 OK', '<!doctype html><p>Sign in<br>here', { 'Content-Type': 'text/html' })],
    [
      'entities that grow',
      answer('200 OK', `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(1000)}">]><ListBucketResult>${'&a;'.repeat(1000)}`),
    ],
  ])('answers with %s is not understood', async (_what, words) => {
    expect((await meet('answers with', words)).code).toBe('protocol.unexpected')
  })

  test.each(['301 Moved Permanently', '307 Temporary Redirect'])(
    'redirects with %s is not followed',
    async (status) => {
      const trap = await startRogueHttp('never answers')
      const headers = { Location: `http://localhost:${trap.port}/shop`, 'x-amz-bucket-region': 'eu-west-3' }
      const body = denied('PermanentRedirect', `<Endpoint>s3.eu-west-3.amazonaws.com</Endpoint><Bucket>shop</Bucket>`)
      const met = await meet('answers with', answer(status, body, headers))
      await trap.close()
      expect(trap.heard()).toBe('')
      expect(met.rung).toMatchObject({ name: 'database', code: 'protocol.unexpected' })
      expect(met.rung?.sentence).toContain('eu-west-3')
    },
  )

  test('has ever more keys is not looked through to its end, and says so', async () => {
    const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>on</NextContinuationToken>'
    const some = '<Contents><Key>a.csv</Key></Contents><CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>'
    const rogue = await startRogueHttp(
      'answers with',
      answer('200 OK', `<ListBucketResult>${more}${some}</ListBucketResult>`),
    )
    const parameters = { bucket: 'shop', port: String(rogue.port) }
    const { tables, isPartial } = await must('listTables', { schema: 'shop' }, { parameters })
    expect([tables.length, isPartial]).toEqual([50, true])
    expect(await must('listSchemas', {}, { parameters })).toEqual({ schemas: ['shop', 'shop/b/'], isPartial: true })
    await rogue.close()
  })

  test('is addressed by the name of the bucket is dialled by its own', async () => {
    const rogue = await startRogueHttp('answers with', answer('403 Forbidden', denied('InvalidAccessKeyId')))
    const parameters = {
      host: 'localhost',
      port: String(rogue.port),
      bucket: 'evil-bucket',
      region: 'us-east-1',
      addressing: 'host',
      tls: 'disable',
    }
    const job = fileJob('s3', 'signIn', {}, { parameters, type: 's3', fields: account })
    expect(await connector.run(job, { userId: 'ada' })).toMatchObject({ ok: false, code: 'auth.refused' })
    await rogue.close()
    expect(rogue.heard().toLowerCase()).toContain(`host: evil-bucket.localhost:${rogue.port}`)
  })
})

describe('an import', () => {
  let count = 0
  const newFile = () => join(folder, `${++count}.parquet`)

  test.each(['sales/2026/orders.csv', 'sales/2026/orders.csv.gz'])('of %s has all of its rows', async (name) => {
    if (swift === undefined) return
    const to = newFile()
    const imported = await must('import', { source: file(name), rowLimit: null, file: to })
    expect(imported.rows).toBe(50_000)
    const connection = await (await DuckDBInstance.create()).connect()
    const sums = await connection.runAndReadAll(`SELECT sum(id)::VARCHAR, sum(amount)::VARCHAR FROM '${to}'`)
    expect(sums.getRows()).toEqual([['1249975000', '156246875.0']])
    expect(readdirSync(folder)).toContain(`${count}.parquet`)
    expect(readdirSync(folder).filter((one) => !one.endsWith('.parquet'))).toEqual([])
  })

  test('that is cancelled while it downloads leaves no file', async () => {
    const words = `HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n${orders}`
    const rogue = await startRogueHttp('answers with', words)
    const to = newFile()
    const parameters = { host: 'localhost', port: String(rogue.port), region: 'us-east-1', tls: 'disable' }
    const input = { source: file('a.csv'), rowLimit: null, file: to }
    const controller = new AbortController()
    const seen: Progress[] = []
    const onProgress = (progress: Progress) => {
      seen.push(progress)
      controller.abort()
    }
    const job = fileJob('s3', 'import', input, { parameters, type: 's3', fields: account })
    const outcome = await connector.run(job, { userId: 'ada', signal: controller.signal, onProgress })
    await rogue.close()
    expect(outcome).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(seen[0]?.bytes).toBeGreaterThan(0)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })

  test.each([
    ['a bomb', file('bomb.csv.gz'), 'limit.exceeded'],
    ['rubbish', file('rubbish.parquet'), 'protocol.unexpected'],
    ['nothing', file('empty.csv'), 'read.denied'],
  ])('of %s leaves no file', async (_what, source, code) => {
    if (swift === undefined) return
    const to = newFile()
    expect(await run('import', { source, rowLimit: null, file: to })).toMatchObject({ ok: false, code })
    expect(existsSync(to)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.`))).toEqual([])
  })
})
