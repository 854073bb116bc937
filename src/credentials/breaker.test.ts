import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { auditEntries } from '../db/schema/audit.ts'
import { connections } from '../db/schema/connections.ts'
import { credentials } from '../db/schema/credentials.ts'
import { missedUses } from '../db/schema/missed-uses.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices, type Services } from '../services.ts'
import { addConnection, refused, signedIn, type TestDomain, testDomain } from '../testing/domain.ts'
import { endPause, PermitOver } from './breaker.ts'

let domain: TestDomain
/** A second process on the same database. */
let other: Services
let first: string
let second: string
let credential: string
let count = 0
const failing = (code: string) => ({ ...refused, code }) as typeof refused

beforeAll(async () => {
  domain = await testDomain()
  const { keyring, deploymentId } = domain.keys
  const egress = { deployment: 'managed', allow: [], deny: [] } as never
  other = createServices({ ...domain, keyring, deploymentId, deployment: 'managed', egress })
})
afterAll(() => domain.close())
beforeEach(async () => {
  count += 1
  domain.connector.next = signedIn
  domain.connector.jobs.length = 0
  first = await addConnection(domain, domain.ada, `First ${count}`)
  second = await addConnection(domain, domain.ada, `Second ${count}`)
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const account = { type: 'basic', name: `Reader ${count}`, description: '', fields, connectionIds: [first, second] }
  const saved = await domain.vault.create(domain.ada, account)
  if (!saved.ok) throw new Error(saved.error)
  credential = saved.id
})

const account = () => ({ kind: 'stored', credentialId: credential }) as const
const signIn = (services: Services = domain, on = first) => services.signIns.create(domain.ada, on, account(), 'test')
const row = async () => (await domain.db.select().from(credentials).where(eq(credentials.id, credential)))[0]
const permit = (on = first, services: Services = domain) =>
  services.breaker.permit({ credentialId: credential, connectionId: on, purpose: 'refresh of a dataset' })
const show = () => domain.credentialQueries.show(domain.ada, credential)
const sentenceOf = (diagnosis: { readonly diagnosis: readonly { state: string; sentence: string }[] }) =>
  diagnosis.diagnosis.find(({ state }) => state === 'failed')?.sentence

async function entries(action: string) {
  const its = and(eq(auditEntries.action, action), eq(auditEntries.resourceId, credential))
  return domain.db.select().from(auditEntries).where(its)
}

/** Runs `work` while a use is at the data store, which then answers as `answer` says. */
async function whileTried(answer: typeof refused, use: () => Promise<unknown>, work: () => Promise<void>) {
  const { run } = domain.connector
  let begun = false
  domain.connector.run = async (job, options) => {
    if (begun) return run(job, options)
    begun = true
    await work()
    domain.connector.next = answer
    return run(job, options)
  }
  try {
    return await use()
  } finally {
    domain.connector.run = run
    domain.connector.next = signedIn
  }
}

async function newVersion(): Promise<void> {
  const typed = {
    text: (id: string) => (id === 'username' ? 'reader' : `a newer password ${Math.random()}`),
    cleared: () => false,
  }
  const { revision = 0 } = (await row()) ?? {}
  const edit = { revision, name: `Reader ${count}`, description: '', typed }
  expect(await domain.vault.edit(domain.ada, credential, edit)).toMatchObject({ ok: true })
}

describe('A refusal', () => {
  test.each(['auth.refused', 'auth.expired', 'auth.locked'])(
    '%s pauses the credential, once, with an entry',
    async (code) => {
      domain.connector.next = failing(code)
      await signIn()
      const paused = await row()
      expect(paused).toMatchObject({ pausedCode: code, pausedConnectionId: first, trialUntil: null })
      await signIn(other, second)
      expect(await row()).toMatchObject({ pausedCode: code, pausedConnectionId: first, pausedAt: paused?.pausedAt })
      expect(await entries('credential.pause')).toMatchObject([
        { actorKind: 'system', outcome: 'allowed', details: { connectionId: first, version: 1 } },
      ])
      expect((await show()).pause).toMatchObject({ code, connectionName: `First ${count}`, tried: false })
      const { rows } = await domain.credentialQueries.list(domain.ada, { text: `Reader ${count}` })
      expect(rows).toMatchObject([{ pausedCode: code }])
    },
  )

  test.each(['tcp.timeout', 'dns.not_found', 'tls.untrusted', 'db.missing', 'limit.exceeded', 'auth.method_refused'])(
    'that is none of the secret, %s, pauses nothing',
    async (code) => {
      domain.connector.next = failing(code)
      await signIn()
      expect((await row())?.pausedAt).toBeNull()
    },
  )

  test('met while browsing, previewing or making a snapshot pauses it as well, and its connection says so', async () => {
    domain.connector.next = refused
    const request = { connectionId: second, account: account(), operation: 'listSchemas', input: {}, purpose: 'browse' }
    await domain.use.run(domain.ada, request as never)
    expect(await row()).toMatchObject({ pausedCode: 'auth.refused', pausedConnectionId: second })
    const bond = (await show()).associations.find(({ connectionId }) => connectionId === second)
    expect(bond?.lastSignInCode).toBe('auth.refused')
  })

  test('of typed credentials, and of an edit that is only tried, pauses nothing', async () => {
    domain.connector.next = refused
    const typed = {
      text: (id: string) => (id === 'username' ? 'reader' : 'another'),
      cleared: () => false,
    }
    const edit = { revision: 1, name: 'Another', description: '', typed }
    const started = await domain.vault.startEdit(domain.ada, credential, edit)
    const { version } = started as Extract<typeof started, { ok: true }>
    await domain.signIns.create(domain.ada, first, { ...account(), version }, 'test')
    expect(domain.connector.jobs.at(-1)?.secrets).toMatchObject({ password: 'another' })
    const fields = { username: new Secret('reader'), password: new Secret('p') }
    await domain.signIns.create(domain.ada, first, { kind: 'typed', type: 'basic', fields }, 'test')
    expect((await row())?.pausedAt).toBeNull()
  })

  test('that two processes meet at once pauses it once', async () => {
    domain.connector.next = refused
    await Promise.all([signIn(), signIn(other, second), signIn(other), signIn(domain, second)])
    expect((await row())?.pausedCode).toBe('auth.refused')
    expect(await entries('credential.pause')).toHaveLength(1)
  })

  test('of a version that is not the present one any more changes nothing', async () => {
    await whileTried(refused, signIn, newVersion)
    expect((await row())?.pausedAt).toBeNull()
    expect(await entries('credential.pause')).toEqual([])
  })

  test('of an older version that comes after the proof of the present one changes nothing', async () => {
    domain.connector.next = refused
    await signIn()
    domain.connector.next = signedIn
    await whileTried(refused, signIn, async () => {
      await newVersion()
      await domain.db.transaction((tx) => endPause(tx, credential, new Date()))
    })
    expect(await row()).toMatchObject({ pausedAt: null, trialUntil: null })
  })

  test('of what is deleted meanwhile is answered as it is, and leaves nothing', async () => {
    const outcome = await whileTried(refused, signIn, () => domain.vault.delete(domain.ada, credential))
    expect(outcome).toMatchObject({ code: 'auth.refused' })
    expect(await entries('credential.pause')).toEqual([])
  })
})

describe('While it is paused', () => {
  beforeEach(async () => {
    domain.connector.next = refused
    await signIn()
    domain.connector.next = signedIn
    domain.connector.jobs.length = 0
  })

  test('nothing may use it by itself, in any process, and what would have is counted', async () => {
    for (const services of [domain, other, domain]) {
      expect(await permit(first, services)).toEqual({ ok: false, because: 'paused' })
    }
    await permit(second)
    const { missed } = await show()
    expect(missed).toMatchObject([
      { connectionName: `Second ${count}`, times: 1, because: 'paused', closedAt: null },
      { connectionName: `First ${count}`, times: 3, purpose: 'refresh of a dataset' },
    ])
  })

  test('one person at a time tries it, and who comes meanwhile is told so', async () => {
    await whileTried(refused, signIn, async () => {
      expect((await show()).pause?.tried).toBe(true)
      const meanwhile = await signIn(other, second)
      expect(meanwhile.code).toBe('policy.refused')
      expect(sentenceOf(meanwhile)).toContain('Someone is trying these credentials right now')
    })
    expect(domain.connector.jobs).toHaveLength(1)
    expect(await signIn(other, second)).toMatchObject({ code: 'ok', resumed: true })
    expect(domain.connector.jobs).toHaveLength(2)
  })

  test('of two who try at once one reaches the data store', async () => {
    let at = 0
    const { run } = domain.connector
    let letThrough = () => {}
    const bothDecided = new Promise<void>((resolve) => {
      letThrough = resolve
    })
    domain.connector.run = async (job, options) => {
      at += 1
      await bothDecided
      return run(job, options)
    }
    const tries = [signIn(), signIn(other)]
    const early = await Promise.race(tries)
    letThrough()
    const codes = (await Promise.all(tries)).map(({ code }) => code)
    domain.connector.run = run
    expect([early.code, codes.sort(), at]).toEqual(['policy.refused', ['ok', 'policy.refused'], 1])
  })

  test('a lease that is over lets the next one try, and the late answer of the first decides nothing', async () => {
    await whileTried(signedIn, signIn, async () => {
      await domain.db
        .update(credentials)
        .set({ trialUntil: new Date(Date.now() - 1) })
        .where(eq(credentials.id, credential))
      domain.connector.next = refused
      expect((await signIn(other, second)).code).toBe('auth.refused')
    })
    expect(await row()).toMatchObject({ pausedCode: 'auth.refused', trialUntil: null })
  })

  test('what waited in line does not try it', async () => {
    const request = { connectionId: first, account: account(), operation: 'signIn', input: {}, purpose: 'snapshot' }
    const outcome = await domain.use.run(domain.ada, { ...request, occasion: 'in line' } as never)
    expect(sentenceOf(outcome as never)).toContain('were paused while this waited')
    expect(domain.connector.jobs).toEqual([])
  })

  test('a failure of the network leaves it paused and lets the next one try', async () => {
    domain.connector.next = failing('tcp.timeout')
    await signIn()
    expect(await row()).toMatchObject({ pausedCode: 'auth.refused', trialUntil: null })
    domain.connector.next = signedIn
    expect((await signIn()).resumed).toBe(true)
  })

  test('being let in ends it: what was missed is closed, and the health checks of all its connections are due', async () => {
    for (const id of [first, second]) {
      await domain.health.configure(domain.ada, id, { minutes: 60, credentialId: credential })
      await domain.db
        .update(connections)
        .set({ healthNextAt: new Date('2099-01-01') })
        .where(eq(connections.id, id))
      await permit(id)
    }
    expect((await signIn()).resumed).toBe(true)
    expect(await row()).toMatchObject({ pausedAt: null, pausedCode: null, pausedConnectionId: null, trialUntil: null })
    const { pause, missed } = await show()
    expect([pause, missed.map(({ closedAt }) => closedAt !== null)]).toEqual([null, [true, true]])
    for (const id of [first, second]) {
      const [connection] = await domain.db.select().from(connections).where(eq(connections.id, id))
      expect(connection?.healthNextAt?.getTime()).toBeLessThanOrEqual(Date.now())
    }
    expect(await entries('credential.resume')).toMatchObject([
      { actorKind: 'system', details: { connectionId: first } },
    ])
    expect((await permit()).ok).toBe(true)
  })

  test('being let in at the beginning of a long use ends it already', async () => {
    const { run } = domain.connector
    let seen: unknown
    domain.connector.run = async (job, options) => {
      await new Promise<void>((resolve) => {
        const wait = setInterval(async () => {
          if ((await row())?.pausedAt !== null) return
          clearInterval(wait)
          resolve()
        }, 10)
        options.onLetIn?.()
      })
      seen = (await row())?.trialUntil
      return run(job, options)
    }
    expect((await signIn()).resumed).toBe(true)
    domain.connector.run = run
    expect(seen).toBeNull()
  })

  test('being let in ends it once, and is told where the use is over sooner than that is written down', async () => {
    const { run } = domain.connector
    for (const answer of [signedIn, { ...refused, code: 'db.denied' }]) {
      domain.connector.next = answer as typeof signedIn
      domain.connector.run = async (job, options) => {
        options.onLetIn?.()
        return run(job, options)
      }
      expect((await signIn()).resumed).toBe(true)
      expect((await row())?.pausedAt).toBeNull()
      domain.connector.run = run
      domain.connector.next = refused
      await signIn()
    }
  })

  test('an edit keeps it paused, and its new version may be tried', async () => {
    await newVersion()
    expect((await row())?.pausedAt).not.toBeNull()
    expect((await signIn()).resumed).toBe(true)
  })

  test('a good sign-in that began before it does not end it', async () => {
    await domain.db.transaction((tx) => endPause(tx, credential, new Date()))
    await whileTried(signedIn, signIn, async () => {
      domain.connector.next = refused
      await signIn(other, second)
    })
    expect((await row())?.pausedConnectionId).toBe(second)
  })
})

describe('A permit', () => {
  test('is one at a time, is asked for again when it is used, and is given back', async () => {
    const answer = await permit()
    if (!answer.ok) throw new Error(answer.because)
    expect(await permit(second, other)).toEqual({ ok: false, because: 'tried now' })
    const occasion = answer.permit
    expect((await domain.signIns.create(domain.ada, first, account(), 'test', { occasion })).code).toBe('ok')
    await expect(domain.signIns.create(domain.ada, first, account(), 'test', { occasion })).rejects.toThrow(PermitOver)
    await domain.breaker.release(occasion)
    expect((await permit(second, other)).ok).toBe(true)
    expect(await domain.db.select().from(missedUses).where(eq(missedUses.credentialId, credential))).toEqual([])
  })

  test('that somebody was refused after does not open the credential', async () => {
    const answer = await permit()
    if (!answer.ok) throw new Error(answer.because)
    domain.connector.next = refused
    await signIn(other, second)
    domain.connector.jobs.length = 0
    const use = domain.signIns.create(domain.ada, first, account(), 'test', { occasion: answer.permit })
    await expect(use).rejects.toThrow(PermitOver)
    expect(domain.connector.jobs).toEqual([])
  })

  test('for a credential or a connection that is gone is not given', async () => {
    await domain.connections.delete(domain.ada, second, 'detach')
    expect(await permit(second)).toEqual({ ok: false, because: 'gone' })
    await domain.vault.delete(domain.ada, credential)
    expect(await permit()).toEqual({ ok: false, because: 'gone' })
  })
})
