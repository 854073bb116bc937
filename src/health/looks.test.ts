import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TooBusy } from '../connector/driver.ts'
import { parseNewFields } from '../credentials/credential-type.ts'
import { createMaintenance } from '../credentials/maintenance.ts'
import { basic } from '../credentials/types/basic.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connectionHealth, connections } from '../db/schema/connections.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { missedUses } from '../db/schema/missed-uses.ts'
import { users } from '../db/schema/organizations.ts'
import { createLog } from '../log.ts'
import { addConnection, refused, signedIn, type TestDomain, testDomain, tryEdit } from '../testing/domain.ts'
import { createHealth } from './health.ts'
import { createLooks } from './looks.ts'
import { createHealthSchedule } from './schedule.ts'

let domain: TestDomain
let connection: string
let credential: string
let count = 0
let clock = new Date('2026-06-01T00:00:00.000Z')
const minute = 60_000
const now = () => clock
const unheard = new AbortController().signal

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())
beforeEach(async () => {
  count += 1
  clock = new Date(clock.getTime() + 10_000 * minute)
  domain.connector.next = signedIn
  domain.connector.jobs.length = 0
  await domain.db.update(connections).set({ healthMinutes: null, healthNextAt: null })
  connection = await addConnection(domain, domain.ada, `Sales ${count}`)
  credential = await account(connection)
  expect(await health().configure(domain.ada, connection, { minutes: 60, credentialId: credential })).toEqual({
    ok: true,
  })
})

const health = () => createHealth({ ...domain, queries: domain.connectionQueries, now })
const looks = () =>
  createLooks({ ...domain, queries: domain.connectionQueries, deployment: 'managed', now, random: () => 0 })
const next = () => looks().next(unheard)

async function account(on: string): Promise<string> {
  const parsed = parseNewFields(basic, { text: (id) => `${id} ${count}`, cleared: () => false })
  if (!parsed.ok) throw new Error('The fields are wrong.')
  const account = { type: 'basic', name: `Account ${on}`, description: '', fields: parsed.fields, connectionIds: [on] }
  const saved = await domain.vault.create(domain.ada, account)
  if (!saved.ok) throw new Error(saved.error)
  return saved.id
}

function later(minutes: number): void {
  clock = new Date(clock.getTime() + minutes * minute)
}

async function row() {
  const [found] = await domain.db.select().from(connections).where(eq(connections.id, connection))
  return found as NonNullable<typeof found>
}

const codes = async () => (await health().show(domain.ada, connection)).looks.map(({ code }) => code)
const minutesAhead = async () =>
  ((await row()).healthNextAt?.getTime() ?? Number.NaN) / minute - clock.getTime() / minute
const waits = async () => (await health().show(domain.ada, connection)).waits !== null
const missed = () => domain.db.select().from(missedUses).where(eq(missedUses.credentialId, credential))
const failing = (code: string) => ({ ...refused, code }) as typeof refused
const manual = () => domain.signIns.create(domain.ada, connection, { kind: 'stored', credentialId: credential }, 'test')

describe('A look that is due', () => {
  test('signs in as the owner, is in the ledger with its purpose, and moves the next one on', async () => {
    expect(await next()).toBe(true)
    expect(await next()).toBe(false)
    expect(domain.connector.jobs).toHaveLength(1)
    expect(await codes()).toEqual(['ok'])
    expect(await minutesAhead()).toBe(60)
    const its = and(eq(auditEntries.action, 'credential.use'), eq(auditEntries.resourceId, credential))
    const entries = await domain.db.select().from(auditEntries).where(its)
    expect(entries).toMatchObject([{ purpose: 'health check', actorId: domain.ada.id, outcome: 'allowed' }])
    later(60)
    expect(await next()).toBe(true)
    expect(await codes()).toEqual(['ok', 'ok'])
  })

  test('is made once, however many processes look', async () => {
    for (let more = 0; more < 3; more++) {
      const other = await addConnection(domain, domain.ada, `Other ${count} ${more}`)
      await health().configure(domain.ada, other, { minutes: 60, credentialId: await account(other) })
    }
    const processes = Array.from({ length: 4 }, () =>
      createHealthSchedule({ ...domain, looks: looks(), log: createLog({ level: 'silent' }) }),
    )
    await Promise.all(processes.map((one) => one.once()))
    expect(domain.connector.jobs).toHaveLength(4)
    await Promise.all(processes.map((one) => one.close()))
  })

  test('whose account is paused between permit and sign-in, is put off and listed as missed, not a failure', async () => {
    const create: typeof domain.signIns.create = async (...call) => {
      const paused = { pausedAt: new Date(), pausedCode: 'auth.refused', pausedConnectionId: connection }
      await domain.db.update(credentials).set(paused).where(eq(credentials.id, credential))
      return domain.signIns.create(...call)
    }
    const its = { ...domain, queries: domain.connectionQueries, deployment: 'managed', now, random: () => 0 } as const
    expect(await createLooks({ ...its, signIns: { create } }).next(unheard)).toBe(true)
    expect(domain.connector.jobs).toEqual([])
    expect(await codes()).toEqual([])
    expect(await minutesAhead()).toBe(0.25)
    later(1)
    await next()
    expect(await codes()).toEqual(['skipped.paused'])
    expect(await missed()).toMatchObject([{ because: 'paused', times: 1 }])
  })

  test('that is ended by closing leaves nothing behind but its next time', async () => {
    const closing = new AbortController()
    const { run } = domain.connector
    domain.connector.run = async (job, options) => {
      expect(options.background).toBe(true)
      closing.abort()
      expect(options.signal?.aborted).toBe(true)
      domain.connector.next = failing('limit.exceeded')
      return run(job, options)
    }
    await looks().next(closing.signal)
    domain.connector.run = run
    expect(await codes()).toEqual([])
    expect((await row()).lastSignInCode).toBeNull()
    expect(await minutesAhead()).toBe(60)
  })

  test('of what is kept for 30 days removes the older ones', async () => {
    const at = (days: number) => new Date(clock.getTime() - days * 1440 * minute)
    const old = [31, 29].map((days) => ({ connectionId: connection, at: at(days), code: 'ok', milliseconds: 1 }))
    await domain.db.insert(connectionHealth).values(old)
    await next()
    expect((await health().show(domain.ada, connection)).looks.map((look) => look.at)).toEqual([clock, at(29)])
  })
})

describe('A failure', () => {
  test('of the network doubles the wait up to a day, never stops it, and a good look ends that', async () => {
    domain.connector.next = failing('tcp.timeout')
    for (const minutes of [120, 240, 480, 960, 1440, 1440]) {
      await next()
      expect(await minutesAhead()).toBe(minutes)
      later(minutes)
    }
    domain.connector.next = signedIn
    await next()
    expect(await minutesAhead()).toBe(60)
  })

  test.each(['auth.refused', 'auth.expired', 'auth.locked'])(
    'of the secret, %s, is the last attempt: from then on nothing is tried, and the strip says so',
    async (code) => {
      domain.connector.next = failing(code)
      for (let looked = 0; looked < 3; looked++) {
        expect(await next()).toBe(true)
        expect(await minutesAhead()).toBe(60)
        later(60)
      }
      expect(domain.connector.jobs).toHaveLength(1)
      expect(await codes()).toEqual(['skipped.paused', 'skipped.paused', code])
      expect((await health().show(domain.ada, connection)).waits).toMatchObject({ because: 'paused', code })
      expect((await missed())[0]).toMatchObject({ purpose: 'health check', because: 'paused', times: 2 })
    },
  )

  test('of the way to sign in backs off, because nobody looked at the secret', async () => {
    domain.connector.next = failing('auth.method_refused')
    await next()
    expect(await minutesAhead()).toBe(120)
    expect((await health().show(domain.ada, connection)).waits).toBeNull()
  })
})

describe('A check whose account is paused', () => {
  beforeEach(async () => {
    domain.connector.next = refused
    await next()
    domain.connector.next = signedIn
  })

  test('is due at once after a good sign-in with that account, and after no other', async () => {
    const fields = parseNewFields(basic, { text: (id) => id, cleared: () => false })
    if (fields.ok)
      await domain.signIns.create(domain.ada, connection, { kind: 'typed', type: 'basic', ...fields }, 'test')
    expect(await waits()).toBe(true)
    expect(await manual()).toMatchObject({ code: 'ok', resumed: true })
    expect(await waits()).toBe(false)
    // The refusal of the tests' own clock is months older than this, and no longer kept.
    clock = new Date(Date.now() + minute)
    expect([await next(), await codes()]).toEqual([true, ['ok']])
  })

  test('goes on after a proven new secret, and not after one that was saved without a sign-in', async () => {
    const typed = {
      text: (id: string) => (id === 'username' ? `username ${count}` : 'a new one'),
      cleared: () => false,
    }
    const edit = { name: `Account ${connection}`, description: '', typed }
    const unproven = await domain.saving.edit(domain.ada, credential, { ...edit, revision: 1, signIn: false })
    expect(unproven).toMatchObject({ kind: 'saved', proof: 'still paused' })
    expect(await waits()).toBe(true)
    const newer = { ...typed, text: (id: string) => (id === 'username' ? `username ${count}` : 'a newer one') }
    const tried = await tryEdit(domain, domain.ada, credential, { ...edit, typed: newer, revision: 2 })
    expect(await waits()).toBe(true)
    await domain.vault.applyEdit(domain.ada, credential, tried)
    expect(await waits()).toBe(false)
  })

  test('can be saved again and turned off, and neither ends the pause', async () => {
    later(1)
    await health().configure(domain.ada, connection, { minutes: 15, credentialId: credential })
    expect([await next(), (await codes())[0]]).toEqual([true, 'skipped.paused'])
    await health().configure(domain.ada, connection, null)
    expect(await row()).toMatchObject({ healthMinutes: null, healthNextAt: null })
    expect((await domain.credentialQueries.show(domain.ada, credential)).pause).toMatchObject({ code: 'auth.refused' })
  })
})

test('A refusal that a person met stops the checks as well, before they met it', async () => {
  domain.connector.next = refused
  await manual()
  expect([await next(), await codes()]).toEqual([true, ['skipped.paused']])
  expect(domain.connector.jobs).toHaveLength(1)
})

test('Of two connections with one account the second waits until the first is over', async () => {
  const other = await addConnection(domain, domain.ada, `Second ${count}`)
  await domain.vault.associate(domain.ada, credential, other)
  await health().configure(domain.ada, other, { minutes: 60, credentialId: credential })
  const { run } = domain.connector
  let nested: boolean | undefined
  domain.connector.run = async (job, options) => {
    nested ??= await looks().next(unheard)
    domain.connector.next = refused
    return run(job, options)
  }
  expect(await next()).toBe(true)
  domain.connector.run = run
  expect([nested, domain.connector.jobs.length]).toEqual([true, 1])
  later(1)
  expect([await next(), domain.connector.jobs.length]).toEqual([true, 1])
  const strips = [connection, other].map(async (id) => (await health().show(domain.ada, id)).looks)
  const seen = (await Promise.all(strips)).flat().map(({ code }) => code)
  expect(seen.sort()).toEqual(['auth.refused', 'skipped.paused'])
})

describe('A maintenance window', () => {
  test('holds the checks, counts them as missed, and has them made when it is over', async () => {
    const maintenance = createMaintenance({ ...domain, now: async () => now() })
    const until = new Date(clock.getTime() + 90 * minute)
    expect(await maintenance.set(domain.ada, credential, { from: null, until })).toEqual({ ok: true })
    const schedule = createHealthSchedule({ looks: looks(), maintenance, log: createLog({ level: 'silent' }) })
    await schedule.once()
    expect((await health().show(domain.ada, connection)).waits).toEqual({ because: 'held', until })
    later(60)
    await schedule.once()
    expect([await codes(), domain.connector.jobs]).toEqual([['skipped.held', 'skipped.held'], []])
    expect((await missed())[0]).toMatchObject({ because: 'held', times: 2, closedAt: null })
    later(31)
    await schedule.once()
    expect(await codes()).toEqual(['ok', 'skipped.held', 'skipped.held'])
    expect((await missed())[0]).toMatchObject({ closedAt: clock })
    expect((await health().show(domain.ada, connection)).waits).toBeNull()
    await schedule.close()
  })
})

describe('Nothing is tried, and the strip says why, where', () => {
  const untried = async () => {
    expect(await next()).toBe(true)
    expect(domain.connector.jobs).toEqual([])
    expect(await waits()).toBe(false)
    return (await codes())[0]
  }

  test('the owner is disabled', async () => {
    const own = eq(users.id, domain.ada.id)
    await domain.db.update(users).set({ disabledAt: new Date() }).where(own)
    expect(await untried()).toBe('skipped.disabled')
    await domain.db.update(users).set({ disabledAt: null }).where(own)
  })

  test('stored credentials are off', async () => {
    await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', false)
    expect(await next()).toBe(true)
    await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', true)
    expect([await codes(), domain.connector.jobs]).toEqual([['skipped.feature'], []])
  })

  test('the account is not associated any more', async () => {
    await domain.vault.dissociate(domain.ada, credential, connection)
    expect(await untried()).toBe('skipped.account')
  })

  test('the destination changed', async () => {
    await domain.db
      .update(associations)
      .set({ destination: 'elsewhere' })
      .where(eq(associations.credentialId, credential))
    expect(await untried()).toBe('skipped.destination')
  })

  test('Keyward is busy', async () => {
    const { run } = domain.connector
    domain.connector.run = async () => {
      throw new TooBusy(2)
    }
    expect(await untried()).toBe('skipped.busy')
    domain.connector.run = run
    expect(await minutesAhead()).toBe(60)
  })

  test('the connection is deleted meanwhile, and nobody hears of it', async () => {
    const { run } = domain.connector
    domain.connector.run = async (job, options) => {
      await domain.connections.delete(domain.ada, connection, 'detach')
      return run(job, options)
    }
    expect(await next()).toBe(true)
    domain.connector.run = run
    expect(
      await domain.db.select().from(connectionHealth).where(eq(connectionHealth.connectionId, connection)),
    ).toEqual([])
  })
})
