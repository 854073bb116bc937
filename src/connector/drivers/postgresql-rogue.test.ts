import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type TestJob, testJob } from '../../testing/jobs.ts'
import { meetRogue, prepareRogues } from '../../testing/rogue-jobs.ts'
import { type RogueName, startRogue } from '../../testing/rogue-postgres.ts'
import type { Operation, Operations } from '../driver.ts'

const password = 'hunter2-and-a-half'
const ground = prepareRogues()
const { certificates } = ground

/** Runs one operation against a rogue and returns what came of it, with what the rogue heard. */
async function meet<O extends Operation>(
  name: RogueName,
  operation: O,
  input: Operations[O]['input'],
  options: Partial<TestJob> & { encrypted?: boolean } = {},
) {
  const { encrypted, ...rest } = options
  const rogue = await startRogue(name, encrypted ? certificates?.good : undefined)
  return meetRogue(ground, rogue, testJob(operation, input, { port: rogue.port, password, ...rest }))
}

function expectNothingOf(secret: string, heard: Buffer): void {
  const text = heard.toString('latin1')
  const md5 = createHash('md5').update(`${secret}reader`).digest('hex')
  const salted = createHash('md5').update(`${md5}salt`).digest('hex')
  const base64 = Buffer.from(secret).toString('base64')
  for (const form of [secret, encodeURIComponent(secret), base64, md5, salted]) expect(text).not.toContain(form)
}

describe('a rogue server learns nothing of the password when it', () => {
  const cases: readonly (readonly [RogueName, string])[] = [
    ['asks for the password in the clear', 'auth.method_refused'],
    ['asks for an MD5', 'auth.method_refused'],
    ['asks for GSSAPI', 'auth.method_refused'],
    ['asks for 20,000,000 rounds', 'auth.method_refused'],
    ['offers an unknown mechanism', 'auth.method_refused'],
    ['leaves out its own proof', 'protocol.unexpected'],
    ['gives a false proof', 'protocol.unexpected'],
    ['asks for the password after SCRAM', 'protocol.unexpected'],
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

test('an error that repeats the password, in colours and backwards, is shown without it', async () => {
  if (certificates === undefined) return
  const options = { tls: 'verify-full', ca: certificates.authority, encrypted: true }
  const met = await meet('repeats the password in an error', 'signIn', {}, options)
  expect(met.heard.toString()).toContain(password)
  expect(met.code).toBe('auth.refused')
  expect(met.words).not.toContain(password)
  const detail = met.outcome.diagnosis[4]?.detail ?? ''
  expect(detail).toContain('no entry for [secret]')
  expect(detail).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

describe('a job against a server that', () => {
  test.each([
    ['sends rows without end', 'limit.exceeded'],
    ['announces a row of two gigabytes', 'limit.exceeded'],
    ['names columns without end', 'limit.exceeded'],
    ['sends notices without end', 'limit.exceeded'],
    ['sends one byte a second', 'limit.exceeded'],
  ] as const)('%s ends inside its limit', async (name, code) => {
    const met = await meet(name, 'listSchemas', {}, { limits: { milliseconds: 3_000 } })
    expect(met.code).toBe(code)
  })

  test('names schemas badly answers with harmless text', async () => {
    const { outcome } = await meet('names schemas badly', 'listSchemas', {})
    if (!outcome.ok) throw new Error(outcome.code)
    expect(outcome.value.schemas).toHaveLength(6)
    expect(outcome.value.schemas[0]).toBe('__proto__')
    expect({}.constructor).toBe(Object)
  })

  test('was hostile leaves a connector that still works', async () => {
    const again = await meet('names schemas badly', 'listSchemas', {})
    expect(again.code).toBe('ok')
  })
})
