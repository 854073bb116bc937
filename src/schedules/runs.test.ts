import { and, eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { schedules } from '../db/schema/schedules.ts'
import { refused } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import {
  complete,
  daily,
  hurryJobs,
  makeDue,
  plainDataset,
  runsOf,
  schedulingProcess,
  versionsOf,
} from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()
const unreachable = { ...refused, code: 'tcp.timeout', diagnosis: [] } as typeof refused

describe('A schedule that is due', () => {
  it('makes one version in the name of who set it, and moves on by its rule', async () => {
    await scene.set()
    await scene.once()
    expect(await scene.runs()).toEqual([])
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    const [run] = await scene.runs()
    expect(run).toMatchObject({ state: 'completed', attempts: 1, trigger: 'schedule', versionNumber: 1, reason: null })
    const [version] = await scene.versions()
    expect(version).toMatchObject({
      id: run?.versionId,
      status: 'completed',
      createdBy: scene.domain.ada.id,
      credentialId: scene.credentialId,
    })
    expect((await scene.schedule()).nextAt.getUTCHours()).toBe(12)
    expect((await scene.schedule()).nextAt.getTime()).toBeGreaterThan(Date.now())
    const used = and(eq(auditEntries.action, 'credential.use'), eq(auditEntries.resourceId, scene.credentialId))
    const entries = await scene.domain.db.select().from(auditEntries).where(used)
    expect(entries).toMatchObject([{ actorId: scene.domain.ada.id, purpose: 'scheduled snapshot' }])
    await scene.once()
    expect(await scene.runs()).toHaveLength(1)
  })

  it('makes one run, however many processes look at once', async () => {
    const many = Array.from({ length: 5 }, () => schedulingProcess(scene.domain, scene.directory))
    const ids = [scene.datasetId]
    for (let more = 0; more < 5; more++)
      ids.push(await plainDataset(scene.domain, scene.domain.ada, scene.connectionId, `More ${more}`))
    for (const id of ids) {
      await scene.process.schedules.set(scene.domain.ada, id, daily(scene.credentialId), null)
      await makeDue(scene.domain, id)
    }
    const all = [scene.process, ...many]
    await vi.waitFor(
      async () => {
        await hurryJobs(scene.domain)
        await Promise.all(all.map((one) => one.runner.once()))
        for (const id of ids)
          expect((await versionsOf(scene.domain, id)).map(({ status }) => status)).toEqual(['completed'])
      },
      { timeout: 20_000 },
    )
    for (const id of ids) expect((await runsOf(scene.domain, id)).map(({ state }) => state)).toEqual(['completed'])
    await Promise.all(many.map((one) => one.close()))
  })

  it('of a deleted dataset, makes nothing and goes on when that comes back', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await scene.domain.db.update(datasets).set({ deletedAt: new Date() }).where(eq(datasets.id, scene.datasetId))
    await scene.once()
    expect(await scene.runs()).toEqual([])
    await scene.domain.db.update(datasets).set({ deletedAt: null }).where(eq(datasets.id, scene.datasetId))
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
  })

  it('while its last run is still going, misses this one and says so', async () => {
    const use = fakeUse()
    const slow = schedulingProcess(scene.domain, scene.directory, { run: use.run as never })
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    const first = slow.runner.once()
    await vi.waitFor(async () => expect(await scene.states()).toEqual(['running']), { timeout: 20_000 })
    await makeDue(scene.domain, scene.datasetId, '0 seconds')
    await scene.once()
    use.release()
    await first
    expect(await scene.runs()).toMatchObject([
      { state: 'completed' },
      { state: 'missed', reason: 'The run before it was still going.' },
    ])
    await slow.close()
  })
})

describe('Runs that nobody could make in time', () => {
  it('are made up for by one, the newest, and the others are listed', async () => {
    await scene.set({ catchUp: 'once' })
    await makeDue(scene.domain, scene.datasetId, '3 days')
    await scene.once()
    const its = await scene.runs()
    expect(its.at(-1)).toMatchObject({ state: 'completed' })
    expect(its.slice(0, -1).map(({ state }) => state)).toEqual(its.slice(0, -1).map(() => 'missed'))
    expect(its.length).toBeGreaterThan(1)
    expect(its[0]?.reason).toBe('Keyward was not running at that time.')
    expect(await scene.versions()).toHaveLength(1)
  })

  it('are only listed where that is wished', async () => {
    await scene.set({ catchUp: 'skip', rule: { every: 'month', day: 15, at: '12:00' } })
    await makeDue(scene.domain, scene.datasetId, '70 days')
    await scene.once()
    expect(new Set(await scene.states())).toEqual(new Set(['missed']))
    expect(await scene.versions()).toEqual([])
  })

  it('are the newest 24 of a year, and it is said that there were more', async () => {
    await scene.set({ catchUp: 'skip', rule: { every: 'hour', minute: 0 }, timeZone: 'UTC' })
    await makeDue(scene.domain, scene.datasetId, '365 days')
    await scene.once()
    const its = await scene.runs()
    expect(its).toHaveLength(24)
    expect(its[0]?.reason).toContain('Earlier ones were missed as well')
  })
})

describe('Credentials that are paused', () => {
  it('let runs be missed and listed, and one is made up for when they are resumed', async () => {
    await scene.set()
    await pauseCredential()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    await makeDue(scene.domain, scene.datasetId, '0 seconds')
    await scene.once()
    expect(await scene.runs()).toMatchObject([
      { state: 'missed', reason: expect.stringContaining('were paused') },
      { state: 'missed' },
    ])
    expect(scene.domain.connector.jobs).toEqual([])
    const { missed } = await scene.domain.credentialQueries.show(scene.domain.ada, scene.credentialId)
    expect(missed).toMatchObject([{ purpose: 'scheduled snapshot', because: 'paused', times: 2 }])
    await resumeCredential()
    await scene.once()
    expect(await scene.states()).toEqual(['missed', 'completed'])
    expect(await scene.versions()).toHaveLength(1)
    await scene.once()
    expect(scene.domain.connector.jobs).toHaveLength(1)
  })

  it('are not made up for where that is not wished', async () => {
    await scene.set({ catchUp: 'skip' })
    await pauseCredential()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    await resumeCredential()
    await scene.once()
    expect(await scene.states()).toEqual(['missed'])
  })

  it('by the refusal of a run, are tried once; the run is made up for in one version after a good sign-in', async () => {
    scene.domain.connector.next = refused
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    await scene.once()
    expect(scene.domain.connector.jobs).toHaveLength(1)
    expect(await scene.runs()).toMatchObject([{ state: 'failed', code: 'auth.refused' }])
    expect((await scene.schedule()).state).toBe('active')
    const data = await scene.process.scheduleQueries.page(scene.domain.ada, scene.datasetId)
    expect(data.schedule?.waits).toMatchObject({ because: 'paused', code: 'auth.refused' })
    scene.domain.connector.next = complete
    await resumeCredential()
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
    expect((await scene.versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
  })

  it('by maintenance, let runs be missed until the window ends', async () => {
    await scene.set()
    const until = new Date(Date.now() + 3_600_000)
    await scene.domain.maintenance.set(scene.domain.ada, scene.credentialId, { from: null, until })
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    expect(await scene.runs()).toMatchObject([
      { state: 'missed', reason: expect.stringContaining('maintenance window') },
    ])
    await scene.once()
    expect(await scene.states()).toEqual(['missed'])
    await scene.domain.maintenance.end(scene.domain.ada, scene.credentialId)
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
  })
})

describe('A failure of the network', () => {
  it('is tried again later, never pauses the credentials, and ends in one version', async () => {
    scene.domain.connector.next = unreachable
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    await scene.once()
    expect(await scene.runs()).toMatchObject([{ state: 'waiting', attempts: 1, code: 'tcp.timeout' }])
    await hurryJobs(scene.domain)
    await scene.once()
    expect(await scene.runs()).toMatchObject([{ state: 'waiting', attempts: 2 }])
    const [row] = await scene.domain.db.select().from(credentials).where(eq(credentials.id, scene.credentialId))
    expect(row?.pausedAt).toBeNull()
    scene.domain.connector.next = complete
    await hurryJobs(scene.domain)
    await scene.once()
    expect(await scene.runs()).toMatchObject([{ state: 'completed', attempts: 3, reason: null, code: null }])
    expect((await scene.versions()).map(({ status }) => status)).toEqual(['failed', 'failed', 'completed'])
  })

  it('ends when the next run is due', async () => {
    scene.domain.connector.next = unreachable
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    await scene.domain.db.update(schedules).set({ nextAt: new Date() }).where(eq(schedules.datasetId, scene.datasetId))
    await scene.once()
    expect((await scene.states())[0]).toBe('failed')
    expect((await scene.runs())[1]).toMatchObject({ state: 'waiting', attempts: 1 })
  })
})

async function pauseCredential(): Promise<void> {
  const paused = { pausedAt: new Date(), pausedCode: 'auth.refused', pausedConnectionId: scene.connectionId }
  await scene.domain.db.update(credentials).set(paused).where(eq(credentials.id, scene.credentialId))
}

/** As a person does: with one sign-in that works. */
async function resumeCredential(): Promise<void> {
  const jobs = scene.domain.connector.jobs.length
  await scene.domain.signIns.create(
    scene.domain.ada,
    scene.connectionId,
    { kind: 'stored', credentialId: scene.credentialId },
    'test',
  )
  scene.domain.connector.jobs.length = jobs
}
