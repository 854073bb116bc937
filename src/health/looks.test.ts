import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TooBusy } from '../connector/driver.ts'
import { parseNewFields } from '../credentials/credential-type.ts'
import { basic } from '../credentials/types/basic.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connectionHealth, connections } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
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
      createHealthSchedule({ looks: looks(), log: createLog({ level: 'silent' }) }),
    )
    await Promise.all(processes.map((one) => one.once()))
    expect(domain.connector.jobs).toHaveLength(4)
    await Promise.all(processes.map((one) => one.close()))
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
    expect((await row()).healthStoppedCode).toBeNull()
    domain.connector.next = signedIn
    await next()
    expect(await minutesAhead()).toBe(60)
  })

  test.each(['auth.refused', 'auth.expired', 'auth.locked', 'auth.method_refused'])(
    'of the account, %s, stops it at the first attempt',
    async (code) => {
      domain.connector.next = failing(code)
      await next()
      later(10_000)
      expect(await next()).toBe(false)
      expect(domain.connector.jobs).toHaveLength(1)
      expect(await row()).toMatchObject({ healthStoppedCode: code, healthNextAt: null, healthMinutes: 60 })
    },
  )
})

describe('A stopped check', () => {
  beforeEach(async () => {
    domain.connector.next = refused
    await next()
    domain.connector.next = signedIn
  })

  test('is resumed by a good sign-in with that account, and by no other', async () => {
    const fields = parseNewFields(basic, { text: (id) => id, cleared: () => false })
    if (fields.ok)
      await domain.signIns.create(domain.ada, connection, { kind: 'typed', type: 'basic', ...fields }, 'test')
    expect((await row()).healthStoppedCode).toBe('auth.refused')
    await manual()
    expect((await row()).healthStoppedCode).toBeNull()
    expect((await row()).healthNextAt).not.toBeNull()
  })

  test('is resumed by a proven new secret, and not by one that was saved without a sign-in', async () => {
    const typed = {
      text: (id: string) => (id === 'username' ? `username ${count}` : 'a new one'),
      cleared: () => false,
    }
    const edit = { name: `Account ${connection}`, description: '', typed }
    await domain.saving.edit(domain.ada, credential, { ...edit, revision: 1, signIn: false })
    expect((await row()).healthStoppedCode).toBe('auth.refused')
    const newer = { ...typed, text: (id: string) => (id === 'username' ? `username ${count}` : 'a newer one') }
    const tried = await tryEdit(domain, domain.ada, credential, { ...edit, typed: newer, revision: 2 })
    expect((await row()).healthStoppedCode).toBe('auth.refused')
    await domain.vault.applyEdit(domain.ada, credential, tried)
    expect((await row()).healthStoppedCode).toBeNull()
  })

  test('is resumed by its owner for one attempt, stays stopped when it is only saved again, and can be turned off', async () => {
    await health().configure(domain.ada, connection, { minutes: 15, credentialId: credential })
    expect(await next()).toBe(false)
    await expect(health().resume(domain.ben, connection)).rejects.toThrow()
    await health().resume(domain.ada, connection)
    domain.connector.next = refused
    expect([await next(), await next()]).toEqual([true, false])
    expect((await row()).healthStoppedCode).toBe('auth.refused')
    await health().configure(domain.ada, connection, null)
    expect(await row()).toMatchObject({ healthMinutes: null, healthNextAt: null, healthStoppedCode: null })
  })
})

test('A refusal that a person met stops the checks as well, before they met it', async () => {
  domain.connector.next = refused
  await manual()
  expect(await next()).toBe(false)
  expect(domain.connector.jobs).toHaveLength(1)
})

describe('Nothing is tried, and the strip says why, where', () => {
  const untried = async () => {
    expect(await next()).toBe(true)
    expect(domain.connector.jobs).toEqual([])
    expect((await row()).healthStoppedCode).toBeNull()
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
