import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { type TestJob, testJob } from '../../testing/jobs.ts'
import { meetRogue, prepareRogues } from '../../testing/rogue-jobs.ts'
import { startTdsRogue, type TdsRogueName } from '../../testing/rogue-tds.ts'
import type { Operation, Operations, Source } from '../driver.ts'

const password = 'hunter2-and-a-half'
const ground = prepareRogues()
const { certificates, folder } = ground

type Meeting = Partial<TestJob> & { readonly encrypted?: boolean; readonly until?: AbortController }

/** Runs one operation against a rogue and returns what came of it, with what the rogue heard. */
async function meet<O extends Operation>(
  name: TdsRogueName,
  operation: O,
  input: Operations[O]['input'],
  { encrypted = true, until, ...options }: Meeting = {},
) {
  if (certificates === undefined) throw new Error('There are no certificates.')
  const rogue = await startTdsRogue(name, encrypted ? certificates.good : undefined)
  // As long as for files: the client library is a large one to load.
  const limits = { milliseconds: 20_000 }
  const where = { driver: 'sqlserver', port: rogue.port, tls: 'verify-full', ca: certificates.authority, limits }
  return meetRogue(ground, rogue, testJob(operation, input, { ...where, password, ...options }), until)
}

/** A password as a sign-in of TDS has it: the halves of each byte change places, and some bits are turned. */
const disguised = Buffer.from(Buffer.from(password, 'ucs2').map((byte) => (((byte & 15) << 4) | (byte >> 4)) ^ 0xa5))

function expectNothingOf(heard: Buffer): void {
  for (const form of [disguised, Buffer.from(password), Buffer.from(password, 'ucs2')]) {
    expect(heard.includes(form)).toBe(false)
  }
}

const query = (text: string): Source => ({ kind: 'query', query: text })

// Where there is no OpenSSL, the reason has been printed.
describe.runIf(certificates !== undefined)('the password does not leave when', () => {
  test.each([
    ['the server offers no encryption', { encrypted: false }, 'tls.not_offered'],
    ['the server offers none and needs to prove nothing', { encrypted: false, tls: 'require' }, 'tls.not_offered'],
    ['the server proves nothing', { tls: 'require' }, 'auth.method_refused'],
    ['nothing is encrypted', { encrypted: false, tls: 'disable' }, 'auth.method_refused'],
    ['another authority vouches for the server', { ca: undefined }, 'tls.untrusted'],
    ['the password is longer than a sign-in holds', { password: 'x'.repeat(129) }, 'auth.refused'],
  ] as const)('%s', async (_what, options, code) => {
    const met = await meet('refuses the password', 'signIn', {}, options)
    expect(met.code).toBe(code)
    expectNothingOf(met.heard)
    expect(met.words).not.toContain(password)
  })

  test('the server sends elsewhere: it is told once, and nobody else is dialled', async () => {
    const met = await meet('sends elsewhere', 'signIn', {})
    expect(met.failed).toMatchObject({ name: 'authentication', code: 'protocol.unexpected' })
    expect(met.failed?.sentence).toContain('does not follow')
    expect(met.heard.includes(disguised)).toBe(true)
  })
})

describe.runIf(certificates !== undefined)('a sign-in to a server that', () => {
  test.each([
    ['has no such database', 'database', 'db.not_found'],
    ['lets no one read', 'read', 'read.denied'],
    ['answers a sign-in with garbage', 'authentication', 'protocol.unexpected'],
    ['hangs up on a sign-in', 'authentication', 'protocol.unexpected'],
  ] as const)('%s is told apart', async (name, rung, code) => {
    const met = await meet(name, 'signIn', {})
    expect(met.failed, JSON.stringify(met.failed)).toMatchObject({ name: rung, code })
  })

  test('does not answer a query, or answers without end, is left when the time is over', async () => {
    const limits = { milliseconds: 4_000 }
    const names = ['does not answer a query', 'sends rows without end'] as const
    const met = await Promise.all(names.map((name) => meet(name, 'signIn', {}, { limits })))
    expect(met.map(({ failed }) => [failed?.name, failed?.code])).toEqual(Array(2).fill(['read', 'limit.exceeded']))
  })

  test('has an empty database climbs every rung, and is told who comes', async () => {
    const { outcome, heard } = await meet('has an empty database', 'signIn', {})
    expect(outcome).toMatchObject({ ok: true, value: { serverVersion: '16.0.4105.2' } })
    expect(outcome.diagnosis.map(({ state }) => state)).toEqual(Array(7).fill('passed'))
    expect(heard.includes(Buffer.from('keyward test', 'ucs2'))).toBe(true)
  })

  test('names schemas badly answers with harmless text', async () => {
    const { outcome } = await meet('names schemas badly', 'listSchemas', {})
    expect(outcome).toMatchObject({ value: { schemas: ['__proto__', '"; DROP', '<script>', '\u202eevil'] } })
  })
})

describe.runIf(certificates !== undefined)('reading', () => {
  const input = (name: string) => ({ source: query('SELECT 1'), rowLimit: null, file: join(folder, `${name}.parquet`) })

  test('a preview has columns and rows, and runs inside a transaction, between parentheses', async () => {
    const { outcome, heard } = await meet('has three rows', 'preview', { source: query('SELECT 1 AS a'), rows: 2 })
    expect(outcome).toMatchObject({
      value: {
        columns: [
          { name: 'id', type: 'INTEGER' },
          { name: 'name', type: 'VARCHAR' },
          { name: 'raw', type: 'BLOB' },
        ],
        rows: [
          ['1', 'a\tb\\c\n1', '0x00ff'],
          ['2', null, '0x00ff'],
        ],
      },
    })
    for (const text of ['BEGIN TRANSACTION', 'AS (\nSELECT 1 AS a\n)']) {
      expect(heard.includes(Buffer.from(text, 'ucs2'))).toBe(true)
    }
  })

  test('a preview of what is not one SELECT does not reach the server', async () => {
    const source = query('SELECT 1) AS a; DROP TABLE orders; --')
    const { failed, heard } = await meet('has three rows', 'preview', { source, rows: 2 })
    expect(failed).toMatchObject({ name: 'read', code: 'read.denied' })
    expect(heard.includes(Buffer.from('DROP TABLE', 'ucs2'))).toBe(false)
  })

  test('a preview of a table that is not there says so', async () => {
    const source: Source = { kind: 'table', schema: 'dbo', table: 'nothing' }
    const { failed } = await meet('knows no such table', 'preview', { source, rows: 2 })
    expect(failed).toMatchObject({ code: 'read.denied', sentence: expect.stringContaining('no such table') })
  })

  test('an import keeps every value of many rows', async () => {
    const { outcome } = await meet('has many rows', 'import', input('many'))
    expect(outcome, JSON.stringify(outcome.diagnosis[6])).toMatchObject({ ok: true, value: { rows: 20_000 } })
    const connection = await (await DuckDBInstance.create()).connect()
    const read = await connection.runAndReadAll(`SELECT count(*), count(name), sum(id), min(raw)::VARCHAR,
      max(name) FILTER (id = 7) FROM '${join(folder, 'many.parquet')}'`)
    expect(read.getRows()[0]?.map(String)).toEqual(['20000', '10000', '199990000', '\\x00\\xFF', 'a\tb\\c\n7'])
  })

  test.each([
    ['fails after some rows', 'read.denied', {}],
    ['hangs up after some rows', 'protocol.unexpected', {}],
    ['has rows without end', 'limit.exceeded', { until: new AbortController(), limits: { milliseconds: 60_000 } }],
  ] as const)('an import from a server that %s leaves no file', async (name, code, options) => {
    const met = await meet(name, 'import', input('broken'), options)
    expect(met.code, JSON.stringify(met.failed)).toBe(code)
    expect(readdirSync(folder).filter((file) => file.startsWith('broken'))).toEqual([])
  })
})
