import { eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { datasets } from '../db/schema/catalog.ts'
import { daily, makeDue, plainDataset, runsOf, versionsOf } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()
let dynamic: string

beforeEach(async () => {
  const { domain, connectionId, datasetId } = scene
  await domain.db.delete(datasets).where(eq(datasets.id, datasetId))
  dynamic = await plainDataset(domain, domain.ada, connectionId, 'Live')
  await domain.db.update(datasets).set({ isDynamic: true }).where(eq(datasets.id, dynamic))
})

const create = (account = scene.credentialId) =>
  scene.process.besides.create(scene.domain.ada, dynamic, daily(account, { keepVersions: 7 }))
const page = (id: string) => scene.process.scheduleQueries.page(scene.domain.ada, id)

describe('A schedule of a dynamic dataset', () => {
  it('makes a dataset beside it with a snapshot now and another at each run, and leaves it as it is', async () => {
    const made = await create()
    if (!made.ok) throw new Error(made.reason)
    await scene.process.catalog.snapshots.idle()
    expect(await versionsOf(scene.domain, made.id)).toMatchObject([{ number: 1, status: 'completed' }])
    await makeDue(scene.domain, made.id)
    await scene.once()
    expect(await runsOf(scene.domain, made.id)).toMatchObject([{ state: 'completed', versionNumber: 2 }])
    const { dataset, schedule } = await page(made.id)
    expect(dataset).toMatchObject({ name: 'Snapshot of Live', isDynamic: false })
    expect(schedule).toMatchObject({ credentialId: scene.credentialId, keepVersions: 7, state: 'active' })
    expect(await versionsOf(scene.domain, dynamic)).toEqual([])
    const shown = await page(dynamic)
    expect(shown.schedule).toBeNull()
    expect(shown.beside).toMatchObject([{ id: made.id, schedule: { state: 'active', timeZone: 'UTC' } }])
  })

  it('lists other snapshots of the same rows, and none of other rows, of others or deleted', async () => {
    const { domain, connectionId } = scene
    const same = await plainDataset(domain, domain.ada, connectionId, 'By hand')
    const gone = await plainDataset(domain, domain.ada, connectionId, 'Gone')
    await domain.db.update(datasets).set({ deletedAt: new Date() }).where(eq(datasets.id, gone))
    const other = await plainDataset(domain, domain.ada, connectionId, 'Other rows')
    const source = { kind: 'table', schema: 'public', table: 'other' } as const
    await domain.db.update(datasets).set({ source }).where(eq(datasets.id, other))
    await plainDataset(domain, domain.ben, connectionId, 'Of Ben')
    expect((await page(dynamic)).beside).toEqual([{ id: same, name: 'By hand', schedule: null }])
  })

  it('with an account that cannot be used there, or without a connection, makes nothing', async () => {
    const { domain } = scene
    const elsewhere = (await scene.another()).credentialId
    const before = await domain.db.$count(datasets)
    expect(await create(elsewhere)).toEqual({ ok: false, reason: 'account' })
    expect(await create(crypto.randomUUID())).toEqual({ ok: false, reason: 'account' })
    await domain.connections.delete(domain.ada, scene.connectionId, 'detach')
    expect(await create()).toEqual({ ok: false, reason: 'no connection' })
    expect(await domain.db.$count(datasets)).toBe(before)
  })

  it('is for its owners, and of dynamic datasets only', async () => {
    const { domain, process, credentialId, connectionId } = scene
    for (const stranger of [domain.ben, domain.eve]) {
      await expect(process.besides.create(stranger, dynamic, daily(credentialId))).rejects.toBeInstanceOf(NotFound)
    }
    const stored = await plainDataset(domain, domain.ada, connectionId, 'Stored')
    await expect(process.besides.create(domain.ada, stored, daily(credentialId))).rejects.toBeInstanceOf(NotFound)
    await expect(process.schedules.set(domain.ada, dynamic, daily(credentialId), null)).rejects.toBeInstanceOf(NotFound)
  })
})
