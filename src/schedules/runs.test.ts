import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { schedules } from '../db/schema/schedules.ts'
import { refused, type TestDomain, testDomain } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import {
  complete,
  daily,
  hurryJobs,
  makeDue,
  plainDataset,
  refreshable,
  runsOf,
  type SchedulingProcess,
  schedulingProcess,
  versionsOf,
  writeImports,
} from '../testing/scheduling.ts'
import type { Setting } from './schedules.ts'

let domain: TestDomain
let directory: string
let process: SchedulingProcess
let connectionId: string
let credentialId: string
let datasetId: string
let count = 0

const unreachable = { ...refused, code: 'tcp.timeout', diagnosis: [] } as typeof refused

beforeAll(async () => {
  domain = await testDomain()
  writeImports(domain)
  directory = mkdtempSync(join(tmpdir(), 'keyward-schedules-'))
  process = schedulingProcess(domain, directory)
})
afterAll(async () => {
  await process.close()
  await domain.close()
  rmSync(directory, { recursive: true })
})
beforeEach(async () => {
  domain.connector.next = complete
  domain.connector.jobs.length = 0
  ;({ connectionId, credentialId, datasetId } = await refreshable(domain, ++count))
})

const set = async (its: Partial<Setting> = {}) =>
  expect(await process.schedules.set(domain.ada, datasetId, daily(credentialId, its), null)).toEqual({ ok: true })
const once = () => process.runner.once()
const runs = () => runsOf(domain, datasetId)
const versions = () => versionsOf(domain, datasetId)
const states = async () => (await runs()).map(({ state }) => state)
const schedule = async () =>
  (
    await domain.db.select().from(schedules).where(eq(schedules.datasetId, datasetId))
  )[0] as typeof schedules.$inferSelect

describe('A schedule that is due', () => {
  it('makes one version in the name of who set it, and moves on by its rule', async () => {
    await set()
    await once()
    expect(await runs()).toEqual([])
    await makeDue(domain, datasetId)
    await once()
    const [run] = await runs()
    expect(run).toMatchObject({ state: 'completed', attempts: 1, trigger: 'schedule', versionNumber: 1, reason: null })
    const [version] = await versions()
    expect(version).toMatchObject({ id: run?.versionId, status: 'completed', createdBy: domain.ada.id, credentialId })
    expect((await schedule()).nextAt.getUTCHours()).toBe(12)
    expect((await schedule()).nextAt.getTime()).toBeGreaterThan(Date.now())
    const used = and(eq(auditEntries.action, 'credential.use'), eq(auditEntries.resourceId, credentialId))
    const entries = await domain.db.select().from(auditEntries).where(used)
    expect(entries).toMatchObject([{ actorId: domain.ada.id, purpose: 'scheduled snapshot' }])
    await once()
    expect(await runs()).toHaveLength(1)
  })

  it('makes one run, however many processes look at once', async () => {
    const many = Array.from({ length: 5 }, () => schedulingProcess(domain, directory))
    const ids = [datasetId]
    for (let more = 0; more < 5; more++) ids.push(await plainDataset(domain, domain.ada, connectionId, `More ${more}`))
    for (const id of ids) {
      await process.schedules.set(domain.ada, id, daily(credentialId), null)
      await makeDue(domain, id)
    }
    const all = [process, ...many]
    await vi.waitFor(
      async () => {
        await hurryJobs(domain)
        await Promise.all(all.map((one) => one.runner.once()))
        for (const id of ids) expect((await versionsOf(domain, id)).map(({ status }) => status)).toEqual(['completed'])
      },
      { timeout: 20_000 },
    )
    for (const id of ids) expect((await runsOf(domain, id)).map(({ state }) => state)).toEqual(['completed'])
    await Promise.all(many.map((one) => one.close()))
  })

  it('of a deleted dataset, makes nothing and goes on when that comes back', async () => {
    await set()
    await makeDue(domain, datasetId)
    await domain.db.update(datasets).set({ deletedAt: new Date() }).where(eq(datasets.id, datasetId))
    await once()
    expect(await runs()).toEqual([])
    await domain.db.update(datasets).set({ deletedAt: null }).where(eq(datasets.id, datasetId))
    await makeDue(domain, datasetId)
    await once()
    expect(await states()).toEqual(['completed'])
  })

  it('while its last run is still going, misses this one and says so', async () => {
    const use = fakeUse()
    const slow = schedulingProcess(domain, directory, { run: use.run as never })
    await set()
    await makeDue(domain, datasetId)
    const first = slow.runner.once()
    await vi.waitFor(async () => expect(await states()).toEqual(['running']), { timeout: 20_000 })
    await makeDue(domain, datasetId, '0 seconds')
    await once()
    use.release()
    await first
    expect(await runs()).toMatchObject([
      { state: 'completed' },
      { state: 'missed', reason: 'The run before it was still going.' },
    ])
    await slow.close()
  })
})

describe('Runs that nobody could make in time', () => {
  it('are made up for by one, the newest, and the others are listed', async () => {
    await set({ catchUp: 'once' })
    await makeDue(domain, datasetId, '3 days')
    await once()
    const its = await runs()
    expect(its.at(-1)).toMatchObject({ state: 'completed' })
    expect(its.slice(0, -1).map(({ state }) => state)).toEqual(its.slice(0, -1).map(() => 'missed'))
    expect(its.length).toBeGreaterThan(1)
    expect(its[0]?.reason).toBe('Keyward was not running at that time.')
    expect(await versions()).toHaveLength(1)
  })

  it('are only listed where that is wished', async () => {
    await set({ catchUp: 'skip', rule: { every: 'month', day: 15, at: '12:00' } })
    await makeDue(domain, datasetId, '70 days')
    await once()
    expect(new Set(await states())).toEqual(new Set(['missed']))
    expect(await versions()).toEqual([])
  })

  it('are the newest 24 of a year, and it is said that there were more', async () => {
    await set({ catchUp: 'skip', rule: { every: 'hour', minute: 0 }, timeZone: 'UTC' })
    await makeDue(domain, datasetId, '365 days')
    await once()
    const its = await runs()
    expect(its).toHaveLength(24)
    expect(its[0]?.reason).toContain('Earlier ones were missed as well')
  })
})

describe('Credentials that are paused', () => {
  it('let runs be missed and listed, and one is made up for when they are resumed', async () => {
    await set()
    await pauseCredential()
    await makeDue(domain, datasetId)
    await once()
    await makeDue(domain, datasetId, '0 seconds')
    await once()
    expect(await runs()).toMatchObject([
      { state: 'missed', reason: expect.stringContaining('were paused') },
      { state: 'missed' },
    ])
    expect(domain.connector.jobs).toEqual([])
    const { missed } = await domain.credentialQueries.show(domain.ada, credentialId)
    expect(missed).toMatchObject([{ purpose: 'scheduled snapshot', because: 'paused', times: 2 }])
    await resumeCredential()
    await once()
    expect(await states()).toEqual(['missed', 'completed'])
    expect(await versions()).toHaveLength(1)
    await once()
    expect(domain.connector.jobs).toHaveLength(1)
  })

  it('are not made up for where that is not wished', async () => {
    await set({ catchUp: 'skip' })
    await pauseCredential()
    await makeDue(domain, datasetId)
    await once()
    await resumeCredential()
    await once()
    expect(await states()).toEqual(['missed'])
  })

  it('by the refusal of a run, are tried once; the run is made up for in one version after a good sign-in', async () => {
    domain.connector.next = refused
    await set()
    await makeDue(domain, datasetId)
    await once()
    await once()
    expect(domain.connector.jobs).toHaveLength(1)
    expect(await runs()).toMatchObject([{ state: 'failed', code: 'auth.refused' }])
    expect((await schedule()).state).toBe('active')
    const data = await process.scheduleQueries.page(domain.ada, datasetId)
    expect(data.schedule?.waits).toMatchObject({ because: 'paused', code: 'auth.refused' })
    domain.connector.next = complete
    await resumeCredential()
    await once()
    expect(await states()).toEqual(['completed'])
    expect((await versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
  })

  it('by maintenance, let runs be missed until the window ends', async () => {
    await set()
    const until = new Date(Date.now() + 3_600_000)
    await domain.maintenance.set(domain.ada, credentialId, { from: null, until })
    await makeDue(domain, datasetId)
    await once()
    expect(await runs()).toMatchObject([{ state: 'missed', reason: expect.stringContaining('maintenance window') }])
    await once()
    expect(await states()).toEqual(['missed'])
    await domain.maintenance.end(domain.ada, credentialId)
    await once()
    expect(await states()).toEqual(['completed'])
  })
})

describe('A failure of the network', () => {
  it('is tried again later, never pauses the credentials, and ends in one version', async () => {
    domain.connector.next = unreachable
    await set()
    await makeDue(domain, datasetId)
    await once()
    await once()
    expect(await runs()).toMatchObject([{ state: 'waiting', attempts: 1, code: 'tcp.timeout' }])
    await hurryJobs(domain)
    await once()
    expect(await runs()).toMatchObject([{ state: 'waiting', attempts: 2 }])
    const [row] = await domain.db.select().from(credentials).where(eq(credentials.id, credentialId))
    expect(row?.pausedAt).toBeNull()
    domain.connector.next = complete
    await hurryJobs(domain)
    await once()
    expect(await runs()).toMatchObject([{ state: 'completed', attempts: 3, reason: null, code: null }])
    expect((await versions()).map(({ status }) => status)).toEqual(['failed', 'failed', 'completed'])
  })

  it('ends when the next run is due', async () => {
    domain.connector.next = unreachable
    await set()
    await makeDue(domain, datasetId)
    await once()
    await domain.db.update(schedules).set({ nextAt: new Date() }).where(eq(schedules.datasetId, datasetId))
    await once()
    expect((await states())[0]).toBe('failed')
    expect((await runs())[1]).toMatchObject({ state: 'waiting', attempts: 1 })
  })
})

async function pauseCredential(): Promise<void> {
  const paused = { pausedAt: new Date(), pausedCode: 'auth.refused', pausedConnectionId: connectionId }
  await domain.db.update(credentials).set(paused).where(eq(credentials.id, credentialId))
}

/** As a person does: with one sign-in that works. */
async function resumeCredential(): Promise<void> {
  const jobs = domain.connector.jobs.length
  await domain.signIns.create(domain.ada, connectionId, { kind: 'stored', credentialId }, 'test')
  domain.connector.jobs.length = jobs
}
