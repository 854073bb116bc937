import { afterAll, describe, expect, test } from 'vitest'
import { startDeaf } from '../../testing/deaf-server.ts'
import { type TestJob, testConnector, testJob } from '../../testing/jobs.ts'
import { type MariaDbTarget, startMariaDbTarget } from '../../testing/mariadb-target.ts'
import { startSilent } from '../../testing/silent-port.ts'
import { type Diagnosis, rungNames } from '../driver.ts'

const connector = testConnector()
const target: MariaDbTarget | undefined = await startMariaDbTarget()
const port = target?.port ?? 0
const here = describe.skipIf(target === undefined)

afterAll(async () => {
  await connector.close()
  await target?.close()
})

/** Signs in to the target, verifying it, and returns what came of it with the rung where it ended. */
async function signIn(options: Partial<TestJob> = {}) {
  const ca = target?.certificates?.authority
  const tls = ca === undefined ? 'disable' : 'verify-full'
  const job = testJob('signIn', {}, { driver: 'mariadb', port, tls, ca, ...options })
  const outcome = await connector.run(job, { userId: 'ada' })
  const failed = outcome.diagnosis.find((rung) => rung.state === 'failed')
  const words = JSON.stringify(outcome)
  expect(words, 'no password in a diagnosis').not.toContain(options.password ?? 'correct horse')
  expect(words, 'nothing of another kind of server').not.toMatch(/postgres|pg_hba|scram/i)
  const code = outcome.ok ? 'ok' : outcome.code
  return { outcome, code, rung: failed?.name, failed, states: states(outcome.diagnosis) }
}

function states(diagnosis: Diagnosis): string {
  expect(diagnosis.map((rung) => rung.name)).toEqual(rungNames)
  const letter = { passed: '+', failed: '!', 'not reached': '.', 'not applicable': '-' } as const
  return diagnosis.map((rung) => letter[rung.state]).join('')
}

here('a sign-in to a real MariaDB', () => {
  test('with the right account climbs every rung and reads a row', async () => {
    const { outcome, states } = await signIn()
    expect(outcome).toMatchObject({
      ok: true,
      value: {
        serverVersion: expect.stringMatching(/^\d+\.\d+.*MariaDB/),
        expiresAt: null,
        privileges: { superuser: false, canWrite: false },
      },
    })
    expect(outcome.ok && outcome.value).not.toHaveProperty('product')
    expect(states).toBe('+++++++')
    expect(outcome.diagnosis[6]?.sentence).toBe('A row of a table could be read.')
    expect(outcome.diagnosis.every((rung) => (rung.milliseconds ?? 0) >= 0)).toBe(true)
  })

  test('by the driver for MySQL works, and says what it is', async () => {
    expect((await signIn({ driver: 'mysql' })).outcome).toMatchObject({ ok: true, value: { product: 'MariaDB' } })
  })

  test('without encryption says so and climbs the others', async () => {
    expect((await signIn({ tls: 'disable' })).states).toBe('+++-+++')
  })

  test('without a database reads from one that the account may use', async () => {
    const { outcome, states } = await signIn({ database: '' })
    expect(states).toBe('+++++-+')
    expect(outcome.diagnosis[6]?.sentence).toBe('A row of a table could be read.')
  })

  test.each([
    ['writer', { superuser: false, canWrite: true }],
    ['admin', { superuser: true, canWrite: true }],
  ])('of %s learns what it may do', async (username, privileges) => {
    expect((await signIn({ username })).outcome).toMatchObject({ ok: true, value: { privileges } })
  })

  test.each([
    ['a wrong password', { password: 'not-this-one-42' }, 'auth.refused', 'authentication'],
    ['an unknown user', { username: 'nobody' }, 'auth.refused', 'authentication'],
    ['a locked user', { username: 'locked' }, 'auth.locked', 'authentication'],
    ['an expired password', { username: 'expired' }, 'auth.expired', 'authentication'],
    ['a password kept as MySQL 3 did', { username: 'old' }, 'auth.method_refused', 'authentication'],
    ['an unknown database', { username: 'admin', database: 'nothing' }, 'db.not_found', 'database'],
    ['a database without rights', { database: 'closed' }, 'db.denied', 'database'],
    ['a user without SELECT', { username: 'stranger' }, 'read.denied', 'read'],
    ['an unknown host', { host: 'no-such-host.invalid' }, 'dns.not_found', 'dns'],
  ] as const)('with %s', async (_case, options, code, rung) => {
    expect(await signIn(options)).toMatchObject({ code, rung })
  })

  test('with an expired password that the server does not even let in', async () => {
    await target?.sql('SET GLOBAL disconnect_on_expired_password = 1')
    const result = await signIn({ username: 'expired' })
    await target?.sql('SET GLOBAL disconnect_on_expired_password = 0')
    expect(result).toMatchObject({ code: 'auth.expired', rung: 'authentication' })
  })

  test('to a database without tables passes, and says that there are none', async () => {
    const { outcome, states } = await signIn({ database: 'empty' })
    expect(states).toBe('+++++++')
    expect(outcome.diagnosis[6]?.sentence).toContain('no tables yet')
  })

  test('to a server that has no connection left says so', async () => {
    await target?.sql("ALTER USER 'writer' WITH MAX_QUERIES_PER_HOUR 1")
    const result = await signIn({ username: 'writer' })
    await target?.sql("ALTER USER 'writer' WITH MAX_QUERIES_PER_HOUR 0")
    expect(result).toMatchObject({ code: 'limit.exceeded' })
  })

  test.each([{ username: '' }, { password: '' }])('with an empty field sends nothing: %o', async (empty) => {
    const job = testJob('signIn', {}, { driver: 'mariadb', port, ...empty })
    const outcome = await connector.run(job, { userId: 'ada' })
    expect(states(outcome.diagnosis)).toBe('....!..')
    expect(outcome).toMatchObject({ ok: false, code: 'auth.refused' })
  })
})

here('a certificate', () => {
  const certificates = target?.certificates
  const encrypted = test.skipIf(certificates === undefined)

  encrypted.each([
    ['selfSigned', 'tls.untrusted'],
    ['wrongHost', 'tls.hostname'],
    ['expired', 'tls.expired'],
  ] as const)('%s is refused as %s, and accepted where nothing is verified', async (name, code) => {
    if (certificates !== undefined) await target?.show(certificates[name])
    expect(await signIn()).toMatchObject({ code, rung: 'tls' })
    expect(await signIn({ tls: 'require' })).toMatchObject({ code: 'ok' })
  })

  encrypted('by an authority that nobody pinned is untrusted, and is verified for an address too', async () => {
    if (certificates !== undefined) await target?.show(certificates.good)
    expect(await signIn({ ca: undefined })).toMatchObject({ code: 'tls.untrusted', rung: 'tls' })
    expect(await signIn({ host: '127.0.0.1' })).toMatchObject({ code: 'ok' })
  })

  encrypted('is missing: a server without TLS is never accepted in silence', async () => {
    await target?.show('none')
    expect(await signIn()).toMatchObject({ code: 'tls.not_offered', rung: 'tls' })
    expect(await signIn({ tls: 'require' })).toMatchObject({ code: 'tls.not_offered', rung: 'tls' })
    expect(await signIn({ tls: 'disable' })).toMatchObject({ code: 'ok' })
    if (certificates !== undefined) await target?.show(certificates.good)
  })

  encrypted('is not there, for an account that the server only admits with one', async () => {
    await target?.sql("ALTER USER 'writer' REQUIRE SSL")
    expect(await signIn({ username: 'writer', tls: 'disable' })).toMatchObject({ code: 'auth.refused' })
    expect(await signIn({ username: 'writer' })).toMatchObject({ code: 'ok' })
  })
})

describe('a port', () => {
  test('behind a firewall that drops packets times out', async () => {
    const silent = await startSilent()
    if (silent === undefined) return
    const result = await signIn({ port: silent.port, host: '127.0.0.1', limits: { milliseconds: 3_000 } })
    await silent.close()
    expect(result).toMatchObject({ code: 'tcp.timeout', rung: 'tcp' })
  })

  test.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 'an SSH server'],
    ['mail', '220 mail.example ESMTP\r\n', 'a mail or file server'],
    ['garbage', '\x01\x00\x00\x00\x00', 'does not speak MySQL'],
  ])('with %s behind it is recognised', async (_name, greeting, words) => {
    const server = await startDeaf((socket) => socket.write(Buffer.from(greeting, 'latin1')))
    const { code, rung, failed } = await signIn({ port: server.port, tls: 'verify-full' })
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
    const server = await startDeaf()
    const result = await signIn({ port: server.port, tls, limits: { milliseconds: 4_000 } })
    await server.close()
    expect(result).toMatchObject({ code: 'limit.exceeded', rung: tls === 'disable' ? 'authentication' : 'tls' })
  })
})
