import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDeaf } from '../testing/deaf-server.ts'
import { type TestJob, testConnector, testJob } from '../testing/jobs.ts'
import { startRogue } from '../testing/rogue-postgres.ts'
import { startSilent } from '../testing/silent-port.ts'
import { startTarget, type Target } from '../testing/target.ts'
import { type Diagnosis, rungNames } from './driver.ts'

let target: Target
const connector = testConnector()

beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await connector.close()
  await target.close()
})

/** Signs in to the target, verifying it, and returns what came of it with the rung where it ended. */
async function signIn(options: Partial<TestJob> = {}) {
  const ca = target.certificates?.authority
  const tls = ca === undefined ? 'disable' : 'verify-full'
  const job = testJob('signIn', {}, { port: target.port, tls, ca, ...options })
  const outcome = await connector.run(job, { userId: 'ada' })
  const failed = outcome.diagnosis.find((rung) => rung.state === 'failed')
  const words = JSON.stringify(outcome)
  expect(words, 'no password in a diagnosis').not.toContain(options.password ?? 'correct horse')
  return {
    outcome,
    code: outcome.ok ? 'ok' : outcome.code,
    rung: failed?.name,
    failed,
    states: states(outcome.diagnosis),
  }
}

function states(diagnosis: Diagnosis): string {
  expect(diagnosis.map((rung) => rung.name)).toEqual(rungNames)
  const letter = { passed: '+', failed: '!', 'not reached': '.', 'not applicable': '-' } as const
  return diagnosis.map((rung) => letter[rung.state]).join('')
}

describe('a sign-in to a real PostgreSQL', () => {
  test('with the right account climbs every rung and reads a row', async () => {
    const { outcome, states } = await signIn()
    expect(outcome).toMatchObject({
      ok: true,
      value: { serverVersion: expect.stringMatching(/^\d+/), expiresAt: null },
    })
    expect(states).toBe('+++++++')
    expect(outcome.diagnosis[6]?.sentence).toBe('A row of a table could be read.')
    expect(outcome.diagnosis.every((rung) => (rung.milliseconds ?? 0) >= 0)).toBe(true)
  })

  test('learns when the password will end', async () => {
    const { outcome } = await signIn({ username: 'future' })
    expect(outcome).toMatchObject({ ok: true, value: { expiresAt: '2100-01-01T00:00:00.000Z' } })
  })

  test('without encryption says so and climbs the others', async () => {
    const { states } = await signIn({ tls: 'disable' })
    expect(states).toBe('+++-+++')
  })

  test.each([
    ['a wrong password', { password: 'not-this-one-42' }, 'auth.refused', 'authentication'],
    ['an unknown user', { username: 'nobody' }, 'auth.refused', 'authentication'],
    ['a locked user', { username: 'locked' }, 'auth.locked', 'authentication'],
    ['a user whom pg_hba.conf rejects', { username: 'rejected' }, 'auth.refused', 'authentication'],
    ['an unknown database', { database: 'nothing' }, 'db.not_found', 'database'],
    ['a database without CONNECT', { database: 'closed' }, 'db.denied', 'database'],
    ['a database that takes no connections', { database: 'template0' }, 'db.denied', 'database'],
    ['a user without SELECT', { username: 'stranger' }, 'read.denied', 'read'],
    ['an unknown host', { host: 'no-such-host.invalid' }, 'dns.not_found', 'dns'],
  ] as const)('with %s', async (_case, options, code, rung) => {
    expect(await signIn(options)).toMatchObject({ code, rung })
  })

  test('of an expired role is refused like a wrong password, because the server says the same', async () => {
    expect(await signIn({ username: 'expired' })).toMatchObject({ code: 'auth.refused', rung: 'authentication' })
  })

  test('of an expired role whose end was learned before says that it has expired', async () => {
    const result = await signIn({ username: 'expired', knownExpiry: '2020-01-01T00:00:00.000Z' })
    expect(result).toMatchObject({ code: 'auth.expired', rung: 'authentication' })
    expect(result.failed?.sentence).toContain('2020-01-01')
  })

  test('with a wrong password before a known end is not called expired', async () => {
    const result = await signIn({ password: 'not-this-one-42', knownExpiry: '2100-01-01T00:00:00.000Z' })
    expect(result.code).toBe('auth.refused')
  })

  test('to a database without tables passes, and says that there are none', async () => {
    const { outcome, states } = await signIn({ database: 'empty' })
    expect(states).toBe('+++++++')
    expect(outcome.diagnosis[6]?.sentence).toContain('no tables yet')
  })

  test('to a server that asks for nothing says that the password was not proven', async () => {
    const { outcome } = await signIn({ username: 'trusted', password: 'anything' })
    expect(outcome.ok && outcome.diagnosis[4]?.sentence).toContain('without asking for its password')
  })

  test.each([{ username: '' }, { password: '' }])('with an empty field sends nothing: %o', async (empty) => {
    const job = testJob('signIn', {}, { port: target.port, ...empty })
    const outcome = await connector.run(job, { userId: 'ada' })
    expect(states(outcome.diagnosis)).toBe('....!..')
    expect(outcome).toMatchObject({ ok: false, code: 'auth.refused' })
  })

  test('that must give the password away is refused without verified TLS and works with it', async () => {
    for (const username of ['clear', 'hashed']) {
      expect(await signIn({ username, tls: 'disable' })).toMatchObject({ code: 'auth.method_refused' })
      expect(await signIn({ username, tls: 'require' })).toMatchObject({ code: 'auth.method_refused' })
      expect(await signIn({ username })).toMatchObject({ code: target.certificates ? 'ok' : 'auth.method_refused' })
    }
  })
})

describe('a certificate', () => {
  test.each([
    ['selfSigned', 'tls.untrusted'],
    ['wrongHost', 'tls.hostname'],
    ['expired', 'tls.expired'],
  ] as const)('%s is refused as %s, and accepted where nothing is verified', async (name, code) => {
    if (target.certificates === undefined) return
    await target.show(target.certificates[name])
    expect(await signIn()).toMatchObject({ code, rung: 'tls' })
    expect(await signIn({ tls: 'require' })).toMatchObject({ code: 'ok' })
  })

  test('by an authority that nobody pinned is untrusted', async () => {
    if (target.certificates === undefined) return
    await target.show(target.certificates.good)
    expect(await signIn({ ca: undefined })).toMatchObject({ code: 'tls.untrusted', rung: 'tls' })
  })

  test('is verified for an address too', async () => {
    if (target.certificates === undefined) return
    await target.show(target.certificates.good)
    expect(await signIn({ host: '127.0.0.1' })).toMatchObject({ code: 'ok' })
  })

  test('is missing: a server without TLS is never accepted in silence', async () => {
    if (target.certificates === undefined) return
    await target.show('none')
    expect(await signIn()).toMatchObject({ code: 'tls.not_offered', rung: 'tls' })
    expect(await signIn({ tls: 'require' })).toMatchObject({ code: 'tls.not_offered', rung: 'tls' })
    expect(await signIn({ tls: 'disable' })).toMatchObject({ code: 'ok' })
    await target.show(target.certificates.good)
  })
})

describe('a port', () => {
  test('behind a firewall that drops packets times out', async () => {
    const silent = await startSilent()
    if (silent === undefined) return
    const limits = { milliseconds: 3_000 }
    const result = await signIn({ port: silent.port, host: '127.0.0.1', limits })
    await silent.close()
    expect(result).toMatchObject({ code: 'tcp.timeout', rung: 'tcp' })
  })

  test.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 'an SSH server'],
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'a web server'],
  ])('with %s behind it is recognised', async (_name, greeting, words) => {
    const server = await startDeaf((socket) => socket.once('data', () => socket.write(greeting)))
    const { code, rung, failed } = await signIn({ port: server.port })
    await server.close()
    expect({ code, rung }).toEqual({ code: 'protocol.unexpected', rung: 'tls' })
    expect(failed?.sentence).toContain(words)
    expect(JSON.stringify(failed)).not.toContain('OpenSSH')
  })

  test('that closes at once is unexpected', async () => {
    const server = await startDeaf((socket) => socket.destroy())
    expect(await signIn({ port: server.port })).toMatchObject({ code: 'protocol.unexpected' })
    await server.close()
  })

  test.each(['verify-full', 'disable'])('that never answers ends inside the limit, with %s', async (tls) => {
    const rogue = await startRogue('never answers')
    const result = await signIn({ port: rogue.port, tls, limits: { milliseconds: 1_500 } })
    await rogue.close()
    expect(result).toMatchObject({ code: 'limit.exceeded', rung: tls === 'disable' ? 'authentication' : 'tls' })
  })

  test.each([
    ['sends garbage', 'verify-full'],
    ['sends garbage', 'disable'],
    ['sends garbage that begins with a letter of ours', 'verify-full'],
    ['sends garbage that begins with a letter of ours', 'disable'],
  ] as const)('that %s is unexpected, with %s', async (what, tls) => {
    const rogue = await startRogue(what)
    const result = await signIn({ port: rogue.port, tls })
    await rogue.close()
    expect(result.code).toBe('protocol.unexpected')
  })
})
