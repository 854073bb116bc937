import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { AccountNotFound, FeatureOff, NotFound } from '../access/refusals.ts'
import { schedules } from '../db/schema/schedules.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
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
  storedAccount,
  versionsOf,
  writeImports,
} from '../testing/scheduling.ts'

let domain: TestDomain
let directory: string
let process: SchedulingProcess
let connectionId: string
let credentialId: string
let datasetId: string
let count = 0

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
  ;({ connectionId, credentialId, datasetId } = await refreshable(domain, ++count))
})

const set = (its = {}) => process.schedules.set(domain.ada, datasetId, daily(credentialId, its), null)
const shown = async () => (await process.scheduleQueries.page(domain.ada, datasetId)).schedule
const states = async () => (await runsOf(domain, datasetId)).map(({ state }) => state)

describe('Setting a schedule', () => {
  it('shows when the next runs are, by the clock of its zone', async () => {
    const rule = { every: 'day', at: '02:30' } as const
    expect(await set({ rule, timeZone: 'Europe/Berlin', keepVersions: 5 })).toEqual({ ok: true })
    const its = await shown()
    expect(its).toMatchObject({ rule, timeZone: 'Europe/Berlin', credentialId, keepVersions: 5, state: 'active' })
    expect(its?.next).toHaveLength(5)
    expect(its?.next.every((at) => [0, 1].includes(at.getUTCHours()) && at > new Date())).toBe(true)
    expect(await process.scheduleQueries.preview(rule, 'Europe/Berlin')).toEqual(its?.next)
  })

  it('with an account that is not on the connection, or is not theirs, sets nothing', async () => {
    const elsewhere = await storedAccount(
      domain,
      domain.ada,
      (await refreshable(domain, ++count)).connectionId,
      'Other',
    )
    const outcome = await process.schedules.set(domain.ada, datasetId, daily(elsewhere), null)
    expect(outcome).toEqual({ ok: false, reason: 'account' })
    const nobodys = process.schedules.set(domain.ada, datasetId, daily(crypto.randomUUID()), null)
    await expect(nobodys).rejects.toBeInstanceOf(AccountNotFound)
    expect(await shown()).toBeNull()
  })

  it('of a dataset without a connection, sets nothing', async () => {
    await domain.connections.delete(domain.ada, connectionId, 'detach')
    expect(await set()).toEqual({ ok: false, reason: 'no connection' })
  })

  it('that somebody changed meanwhile, sets nothing', async () => {
    await set()
    expect(await set()).toEqual({ ok: false, reason: 'stale' })
    const again = await process.schedules.set(domain.ada, datasetId, daily(credentialId, { catchUp: 'skip' }), 1)
    expect(again).toEqual({ ok: true })
    expect(await shown()).toMatchObject({ catchUp: 'skip', revision: 2 })
    const old = await process.schedules.set(domain.ada, datasetId, daily(credentialId), 1)
    expect(old).toEqual({ ok: false, reason: 'stale' })
  })

  it('makes it active again, also where it was disabled', async () => {
    await set()
    await domain.db.update(schedules).set({ state: 'disabled', reason: 'x' }).where(eq(schedules.datasetId, datasetId))
    await process.schedules.set(domain.ada, datasetId, daily(credentialId), 1)
    expect(await shown()).toMatchObject({ state: 'active', reason: null })
  })
})

describe('What strangers ask of a schedule', () => {
  it.each(['ben', 'root', 'eve'] as const)('%s, is answered as of nothing', async (name) => {
    await set()
    const stranger: UserActor = domain[name]
    const { schedules: service, scheduleQueries } = process
    const asked = [
      () => scheduleQueries.page(stranger, datasetId),
      () => service.set(stranger, datasetId, daily(credentialId), 1),
      () => service.pause(stranger, datasetId),
      () => service.resume(stranger, datasetId),
      () => service.runNow(stranger, datasetId),
      () => service.remove(stranger, datasetId),
    ]
    for (const ask of asked) await expect(ask()).rejects.toBeInstanceOf(NotFound)
    expect(await shown()).toMatchObject({ state: 'active', revision: 1, runs: [] })
  })

  it('who have the feature switched off, is refused', async () => {
    await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', false)
    const actor = { ...domain.ada, storedCredentials: false }
    await expect(process.schedules.set(actor, datasetId, daily(credentialId), null)).rejects.toBeInstanceOf(FeatureOff)
    await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', true)
  })
})

describe('Pausing', () => {
  it('misses what waits and what comes; resuming makes up for it with one run where that is wished', async () => {
    await set()
    await makeDue(domain, datasetId)
    expect(await process.schedules.pause(domain.ada, datasetId)).toBe(true)
    expect(await process.schedules.pause(domain.ada, datasetId)).toBe(false)
    await process.runner.once()
    expect(await states()).toEqual([])
    expect(await shown()).toMatchObject({ state: 'paused', stateByName: 'Ada', next: [] })
    await makeDue(domain, datasetId, '2 days')
    expect(await process.schedules.resume(domain.ada, datasetId)).toEqual({ ok: true })
    await process.runner.once()
    const runs = await runsOf(domain, datasetId)
    expect(runs.at(-1)).toMatchObject({ state: 'completed' })
    expect(runs[0]).toMatchObject({ state: 'missed', reason: 'The schedule was paused.' })
    expect(await versionsOf(domain, datasetId)).toHaveLength(1)
  })

  it('is listed only, where missed runs are not made up for', async () => {
    await set({ catchUp: 'skip' })
    await process.schedules.pause(domain.ada, datasetId)
    await makeDue(domain, datasetId, '2 days')
    await process.schedules.resume(domain.ada, datasetId)
    await process.runner.once()
    expect(new Set(await states())).toEqual(new Set(['missed']))
  })
})

describe('Running now', () => {
  it('makes one version at once, also while paused, and leaves the next moment as it is', async () => {
    await set()
    const next = (await shown())?.next
    expect(await process.schedules.runNow(domain.ada, datasetId)).toEqual({ ok: true })
    expect(await process.schedules.runNow(domain.ada, datasetId)).toMatchObject({ ok: false, reason: /going already/ })
    await process.runner.once()
    expect(await runsOf(domain, datasetId)).toMatchObject([{ trigger: 'by hand', state: 'completed' }])
    await process.schedules.pause(domain.ada, datasetId)
    await process.schedules.runNow(domain.ada, datasetId)
    await process.runner.once()
    expect(await states()).toEqual(['completed', 'completed'])
    await process.schedules.resume(domain.ada, datasetId)
    expect((await shown())?.next).toEqual(next)
  })

  it('is told why where its account can no longer be used', async () => {
    await set()
    await domain.vault.delete(domain.ada, credentialId)
    const outcome = await process.schedules.runNow(domain.ada, datasetId)
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('credentials it used were deleted') })
    expect(await states()).toEqual([])
  })

  it('waits while a person makes a version of the same dataset', async () => {
    await set()
    const ended = {
      status: 'running',
      number: 1,
      accountName: '',
      createdBy: domain.ada.id,
      runId: crypto.randomUUID(),
    }
    await domain.db.execute(sql`
      insert into dataset_versions (id, organization_id, dataset_id, number, status, created_by, account_name, run_id, heartbeat_at)
      values (${crypto.randomUUID()}, ${domain.ada.organizationId}, ${datasetId}, 1, 'running', ${ended.createdBy}, '', ${ended.runId}, now())`)
    await process.schedules.runNow(domain.ada, datasetId)
    await process.runner.once()
    expect(await states()).toEqual(['waiting'])
    await domain.db.execute(sql`update dataset_versions set status = 'cancelled' where dataset_id = ${datasetId}`)
    await hurryJobs(domain)
    await process.runner.once()
    expect(await states()).toEqual(['completed'])
  })
})

describe('Deleting a schedule', () => {
  it('keeps the versions, and what waits is not made', async () => {
    await set()
    await process.schedules.runNow(domain.ada, datasetId)
    await process.runner.once()
    await process.schedules.runNow(domain.ada, datasetId)
    await process.schedules.remove(domain.ada, datasetId)
    await process.runner.once()
    expect(await shown()).toBeNull()
    expect(await versionsOf(domain, datasetId)).toHaveLength(1)
    await expect(process.schedules.remove(domain.ada, datasetId)).rejects.toBeInstanceOf(NotFound)
  })
})

describe('Retention', () => {
  const numbers = async () =>
    (await versionsOf(domain, datasetId)).filter(({ status }) => status !== 'deleted').map(({ number }) => number)
  const age = (number: number, days: number) =>
    domain.db.execute(
      sql`update dataset_versions set finished_at = now() - ${days} * interval '1 day' where dataset_id = ${datasetId} and number = ${number}`,
    )
  async function make(times: number): Promise<void> {
    for (let made = 0; made < times; made++) {
      await process.schedules.runNow(domain.ada, datasetId)
      await process.runner.once()
    }
  }

  it('keeps so many completed versions after a run, and removes the files of the others', async () => {
    await set({ keepVersions: 2 })
    await make(1)
    const [first] = await versionsOf(domain, datasetId)
    const path = join(directory, first?.file ?? '')
    expect(existsSync(path)).toBe(true)
    domain.connector.next = { ...complete, ok: false, code: 'read.denied' } as never
    await make(1)
    domain.connector.next = complete
    await make(2)
    expect(await numbers()).toEqual([3, 4])
    await process.catalog.sweep.once()
    expect(existsSync(path)).toBe(false)
    const runs = (await shown())?.runs
    expect(runs?.map(({ version }) => version)).toEqual([4, 3, null, null])
  })

  it('by days, removes older ones by and by, and never the only good one', async () => {
    await set({ keepDays: 30 })
    await make(3)
    for (const number of [1, 2, 3]) await age(number, 31)
    await process.retention.sweep()
    expect(await numbers()).toEqual([3])
    domain.connector.next = { ...complete, ok: false, code: 'read.denied' } as never
    await make(1)
    await process.retention.sweep()
    expect(await numbers()).toEqual([3, 4])
  })

  it('without limits, keeps everything', async () => {
    await set()
    await make(3)
    for (const number of [1, 2, 3]) await age(number, 4000)
    await process.retention.sweep()
    expect(await numbers()).toEqual([1, 2, 3])
  })
})

describe('The moments of a dataset of somebody else', () => {
  it('are theirs alone: a run reads as who set the schedule', async () => {
    await domain.sharing.share(domain.ada, connectionId, domain.ben.email, 'consumer')
    const bens = await plainDataset(domain, domain.ben, connectionId, 'Of Ben')
    const account = await storedAccount(domain, domain.ben, connectionId, `Ben's ${count}`)
    const adas = process.schedules.set(domain.ben, bens, daily(credentialId), null)
    await expect(adas).rejects.toBeInstanceOf(AccountNotFound)
    expect(await process.schedules.set(domain.ben, bens, daily(account), null)).toEqual({ ok: true })
    await makeDue(domain, bens)
    await process.runner.once()
    expect(await versionsOf(domain, bens)).toMatchObject([{ createdBy: domain.ben.id, status: 'completed' }])
    await domain.sharing.remove(domain.ada, connectionId, domain.ben.id)
    await makeDue(domain, bens)
    await vi.waitFor(
      async () => {
        await process.runner.once()
        const [row] = await domain.db.select().from(schedules).where(eq(schedules.datasetId, bens))
        expect(row).toMatchObject({ state: 'disabled', reason: expect.stringContaining('no longer shared with Ben') })
      },
      { timeout: 20_000 },
    )
  })
})
