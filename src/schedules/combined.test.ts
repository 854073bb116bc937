import { and, eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { schedules } from '../db/schema/schedules.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import { daily, hurryJobs, makeDue, runsOf, versionsOf } from '../testing/scheduling.ts'
import { type StoredDatasets, storedDatasets } from '../testing/stored-datasets.ts'
import type { Setting } from './schedules.ts'

let app: TestApp
let data: StoredDatasets
let orders: string
let totals: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  data = await storedDatasets(app)
})
afterAll(async () => {
  await app.close()
  data.remove()
})
beforeEach(async () => {
  orders = await data.add(`orders ${++count}`, 'SELECT 1 AS id, 5 AS amount')
  totals = await combine(`SELECT sum(amount) AS total FROM "orders ${count}"`)
})

async function combine(query: string, actor: UserActor = app.ada): Promise<string> {
  const saved = await app.computing.combine.save(actor, { name: `totals ${count}`, query })
  if (!saved.ok) throw new Error(saved.message)
  await app.catalog.snapshots.idle()
  return saved.id
}

const setting = (its: Partial<Setting> = {}): Setting => ({ ...daily(''), credentialId: null, ...its })
const set = (its: Partial<Setting> = {}) => app.schedules.set(app.ada, totals, setting(its), null)
const page = async () => (await app.scheduleQueries.page(app.ada, totals)).schedule
const runs = () => runsOf(app, totals)
const states = async () => (await runs()).map(({ state }) => state)
const statuses = async () => (await versionsOf(app, totals)).map(({ status }) => status)

describe('A schedule of a combined dataset', () => {
  it('computes it from the latest versions, in the name of who set it and without an account', async () => {
    expect(await set()).toEqual({ ok: true })
    expect((await page())?.next).toHaveLength(5)
    await data.refresh(orders, 'SELECT 2 AS id, 7 AS amount')
    await makeDue(app, totals)
    await app.runner.once()
    const [run] = await runs()
    expect(run).toMatchObject({ state: 'completed', trigger: 'schedule', attempts: 1, versionNumber: 2, reason: null })
    const [, version] = await versionsOf(app, totals)
    expect(version).toMatchObject({ status: 'completed', createdBy: app.ada.id, credentialId: null, rows: 1 })
    expect((await app.computing.lineage.of(app.ada, totals)).inputs).toMatchObject([{ version: 2 }])
    const used = await app.db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.runId, version?.runId ?? ''))
    expect(used.map(({ action, purpose, actorId, resourceId }) => [action, purpose, actorId, resourceId])).toEqual([
      ['dataset.query', 'scheduled snapshot', app.ada.id, orders],
    ])
    const its = and(eq(schedules.datasetId, totals))
    expect((await app.db.select().from(schedules).where(its))[0]).toMatchObject({ credentialId: null, state: 'active' })
  })

  it('is set and runs where stored credentials are switched off', async () => {
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', false)
    try {
      expect(await set()).toEqual({ ok: true })
      expect(await app.schedules.runNow(app.ada, totals)).toEqual({ ok: true })
      await app.runner.once()
      expect(await states()).toEqual(['completed'])
    } finally {
      await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', true)
    }
  })

  it('pauses, lists what was missed meanwhile, makes up for it once when resumed, and runs when told', async () => {
    await set()
    expect(await app.schedules.pause(app.ada, totals)).toBe(true)
    await makeDue(app, totals, '2 days')
    expect(await app.schedules.resume(app.ada, totals)).toEqual({ ok: true })
    await app.runner.once()
    expect((await runs())[0]).toMatchObject({ state: 'missed', reason: 'The schedule was paused.' })
    expect((await states()).at(-1)).toBe('completed')
    expect(await app.schedules.runNow(app.ada, totals)).toEqual({ ok: true })
    await app.runner.once()
    expect((await runs()).at(-1)).toMatchObject({ trigger: 'by hand', state: 'completed' })
    expect(await statuses()).toEqual(['completed', 'completed', 'completed'])
  })

  it('keeps as many versions as it is told', async () => {
    await set({ keepVersions: 1 })
    await app.schedules.runNow(app.ada, totals)
    await app.runner.once()
    expect(await statuses()).toEqual(['deleted', 'completed'])
  })

  it('waits while all places are taken by people, and is made then', async () => {
    await set()
    const free = data.fillPlaces()
    await makeDue(app, totals)
    const made = app.runner.once()
    await expect.poll(states, { timeout: 10_000 }).toEqual(['running'])
    free()
    await made
    expect(await states()).toEqual(['completed'])
  })

  it('is disabled with its user, and with their role, with the reason', async () => {
    await set()
    await app.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, app.ada.id))
    try {
      await makeDue(app, totals)
      await app.runner.once()
      expect(await app.schedules.resume(app.root, totals).catch(() => 'hidden')).toBe('hidden')
    } finally {
      await app.db.update(users).set({ disabledAt: null }).where(eq(users.id, app.ada.id))
    }
    expect(await page()).toMatchObject({ state: 'disabled', reason: expect.stringContaining('was disabled') })
    expect(await states()).toEqual(['missed'])
    expect(await app.schedules.resume(app.ada, totals)).toEqual({ ok: true })
  })
})

describe('What a scheduled combination reads', () => {
  let theirs: string

  beforeEach(async () => {
    theirs = await data.add(`of Ben ${count}`, 'SELECT 3 AS amount', { actor: app.ben })
    await app.catalog.datasetSharing.share(app.ben, theirs, app.ada.email, 'consumer')
    totals = await combine(`SELECT sum(amount) AS total FROM "of Ben ${count}"`)
  })

  it('and is taken away, fails the run with its name and tells who set it, once; the schedule stays', async () => {
    await set()
    await app.catalog.datasetSharing.remove(app.ben, theirs, app.ada.id)
    await app.db.delete(notifications)
    await makeDue(app, totals)
    await app.runner.once()
    await hurryJobs(app)
    await app.runner.once()
    expect(await runs()).toMatchObject([
      {
        state: 'failed',
        attempts: 1,
        reason: expect.stringMatching(/"of Ben \d+" was deleted, or is no longer shared/),
      },
    ])
    expect((await app.inbox.list(app.ada)).rows.map(({ event }) => event)).toEqual(['schedule.failed'])
    expect(await statuses()).toEqual(['completed', 'failed'])
    const { inputs, schedule } = await app.scheduleQueries.page(app.ada, totals)
    expect([inputs?.map(({ dataset }) => dataset), schedule?.state]).toEqual([[null], 'active'])
    await app.catalog.datasetSharing.share(app.ben, theirs, app.ada.email, 'consumer')
    await makeDue(app, totals)
    await app.runner.once()
    expect((await states()).at(-1)).toBe('completed')
  })

  it.each([
    ['is taken away', () => app.catalog.datasetSharing.remove(app.ben, theirs, app.ada.id), async () => {}],
    [
      'may be read no more, as who set it is disabled',
      () => app.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, app.ada.id)),
      () => app.db.update(users).set({ disabledAt: null }).where(eq(users.id, app.ada.id)),
    ],
  ])('and %s while the run waits for a place, is not read', async (_what, takeAway, after) => {
    await set()
    const computed = vi.spyOn(app.analysis, 'run')
    const free = data.fillPlaces()
    await makeDue(app, totals)
    const made = app.runner.once()
    // It was told that there is no place.
    const wasRefused = () => computed.mock.settledResults.some(({ type }) => type === 'rejected')
    await expect.poll(wasRefused, { timeout: 10_000 }).toBe(true)
    computed.mockRestore()
    await takeAway()
    free()
    await made
    await after()
    expect(await states()).toEqual(['failed'])
    expect(await statuses()).toEqual(['completed', 'failed'])
  })

  it('and may not be read by who sets the schedule, is said with its name and sets nothing', async () => {
    await app.catalog.datasetDeletion.delete(app.ben, theirs)
    expect(await set()).toEqual({ ok: false, reason: 'inputs', names: [`of Ben ${count}`] })
    expect(await page()).toBeNull()
  })

  it('is asked as who set the schedule, not as the owner of the dataset', async () => {
    const mine = await combine(`SELECT sum(amount) AS total FROM "orders ${count}"`)
    await app.catalog.datasetSharing.share(app.ada, mine, app.ben.email, 'owner')
    const outcome = await app.schedules.set(app.ben, mine, setting(), null)
    expect(outcome).toEqual({ ok: false, reason: 'inputs', names: [`orders ${count}`] })
    await app.catalog.datasetSharing.share(app.ada, orders, app.ben.email, 'consumer')
    expect(await app.schedules.set(app.ben, mine, setting(), null)).toEqual({ ok: true })
    await makeDue(app, mine)
    await app.runner.once()
    expect((await versionsOf(app, mine)).at(-1)).toMatchObject({ status: 'completed', createdBy: app.ben.id })
    const open = inArray(datasetVersions.status, ['queued', 'running'])
    expect(await app.db.$count(datasetVersions, open)).toBe(0)
  })
})
