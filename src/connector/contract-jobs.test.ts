import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeafServer, startDeaf } from '../testing/deaf-server.ts'
import { accountSecrets, exampleSignIn, startRefusing, type Whither } from '../testing/refusing-stores.ts'
import { startRogueHttp } from '../testing/rogue-http.ts'
import { prepareRogues } from '../testing/rogue-jobs.ts'
import type { Driver } from './driver.ts'
import { drivers } from './registry.ts'

// What every driver does in the face of the same troubles, whatever it speaks.

const { connector, certificates } = prepareRogues()
const each = (some: readonly Driver[]) => some.map((driver) => [driver.id, driver] as const)
/** They begin with TLS, in which a server that does not speak it has no way to say so. */
const overHttps = drivers.filter(({ id }) => ['snowflake', 'clickhouse', 's3', 'https-file'].includes(id))

let silent: DeafServer
let loud: DeafServer
beforeAll(async () => {
  silent = await startDeaf()
  loud = await startDeaf((socket) => socket.end(Buffer.alloc(65_536, 0xfe)))
})
afterAll(async () => {
  await silent.close()
  await loud.close()
})

/** Signs in, and expects that nothing of the secret is in what comes of it. */
async function signIn(driver: Driver, whither: Whither, signal?: AbortSignal) {
  const job = exampleSignIn(driver, whither)
  const outcome = await connector.run(job, { userId: driver.id, ...(signal === undefined ? {} : { signal }) })
  expectNothingIn(JSON.stringify(outcome))
  const failed = outcome.diagnosis.find(({ state }) => state === 'failed')
  return { code: outcome.ok ? 'ok' : outcome.code, rung: failed?.name }
}

function expectNothingIn(words: string): void {
  for (const secret of accountSecrets) expect(words).not.toContain(secret)
}

describe.each(each(drivers))('the driver %s', (_id, driver) => {
  test('says of a dead port that nothing listens there', async () => {
    expect(await signIn(driver, { port: 1 })).toEqual({ code: 'tcp.refused', rung: 'tcp' })
  })

  test('dials nothing that the policy refuses', async () => {
    const refused = { code: 'policy.refused', rung: 'policy' }
    expect(await signIn(driver, { host: '169.254.169.254', port: 80 })).toEqual(refused)
  })

  // Where there is no OpenSSL, the reason has been printed.
  test.runIf(certificates !== undefined)('says of a wrong secret that it is refused', async () => {
    if (certificates === undefined) return
    const store = await startRefusing(driver, certificates.good)
    const refused = { code: 'auth.refused', rung: 'authentication' }
    expect(await signIn(driver, { port: store.port, certificates })).toEqual(refused)
    await store.close()
  })

  test('says of garbage that it is no such server, and has sent no secret', async () => {
    const { code } = await signIn(driver, { port: loud.port })
    expect(code).toBe(overHttps.includes(driver) ? 'tls.not_offered' : 'protocol.unexpected')
    expectNothingIn(loud.heard())
  })

  test('ends when it is cancelled, however silent the server is, and has sent no secret', async () => {
    const controller = new AbortController()
    const running = signIn(driver, { port: silent.port }, controller.signal)
    await silent.dialled()
    controller.abort()
    expect((await running).code).toBe('limit.exceeded')
    expectNothingIn(silent.heard())
  })
})

describe.runIf(certificates !== undefined).each(each(overHttps))('the driver %s', (_id, driver) => {
  test('says of garbage from a server that was verified that it is no such server', async () => {
    if (certificates === undefined) return
    const rogue = await startRogueHttp('sends garbage', '', certificates.good)
    expect((await signIn(driver, { port: rogue.port, certificates })).code).toBe('protocol.unexpected')
    await rogue.close()
  })
})

test('every driver ends when its time is over, however silent the server is', async () => {
  const limits = { milliseconds: 3_000 }
  const late = await Promise.all(
    drivers.map(async (driver) => [driver.id, (await signIn(driver, { port: silent.port, limits })).code]),
  )
  expect(late).toEqual(drivers.map(({ id }) => [id, 'limit.exceeded']))
  expectNothingIn(silent.heard())
})
