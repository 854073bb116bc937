import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type TestJob, testJob } from '../../testing/jobs.ts'
import { type ClickHouseRogueName, startClickHouseRogue } from '../../testing/rogue-clickhouse.ts'
import { meetRogue, prepareRogues } from '../../testing/rogue-jobs.ts'
import type { Operation, Operations } from '../driver.ts'

const password = 'hunter2-and-a-half'
const ground = prepareRogues()
const { certificates, folder } = ground

/** Runs one operation against a rogue and returns what came of it, with what the rogue heard. */
async function meet<O extends Operation>(
  name: ClickHouseRogueName,
  operation: O,
  input: Operations[O]['input'],
  options: Partial<TestJob> = {},
) {
  if (certificates === undefined) throw new Error('There are no certificates.')
  const rogue = await startClickHouseRogue(name, certificates.good)
  const where = { driver: 'clickhouse', port: rogue.port, tls: 'verify-full', ca: certificates.authority }
  const met = await meetRogue(ground, rogue, testJob(operation, input, { ...where, password, ...options }))
  return { ...met, heard: met.heard.toString() }
}

const canary = Buffer.from(`reader:${password}`).toString('base64')

// Where there is no OpenSSL, the reason has been printed.
describe.runIf(certificates !== undefined)('the password does not leave when', () => {
  test.each([
    ['the server proves nothing', { tls: 'require' }, 'auth.method_refused'],
    ['nothing is encrypted', { tls: 'disable' }, 'auth.method_refused'],
    ['another authority vouches for the server', { ca: undefined }, 'tls.untrusted'],
    ['the username has a colon', { username: 'a:b' }, 'auth.refused'],
  ] as const)('%s', async (_what, options, code) => {
    const met = await meet('refuses the password', 'signIn', {}, options)
    expect(met.code).toBe(code)
    expect(met.heard).toBe('')
    expect(met.words).not.toContain(password)
  })

  test('the server sends elsewhere: it is told once, and no one else', async () => {
    const met = await meet('sends elsewhere', 'signIn', {})
    expect(met.code).toBe('protocol.unexpected')
    expect(met.heard.split(canary)).toHaveLength(2)
    expect(met.heard).not.toContain('/elsewhere')
  })
})

describe.runIf(certificates !== undefined)('a sign-in to a server of today that', () => {
  test.each([
    ['has no such database', 'database', 'db.not_found'],
    ['lets no one read', 'read', 'read.denied'],
    ['has no such table', 'read', 'read.denied'],
    ['takes too long', 'read', 'limit.exceeded'],
    ['is another web server', 'authentication', 'protocol.unexpected'],
    ['has no such page', 'authentication', 'protocol.unexpected'],
    ['never answers', 'authentication', 'limit.exceeded'],
    ['sends one byte a second', 'read', 'limit.exceeded'],
    ['sends rows without end', 'read', 'limit.exceeded'],
  ] as const)('%s is told apart', async (name, rung, code) => {
    const met = await meet(name, 'signIn', {}, { limits: { milliseconds: 5_000 } })
    expect(met.failed).toMatchObject({ name: rung, code })
  })

  test('repeats the password is shown without it', async () => {
    const { outcome, failed } = await meet('repeats the password', 'signIn', {})
    expect(JSON.stringify(outcome)).not.toContain(password)
    expect(failed?.detail).toContain('reader:[secret]')
  })

  test('closes after each answer is dialled again', async () => {
    expect(await meet('closes after each answer', 'listSchemas', {})).toMatchObject({
      outcome: { ok: true, value: { schemas: ['shop'] } },
    })
  })

  test('names databases badly answers with harmless text, and is asked to read only', async () => {
    const met = await meet('names databases badly', 'listSchemas', {})
    expect(met.outcome).toMatchObject({ value: { schemas: ['__proto__', '"; DROP', '<script>', '\u202eevil'] } })
    expect(met.heard).toMatch(/max_execution_time=10&.*readonly=1/)
    expect(met.heard).toContain('keyward test')
  })
})

describe.runIf(certificates !== undefined)('an import from a server of today that', () => {
  const input = (name: string) => ({
    source: { kind: 'query', query: 'SELECT 1' } as const,
    rowLimit: null,
    file: join(folder, `${name}.parquet`),
  })

  test('has JSON and nanoseconds keeps them', async () => {
    const { outcome } = await meet('exports today’s types', 'import', input('types'))
    const columns = [
      { name: 'a', type: 'JSON' },
      { name: 'b', type: 'TIMESTAMP_NS' },
    ]
    expect(outcome).toMatchObject({ ok: true, value: { rows: 3, columns } })
  })

  test.each([
    ['fails at the end of the rows', 'read.denied', 'throwIf'],
    ['breaks off with the reason', 'read.denied', 'throwIf'],
    ['breaks off', 'protocol.unexpected', 'ended the connection'],
    ['exports text that is not UTF-8', 'protocol.unexpected', 'UTF-8'],
  ] as const)('%s says so and leaves no file', async (name, code, words) => {
    const { failed } = await meet(name, 'import', input('broken'))
    expect(failed, JSON.stringify(failed)).toMatchObject({ name: 'read', code })
    expect(`${failed?.sentence} ${failed?.detail}`).toContain(words)
    expect(readdirSync(folder).filter((file) => file.startsWith('broken'))).toEqual([])
  })
})
