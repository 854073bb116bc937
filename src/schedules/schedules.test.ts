import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { and, eq, ne, sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { AccountNotFound, FeatureOff, NotFound } from '../access/refusals.ts'
import { newId } from '../db/new-id.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { schedules } from '../db/schema/schedules.ts'
import {
  complete,
  daily,
  hurryJobs,
  makeDue,
  plainDataset,
  runsOf,
  storedAccount,
  versionsOf,
} from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'
import { createRetention } from './retention.ts'

const scene = schedulingScene()
const shown = async () => (await scene.process.scheduleQueries.page(scene.domain.ada, scene.datasetId)).schedule
const tryToSet = () => scene.process.schedules.set(scene.domain.ada, scene.datasetId, daily(scene.credentialId), null)

describe('Setting a schedule', () => {
  it('shows when the next runs are, by the clock of its zone', async () => {
    const rule = { every: 'day', at: '02:30' } as const
    await scene.set({ rule, timeZone: 'Europe/Berlin', keepVersions: 5 })
    const its = await shown()
    expect(its).toMatchObject({
      rule,
      timeZone: 'Europe/Berlin',
      credentialId: scene.credentialId,
      keepVersions: 5,
      state: 'active',
    })
    expect(its?.next).toHaveLength(5)
    expect(its?.next.every((at) => [0, 1].includes(at.getUTCHours()) && at > new Date())).toBe(true)
    expect(await scene.process.scheduleQueries.preview(rule, 'Europe/Berlin')).toEqual(its?.next)
  })

  it('with an account that is not on the connection, or is not theirs, sets nothing', async () => {
    const elsewhere = await storedAccount(scene.domain, scene.domain.ada, (await scene.another()).connectionId, 'Other')
    const outcome = await scene.process.schedules.set(scene.domain.ada, scene.datasetId, daily(elsewhere), null)
    expect(outcome).toEqual({ ok: false, reason: 'account' })
    const nobodys = scene.process.schedules.set(scene.domain.ada, scene.datasetId, daily(crypto.randomUUID()), null)
    await expect(nobodys).rejects.toBeInstanceOf(AccountNotFound)
    expect(await shown()).toBeNull()
  })

  it('of a dataset without a connection, sets nothing', async () => {
    await scene.domain.connections.delete(scene.domain.ada, scene.connectionId, 'detach')
    expect(await tryToSet()).toEqual({ ok: false, reason: 'no connection' })
  })

  it('that somebody changed meanwhile, sets nothing', async () => {
    await scene.set()
    expect(await tryToSet()).toEqual({ ok: false, reason: 'stale' })
    const again = await scene.process.schedules.set(
      scene.domain.ada,
      scene.datasetId,
      daily(scene.credentialId, { catchUp: 'skip' }),
      1,
    )
    expect(again).toEqual({ ok: true })
    expect(await shown()).toMatchObject({ catchUp: 'skip', revision: 2 })
    const old = await scene.process.schedules.set(scene.domain.ada, scene.datasetId, daily(scene.credentialId), 1)
    expect(old).toEqual({ ok: false, reason: 'stale' })
  })

  it('makes it active again, also where it was disabled', async () => {
    await scene.set()
    await scene.domain.db
      .update(schedules)
      .set({ state: 'disabled', reason: 'x' })
      .where(eq(schedules.datasetId, scene.datasetId))
    await scene.process.schedules.set(scene.domain.ada, scene.datasetId, daily(scene.credentialId), 1)
    expect(await shown()).toMatchObject({ state: 'active', reason: null })
  })
})

describe('What strangers ask of a schedule', () => {
  it.each(['ben', 'root', 'eve'] as const)('%s, is answered as of nothing', async (name) => {
    await scene.set()
    const stranger: UserActor = scene.domain[name]
    const { schedules: service, scheduleQueries } = scene.process
    const asked = [
      () => scheduleQueries.page(stranger, scene.datasetId),
      () => service.set(stranger, scene.datasetId, daily(scene.credentialId), 1),
      () => service.pause(stranger, scene.datasetId),
      () => service.resume(stranger, scene.datasetId),
      () => service.runNow(stranger, scene.datasetId),
      () => service.remove(stranger, scene.datasetId),
    ]
    for (const ask of asked) await expect(ask()).rejects.toBeInstanceOf(NotFound)
    expect(await shown()).toMatchObject({ state: 'active', revision: 1, runs: [] })
  })

  it('who have the feature switched off, is refused', async () => {
    await scene.domain.features.change(scene.domain.root, scene.domain.ada.organizationId, 'stored_credentials', false)
    const actor = { ...scene.domain.ada, storedCredentials: false }
    await expect(
      scene.process.schedules.set(actor, scene.datasetId, daily(scene.credentialId), null),
    ).rejects.toBeInstanceOf(FeatureOff)
    await scene.domain.features.change(scene.domain.root, scene.domain.ada.organizationId, 'stored_credentials', true)
  })
})

describe('Pausing', () => {
  it('misses what waits and what comes; resuming makes up for it with one run where that is wished', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    expect(await scene.process.schedules.pause(scene.domain.ada, scene.datasetId)).toBe(true)
    expect(await scene.process.schedules.pause(scene.domain.ada, scene.datasetId)).toBe(false)
    await scene.process.runner.once()
    expect(await scene.states()).toEqual([])
    expect(await shown()).toMatchObject({ state: 'paused', stateByName: 'Ada', next: [] })
    await makeDue(scene.domain, scene.datasetId, '2 days')
    expect(await scene.process.schedules.resume(scene.domain.ada, scene.datasetId)).toEqual({ ok: true })
    await scene.process.runner.once()
    const runs = await runsOf(scene.domain, scene.datasetId)
    expect(runs.at(-1)).toMatchObject({ state: 'completed' })
    expect(runs[0]).toMatchObject({ state: 'missed', reason: 'The schedule was paused.' })
    expect(await versionsOf(scene.domain, scene.datasetId)).toHaveLength(1)
  })

  it('is listed only, where missed runs are not made up for', async () => {
    await scene.set({ catchUp: 'skip' })
    await scene.process.schedules.pause(scene.domain.ada, scene.datasetId)
    await makeDue(scene.domain, scene.datasetId, '2 days')
    await scene.process.schedules.resume(scene.domain.ada, scene.datasetId)
    await scene.process.runner.once()
    expect(new Set(await scene.states())).toEqual(new Set(['missed']))
  })
})

describe('Running now', () => {
  it('makes one version at once, also while paused, and leaves the next moment as it is', async () => {
    await scene.set()
    const next = (await shown())?.next
    expect(await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)).toEqual({ ok: true })
    expect(await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)).toMatchObject({
      ok: false,
      reason: /going already/,
    })
    await scene.process.runner.once()
    expect(await runsOf(scene.domain, scene.datasetId)).toMatchObject([{ trigger: 'by hand', state: 'completed' }])
    await scene.process.schedules.pause(scene.domain.ada, scene.datasetId)
    await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)
    await scene.process.runner.once()
    expect(await scene.states()).toEqual(['completed', 'completed'])
    await scene.process.schedules.resume(scene.domain.ada, scene.datasetId)
    expect((await shown())?.next).toEqual(next)
  })

  it('tries credentials that are paused or held for who set the schedule alone, not for other owners of the dataset', async () => {
    const { domain, process: at, datasetId, credentialId } = scene
    await scene.set()
    await at.catalog.datasetSharing.share(domain.ada, datasetId, domain.ben.email, 'owner')
    const wait = (its: object) => domain.db.update(credentials).set(its).where(eq(credentials.id, credentialId))
    const none = { pausedAt: null, heldUntil: null }
    for (const its of [{ pausedAt: new Date() }, { heldUntil: new Date(Date.now() + 3_600_000) }]) {
      await wait({ ...none, ...its })
      const outcome = await at.schedules.runNow(domain.ben, datasetId)
      expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('only who set it may try them') })
    }
    await scene.once()
    expect(domain.connector.jobs).toEqual([])
    expect(await at.schedules.runNow(domain.ada, datasetId)).toEqual({ ok: true })
    await scene.once()
    await wait(none)
    expect(await at.schedules.runNow(domain.ben, datasetId)).toEqual({ ok: true })
    await scene.once()
    expect(await scene.states()).toEqual(['completed', 'completed'])
  })

  it('is told why where its account can no longer be used', async () => {
    await scene.set()
    await scene.domain.vault.delete(scene.domain.ada, scene.credentialId)
    const outcome = await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('credentials it used were deleted') })
    expect(await scene.states()).toEqual([])
  })

  it('waits while a person makes a version of the same dataset', async () => {
    await scene.set()
    const ended = {
      status: 'running',
      number: 1,
      accountName: '',
      createdBy: scene.domain.ada.id,
      runId: crypto.randomUUID(),
    }
    await scene.domain.db.execute(sql`
      insert into dataset_versions (id, organization_id, dataset_id, number, status, created_by, account_name, run_id, heartbeat_at)
      values (${crypto.randomUUID()}, ${scene.domain.ada.organizationId}, ${scene.datasetId}, 1, 'running', ${ended.createdBy}, '', ${ended.runId}, now())`)
    await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)
    await scene.process.runner.once()
    expect(await scene.states()).toEqual(['waiting'])
    await scene.domain.db.execute(
      sql`update dataset_versions set status = 'cancelled' where dataset_id = ${scene.datasetId}`,
    )
    await hurryJobs(scene.domain)
    await scene.process.runner.once()
    expect(await scene.states()).toEqual(['completed'])
  })
})

describe('Deleting a schedule', () => {
  it('keeps the versions, and what waits is not made', async () => {
    await scene.set()
    await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)
    await scene.process.runner.once()
    await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)
    await scene.process.schedules.remove(scene.domain.ada, scene.datasetId)
    await scene.process.runner.once()
    expect(await shown()).toBeNull()
    expect(await versionsOf(scene.domain, scene.datasetId)).toHaveLength(1)
    await expect(scene.process.schedules.remove(scene.domain.ada, scene.datasetId)).rejects.toBeInstanceOf(NotFound)
  })
})

describe('Retention', () => {
  const numbers = () => numbersOf(scene.datasetId)
  const numbersOf = async (datasetId: string) =>
    (await versionsOf(scene.domain, datasetId)).filter(({ status }) => status !== 'deleted').map(({ number }) => number)
  const age = (number: number, days: number) =>
    scene.domain.db.execute(
      sql`update dataset_versions set finished_at = now() - ${days} * interval '1 day' where dataset_id = ${scene.datasetId} and number = ${number}`,
    )
  async function make(times: number): Promise<void> {
    for (let made = 0; made < times; made++) {
      await scene.process.schedules.runNow(scene.domain.ada, scene.datasetId)
      await scene.process.runner.once()
    }
  }

  /** Two versions of 31 days ago, of which one may stay. */
  async function addTwoOld(datasetId: string, credentialId: string): Promise<void> {
    const { id: createdBy, organizationId } = scene.domain.ada
    const finishedAt = new Date(Date.now() - 31 * 86_400_000)
    for (const number of [1, 2]) {
      await scene.domain.db.insert(datasetVersions).values({
        ...{ id: newId(), runId: newId(), organizationId, datasetId, number, createdBy, finishedAt },
        ...{ status: 'completed', accountName: 'Reader' },
      })
    }
    await scene.process.schedules.set(scene.domain.ada, datasetId, daily(credentialId, { keepDays: 30 }), null)
  }

  it('keeps so many completed versions after a run, and removes the files of the others', async () => {
    await scene.set({ keepVersions: 2 })
    await make(1)
    const [first] = await versionsOf(scene.domain, scene.datasetId)
    const path = join(scene.directory, first?.file ?? '')
    expect(existsSync(path)).toBe(true)
    scene.domain.connector.next = { ...complete, ok: false, code: 'read.denied' } as never
    await make(1)
    scene.domain.connector.next = complete
    await make(2)
    expect(await numbers()).toEqual([3, 4])
    await scene.process.catalog.sweep.once()
    expect(existsSync(path)).toBe(false)
    const runs = (await shown())?.runs
    expect(runs?.map(({ version }) => version)).toEqual([4, 3, null, null])
  })

  it('by days, removes older ones by and by, and never the only good one', async () => {
    await scene.set({ keepDays: 30 })
    await make(3)
    for (const number of [1, 2, 3]) await age(number, 31)
    await scene.process.retention.sweep()
    expect(await numbers()).toEqual([3])
    scene.domain.connector.next = { ...complete, ok: false, code: 'read.denied' } as never
    await make(1)
    await scene.process.retention.sweep()
    expect(await numbers()).toEqual([3, 4])
  })

  it('leaves deleted datasets alone, without a word in the ledger, until they are brought back', async () => {
    await scene.set({ keepDays: 30 })
    await make(2)
    await age(1, 31)
    await scene.process.catalog.datasetDeletion.delete(scene.domain.ada, scene.datasetId)
    await scene.process.retention.sweep()
    expect(await numbers()).toEqual([1, 2])
    const { action, outcome } = auditEntries
    const refused = and(eq(action, 'dataset.retain'), ne(outcome, 'allowed'))
    expect(await scene.domain.db.select().from(auditEntries).where(refused)).toEqual([])
    await scene.process.catalog.datasetDeletion.restore(scene.domain.ada, scene.datasetId)
    await scene.process.retention.sweep()
    expect(await numbers()).toEqual([2])
  })

  it('that fails of one dataset, goes on with the others', async () => {
    const all = [scene, await scene.another(), await scene.another()].map(({ datasetId, credentialId }) => ({
      ...{ datasetId, credentialId },
    }))
    for (const { datasetId, credentialId } of all) await addTwoOld(datasetId, credentialId)
    let failed: string | null | undefined
    const { guard } = scene.domain
    const change: typeof guard.change = async (actor, action, find, ...its) => {
      const id = (await scene.domain.db.transaction(find))?.id
      failed ??= id
      if (id === failed) throw new Error('It cannot be locked.')
      return guard.change(actor, action, find, ...its)
    }
    const retention = createRetention({ ...scene.domain, guard: { ...guard, change } })
    await expect(retention.sweep()).rejects.toThrow('It cannot be locked.')
    for (const { datasetId } of all) expect(await numbersOf(datasetId)).toEqual(datasetId === failed ? [1, 2] : [2])
  })

  it('without limits, keeps everything', async () => {
    await scene.set()
    await make(3)
    for (const number of [1, 2, 3]) await age(number, 4000)
    await scene.process.retention.sweep()
    expect(await numbers()).toEqual([1, 2, 3])
  })
})

describe('The moments of a dataset of somebody else', () => {
  it('are theirs alone: a run reads as who set the schedule', async () => {
    await scene.domain.sharing.share(scene.domain.ada, scene.connectionId, scene.domain.ben.email, 'consumer')
    const bens = await plainDataset(scene.domain, scene.domain.ben, scene.connectionId, 'Of Ben')
    const account = await storedAccount(scene.domain, scene.domain.ben, scene.connectionId, "Ben's")
    const adas = scene.process.schedules.set(scene.domain.ben, bens, daily(scene.credentialId), null)
    await expect(adas).rejects.toBeInstanceOf(AccountNotFound)
    expect(await scene.process.schedules.set(scene.domain.ben, bens, daily(account), null)).toEqual({ ok: true })
    await makeDue(scene.domain, bens)
    await scene.process.runner.once()
    expect(await versionsOf(scene.domain, bens)).toMatchObject([
      { createdBy: scene.domain.ben.id, status: 'completed' },
    ])
    await scene.domain.sharing.remove(scene.domain.ada, scene.connectionId, scene.domain.ben.id)
    await makeDue(scene.domain, bens)
    await vi.waitFor(
      async () => {
        await scene.process.runner.once()
        const [row] = await scene.domain.db.select().from(schedules).where(eq(schedules.datasetId, bens))
        expect(row).toMatchObject({ state: 'disabled', reason: expect.stringContaining('no longer shared with Ben') })
      },
      { timeout: 20_000 },
    )
  })
})
