import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { type TestJob, testConnector, testJob } from '../../testing/jobs.ts'
import { meetRogue, prepareRogues } from '../../testing/rogue-jobs.ts'
import { type RogueMysqlName, startRogueMysql } from '../../testing/rogue-mysql.ts'
import type { Operation, Operations, Source } from '../driver.ts'

const password = 'hunter2-and-a-half'
const ground = prepareRogues()
const { certificates, folder } = ground

/** Runs one operation against a rogue and returns what came of it, with what the rogue heard. */
async function meet<O extends Operation>(
  name: RogueMysqlName,
  operation: O,
  input: Operations[O]['input'],
  options: Partial<TestJob> & { encrypted?: boolean } = {},
) {
  const { encrypted, ...rest } = options
  const rogue = await startRogueMysql(name, encrypted ? certificates?.good : undefined)
  return meetRogue(ground, rogue, testJob(operation, input, { driver: 'mysql', port: rogue.port, password, ...rest }))
}

/** The password, its bare hashes, and what would be a file of this machine. */
function expectNothingOf(secret: string, heard: Buffer): void {
  const text = heard.toString('latin1')
  const hashes = ['sha1', 'sha256', 'md5'].map((name) => createHash(name).update(secret).digest())
  const forms = [Buffer.from(secret), ...hashes].flatMap((bytes) =>
    (['latin1', 'hex', 'base64'] as const).map((encoding) => bytes.toString(encoding)),
  )
  for (const form of [...forms, 'root:']) expect(text).not.toContain(form)
}

describe('a rogue server learns nothing of the password when it', () => {
  const cases: readonly (readonly [RogueMysqlName, string])[] = [
    ['asks for the password in the clear', 'auth.method_refused'],
    ['asks for the password as PAM does', 'auth.method_refused'],
    ['asks for the method of MySQL 3', 'auth.method_refused'],
    ['asks for the method of MySQL 3 without a name', 'auth.method_refused'],
    ['asks for an unknown method', 'auth.method_refused'],
    ['asks for sha256_password', 'auth.method_refused'],
    ['offers its own RSA key', 'auth.method_refused'],
    ['asks for all of caching_sha2_password', 'auth.method_refused'],
    ['switches methods without end', 'protocol.unexpected'],
    ['asks for a file instead of signing in', 'protocol.unexpected'],
    ['asks for a file at once', 'protocol.unexpected'],
    ['speaks unasked', 'protocol.unexpected'],
  ]

  test.each(cases)('%s', async (name, code) => {
    const met = await meet(name, 'signIn', {})
    expect(met.code).toBe(code)
    expectNothingOf(password, met.heard)
    expect(met.words).not.toContain(password)
  })

  test.each(cases)('%s, behind a certificate that nobody verified', async (name, code) => {
    if (certificates === undefined) return
    const met = await meet(name, 'signIn', {}, { tls: 'require', encrypted: true })
    expect(met.code).toBe(code)
    expectNothingOf(password, met.heard)
  })
})

describe('a server that was verified', () => {
  const limits = { milliseconds: 3_000 }
  const verified = () => ({ tls: 'verify-full', ca: certificates?.authority, encrypted: true, limits })

  test.each(['asks for all of caching_sha2_password', 'asks for sha256_password'] as const)(
    'and %s gets the password',
    async (name) => {
      if (certificates === undefined) return
      const met = await meet(name, 'signIn', {}, verified())
      expect(met.heard.includes(`${password}\0`)).toBe(true)
    },
  )

  test.each([
    'asks for the password in the clear',
    'asks for the password as PAM does',
    'offers its own RSA key',
    'asks for the method of MySQL 3',
  ] as const)('and %s does not', async (name) => {
    if (certificates === undefined) return
    const met = await meet(name, 'signIn', {}, verified())
    expect(met.code).toBe('auth.method_refused')
    expectNothingOf(password, met.heard)
  })

  test('and repeats the password in an error, in colours and backwards, is shown without it', async () => {
    if (certificates === undefined) return
    const met = await meet('repeats the password in an error', 'signIn', {}, verified())
    expect(met.heard.toString()).toContain(password)
    expect(met.code).toBe('auth.refused')
    expect(met.words).not.toContain(password)
    const detail = met.outcome.diagnosis[4]?.detail ?? ''
    expect(detail).toContain('no entry for [secret]')
    expect(detail).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})

describe('a job against a server that', () => {
  const query: Source = { kind: 'query', query: 'SELECT 1' }

  test.each([
    ['sends rows without end', 'limit.exceeded'],
    ['announces a row of 16 MB and more', 'limit.exceeded'],
    ['names columns without end', 'limit.exceeded'],
    ['sends one byte a second', 'limit.exceeded'],
    ['announces a greeting of 16 MB', 'protocol.unexpected'],
    ['asks for a file instead of rows', 'protocol.unexpected'],
  ] as const)('%s ends inside its limit', async (name, code) => {
    const met = await meet(name, 'listTables', { schema: 'shop' }, { limits: { milliseconds: 3_000 } })
    expect(met.code).toBe(code)
    expectNothingOf(password, met.heard)
  })

  test('sends the wrong number of cells ends, and leaves no file', async () => {
    const file = join(folder, 'cells.parquet')
    const met = await meet('sends the wrong number of cells', 'import', { source: query, rowLimit: null, file })
    expect(met.code).toBe('protocol.unexpected')
  })

  test('names schemas badly answers with harmless text', async () => {
    const { outcome } = await meet('names schemas badly', 'listSchemas', {})
    if (!outcome.ok) throw new Error(JSON.stringify(outcome))
    expect(outcome.value.schemas).toHaveLength(6)
    expect(outcome.value.schemas[0]).toBe('__proto__')
    expect({}.constructor).toBe(Object)
  })
})

test('what lies in the environment and in ~/.my.cnf is never sent', async () => {
  const canary = 'canary-of-the-environment'
  writeFileSync(join(folder, '.my.cnf'), `[client]\nuser=${canary}\npassword=${canary}\n`)
  for (const name of ['MYSQL_PWD', 'MYSQL_HOST', 'MYSQL_TCP_PORT', 'USER', 'USERNAME']) vi.stubEnv(name, canary)
  vi.stubEnv('HOME', folder)
  const own = testConnector()
  const rogue = await startRogueMysql('names schemas badly')
  for (const fields of [{}, { username: '' }, { password: '' }]) {
    const job = testJob('listSchemas', {}, { driver: 'mysql', port: rogue.port, password, ...fields })
    await own.run(job, { userId: 'ada' })
  }
  await own.close()
  await rogue.close()
  vi.unstubAllEnvs()
  expect(rogue.heard().includes('reader')).toBe(true)
  expect(rogue.heard().includes(canary)).toBe(false)
})
