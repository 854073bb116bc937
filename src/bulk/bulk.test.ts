import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { bulkItems, bulkJobs } from '../db/schema/bulk-jobs.ts'
import { credentials } from '../db/schema/credentials.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, refused, signedIn, type TestDomain, testDomain } from '../testing/domain.ts'
import { type Agreement, type Bulk, createBulk } from './bulk.ts'

let domain: TestDomain
let bulk: Bulk
let ada: UserActor
let made = 0

const log = createLog({ level: 'fatal', destination: { write: () => {} } })
const nothing: Agreement = { dropUnusable: false, expiresAt: null }

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
  bulk = createBulk({ ...domain, deployment: 'managed', log, beatMilliseconds: 20 })
})
afterAll(async () => {
  await bulk.runs.close()
  await domain.close()
})
beforeEach(() => {
  domain.connector.next = signedIn
  domain.connector.jobs.length = 0
})

async function store(owner: UserActor = ada, connectionIds: readonly string[] = [], name?: string): Promise<string> {
  made += 1
  const fields = { username: new Secret('reporting'), password: new Secret('correct horse') }
  const called = name ?? `account ${made}`
  const stored = await domain.vault.create(owner, {
    type: 'basic',
    name: called,
    description: '',
    fields,
    connectionIds,
  })
  if (!stored.ok) throw new Error(stored.error)
  return stored.id
}

async function chosen(action: 'test' | 'delete' | 'transfer' | 'expiry', ids: readonly string[]): Promise<string> {
  const outcome = await bulk.choose(ada, action, { ids })
  if (!outcome.ok) throw new Error(outcome.error)
  return outcome.id
}

async function finished(job: string, agreement = nothing) {
  expect(await bulk.confirm(ada, job, agreement)).toEqual({ ok: true })
  await bulk.runs.idle()
  const shown = await bulk.show(ada, job)
  expect(shown.job.state).toBe('finished')
  return shown
}

const outcomes = (shown: Awaited<ReturnType<typeof finished>>) =>
  Object.fromEntries(shown.items.map(({ credentialId, state, reason }) => [credentialId, [state, reason]]))

describe('choosing', () => {
  it('makes a job that does nothing before it is confirmed', async () => {
    const ids = [await store(), await store()]
    const job = await chosen('delete', ids)
    const { job: shown, preflight } = await bulk.show(ada, job)
    expect(shown).toMatchObject({ state: 'new', counts: { waiting: 2 } })
    expect(preflight).toMatchObject({ present: 2, gone: 0, associations: 0, withoutConnections: 2 })
    expect(preflight?.items.map(({ id }) => id)).toEqual(ids)
    expect(await domain.credentialQueries.show(ada, ids[0] ?? '')).toMatchObject({ version: 1 })
  })

  it('of nothing is refused with a sentence', async () => {
    expect(await bulk.choose(ada, 'delete', { ids: [] })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^Select/),
    })
    const none = await bulk.choose(ada, 'delete', { matching: { text: 'nothing is called this' } })
    expect(none).toMatchObject({ ok: false, error: expect.stringContaining('Nothing matches') })
  })

  it("with another person's id among them is refused as not found, and recorded; nothing is chosen", async () => {
    const own = await store()
    const bens = await store(domain.ben)
    const before = await domain.db.$count(bulkJobs)
    await expect(bulk.choose(ada, 'delete', { ids: [own, bens] })).rejects.toThrow(NotFound)
    expect(await domain.db.$count(bulkJobs)).toBe(before)
    const its = and(eq(auditEntries.action, 'credential.bulk'), eq(auditEntries.resourceId, bens))
    expect(await domain.db.select().from(auditEntries).where(its)).toMatchObject([
      { outcome: 'denied', actorId: ada.id },
    ])
  })

  it('of all that match takes what the search shows and nothing of others', async () => {
    const ids = [await store(ada, [], 'match eins too'), await store(ada, [], 'Match Éins')]
    await store(domain.ben, [], 'match eins of Ben')
    const outcome = await bulk.choose(ada, 'test', { matching: { text: 'ch eins' } })
    const { preflight } = await bulk.show(ada, outcome.ok ? outcome.id : '')
    expect(preflight?.items.map(({ id }) => id)).toEqual(ids)
  })

  it('of more than 10,000 is refused with what to do', async () => {
    await domain.db.execute(sql`
      insert into credentials (id, organization_id, owner_id, name, name_key, search_key, type, current_version)
      select gen_random_uuid(), ${domain.root.organizationId}, ${domain.root.id}, n, n, n, 'basic', 1
      from generate_series(1, 10001) n`)
    const outcome = await bulk.choose(domain.root, 'delete', { matching: {} })
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining('More than 10,000') })
    await domain.db.delete(credentials).where(eq(credentials.ownerId, domain.root.id))
  })
})

describe('a job of someone else', () => {
  it('is not there for anybody: to show, confirm, cancel or give an owner to', async () => {
    const id = await store()
    const job = await chosen('transfer', [id])
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      await expect(bulk.show(stranger, job)).rejects.toThrow(NotFound)
      await expect(bulk.confirm(stranger, job, nothing)).rejects.toThrow(NotFound)
      await expect(bulk.cancel(stranger, job)).rejects.toThrow(NotFound)
      await expect(bulk.chooseOwner(stranger, job, domain.ben.email)).rejects.toThrow(NotFound)
    }
    expect((await bulk.show(ada, job)).job).toMatchObject({ state: 'new', newOwner: null })
  })
})

describe('a confirmed job', () => {
  it('deletes what it says, and says why it could not delete the rest', async () => {
    const [gone, kept] = [await store(), await store()]
    const job = await chosen('delete', [gone, kept])
    await domain.vault.delete(ada, gone)
    expect((await bulk.show(ada, job)).preflight).toMatchObject({ present: 1, gone: 1 })
    const shown = await finished(job)
    expect(outcomes(shown)).toEqual({
      [gone]: ['failed', 'It is gone, or it is no longer yours.'],
      [kept]: ['done', null],
    })
    await expect(domain.credentialQueries.show(ada, kept)).rejects.toThrow(NotFound)
    const its = and(eq(auditEntries.action, 'credential.delete'), eq(auditEntries.resourceId, kept))
    expect(await domain.db.select().from(auditEntries).where(its)).toMatchObject([
      { actorId: ada.id, outcome: 'allowed' },
    ])
  })

  it('tests every association and stops at the first that turns the account away', async () => {
    const [one, two] = [await addConnection(domain, ada, 'One'), await addConnection(domain, ada, 'Two')]
    const ids = [await store(ada, [one, two]), await store()]
    const job = await chosen('test', ids)
    const good = outcomes(await finished(job))
    expect(good).toEqual({
      [ids[0] ?? '']: ['done', null],
      [ids[1] ?? '']: ['not attempted', 'It has no data connection to try.'],
    })
    expect(domain.connector.jobs).toHaveLength(2)
    domain.connector.next = refused
    const bad = outcomes(await finished(await chosen('test', ids.slice(0, 1))))
    expect(bad[ids[0] ?? '']).toEqual([
      'failed',
      'One: The server refused this username and password. It was refused, so 1 more was not tried.',
    ])
    expect(domain.connector.jobs).toHaveLength(3)
    expect(JSON.stringify(bad)).not.toContain('correct horse')
  })

  it('sets an expiry, clears it, and asks again for a date that is over', async () => {
    const id = await store()
    const job = await chosen('expiry', [id])
    for (const expiresAt of [new Date(Date.now() - 1000), new Date(Number.NaN)]) {
      expect(await bulk.confirm(ada, job, { ...nothing, expiresAt })).toMatchObject({ ok: false, field: 'date' })
    }
    const expiresAt = new Date(Date.now() + 9 * 86_400_000)
    await finished(job, { ...nothing, expiresAt })
    const expiry = async () => (await domain.db.select().from(credentials).where(eq(credentials.id, id)))[0]?.expiresAt
    expect(await expiry()).toEqual(expiresAt)
    await finished(await chosen('expiry', [id]))
    expect(await expiry()).toBeNull()
  })

  it('transfers what it can, having said before what it will meet', async () => {
    const [shared, own] = [await addConnection(domain, ada, 'Shared'), await addConnection(domain, ada, 'Own')]
    await domain.sharing.share(ada, shared, domain.ben.email, 'consumer')
    await store(domain.ben, [], 'Same name')
    const ids = [await store(ada, [shared]), await store(ada, [own]), await store(ada, [], 'same NAME')]
    const job = await chosen('transfer', ids)
    expect(await bulk.confirm(ada, job, nothing)).toMatchObject({ ok: false, field: 'email' })
    expect(await bulk.chooseOwner(ada, job, 'nobody@example.com')).toMatchObject({ ok: false, field: 'email' })
    expect(await bulk.chooseOwner(ada, job, domain.eve.email)).toMatchObject({ ok: false, field: 'email' })
    expect(await bulk.chooseOwner(ada, job, ada.email)).toMatchObject({ ok: false, field: 'email' })
    expect(await bulk.chooseOwner(ada, job, domain.ben.email.toUpperCase())).toEqual({ ok: true })
    expect((await bulk.show(ada, job)).transfer).toEqual({
      taken: { names: ['same NAME'], count: 1 },
      unusable: { names: ['Own'], count: 1 },
      associationsLost: 1,
    })
    const shown = await finished(job)
    expect(shown.items.map(({ credentialId, state }) => [credentialId, state]).sort()).toEqual(
      [
        [ids[0], 'done'],
        [ids[1], 'failed'],
        [ids[2], 'failed'],
      ].sort(),
    )
    expect(await domain.credentialQueries.show(domain.ben, ids[0] ?? '')).toMatchObject({ ownerName: 'Ben' })
  })

  it('is confirmed once: a second time nothing begins again', async () => {
    const job = await chosen('delete', [await store()])
    await finished(job)
    expect(await bulk.confirm(ada, job, nothing)).toEqual({ ok: true })
    await bulk.runs.idle()
    const its = and(eq(auditEntries.action, 'credential.bulk'), sql`${auditEntries.details}->>'jobId' = ${job}`)
    expect(await domain.db.$count(auditEntries, its)).toBe(2)
  })

  it('waits for another of the same person', async () => {
    const [first, second] = [await chosen('delete', [await store()]), await chosen('delete', [await store()])]
    await domain.db
      .update(bulkJobs)
      .set({ startedAt: sql`now()`, heartbeatAt: sql`now()` })
      .where(eq(bulkJobs.id, first))
    expect(await bulk.confirm(ada, second, nothing)).toMatchObject({
      ok: false,
      error: expect.stringContaining('Wait'),
    })
    await bulk.runs.sweep()
    await domain.db.delete(bulkJobs).where(eq(bulkJobs.id, first))
    await finished(second)
  })
})

describe('a job that ends early', () => {
  it('cancelled before it is confirmed, attempts nothing', async () => {
    const id = await store()
    const job = await chosen('delete', [id])
    await bulk.cancel(ada, job)
    const shown = await bulk.show(ada, job)
    expect(shown.items).toMatchObject([{ state: 'not attempted', reason: 'You cancelled before it was its turn.' }])
    expect(await bulk.confirm(ada, job, nothing)).toEqual({ ok: true })
    expect(await domain.credentialQueries.show(ada, id)).toMatchObject({ id })
  })

  it('cancelled meanwhile, finishes what was begun and attempts no more, also when another process works on it', async () => {
    const connection = await addConnection(domain, ada, 'Slow')
    const ids = await Promise.all([1, 2, 3, 4].map(() => store(ada, [connection])))
    const job = await chosen('test', ids)
    const elsewhere = createBulk({ ...domain, deployment: 'managed', log })
    const held = holdSignIns()
    expect(await bulk.confirm(ada, job, nothing)).toEqual({ ok: true })
    await held.begun
    expect((await bulk.show(ada, job)).job).toMatchObject({ state: 'running', cancelling: false })
    await elsewhere.cancel(ada, job)
    await held.aborted
    held.release()
    await bulk.runs.idle()
    const { job: shown, items } = await bulk.show(ada, job)
    expect(shown).toMatchObject({ state: 'finished', counts: { waiting: 0, 'not attempted': 4 } })
    expect(items.filter(({ reason }) => reason === 'You cancelled before it was its turn.')).toHaveLength(2)
    await elsewhere.runs.close()
  })

  it('of a process that died, leaves what was not written down as not attempted', async () => {
    const job = await chosen('delete', [await store(), await store()])
    const begun = sql`now() - interval '1 minute'`
    await domain.db.update(bulkJobs).set({ startedAt: begun, heartbeatAt: begun }).where(eq(bulkJobs.id, job))
    await domain.db
      .update(bulkItems)
      .set({ state: 'done' })
      .where(and(eq(bulkItems.jobId, job), eq(bulkItems.position, 1)))
    await bulk.runs.sweep()
    const { job: shown, items } = await bulk.show(ada, job)
    expect(shown).toMatchObject({ state: 'finished', counts: { done: 1, 'not attempted': 1 } })
    expect(items.find(({ state }) => state === 'not attempted')?.reason).toContain('Keyward stopped')
  })

  /** Holds every sign-in until it is released; tells when two have begun and when one was asked to end. */
  function holdSignIns() {
    const gates = { begun: gate(), aborted: gate(), release: gate() }
    const { run } = domain.connector
    let count = 0
    domain.connector.run = (async (...[, options]: Parameters<typeof run>) => {
      count += 1
      if (count === 2) gates.begun.open()
      options?.signal?.addEventListener('abort', () => gates.aborted.open())
      await gates.release.opened
      return { ok: false, code: 'cancelled', diagnosis: [] } as never
    }) as typeof run
    const release = () => {
      domain.connector.run = run
      gates.release.open()
    }
    return { begun: gates.begun.opened, aborted: gates.aborted.opened, release }
  }
})

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}
