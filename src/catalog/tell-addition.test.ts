import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { notifications } from '../db/schema/notifications.ts'
import { createCourier } from '../notifications/courier.ts'
import { createOutbox } from '../notifications/outbox.ts'
import { paths } from '../paths.ts'
import { catalogDomain } from '../testing/catalog-domain.ts'
import { refused, type TestDomain, testDomain } from '../testing/domain.ts'
import { heardByWebhook } from '../testing/heard-by-webhook.ts'
import { createVersionRows } from './version-rows.ts'

let domain: TestDomain

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())
beforeEach(async () => {
  await domain.db.delete(notifications)
  await domain.db.delete(deliveries)
})

const roomy = { reserve: async () => true }
const rows = () => createVersionRows(domain.db, roomy)
const told = async () => (await domain.inbox.list(domain.ada)).rows.map(({ sentence }) => sentence)
const imported = { rows: 1, bytes: 4, columns: [{ name: 'id', type: 'INTEGER' }] }
const failed = { status: 'failed', code: null, message: 'No.', diagnosis: null } as const
const cancelled = { ...failed, status: 'cancelled' } as const

type Version = Partial<typeof datasetVersions.$inferInsert>
type Added = { readonly additionId: string; readonly ids: readonly string[] }

/** Datasets of Ada's that were added together so many seconds ago, each with a first version that is being made. */
async function added(names: readonly string[], secondsAgo: number, its: Version = {}): Promise<Added> {
  const { id: ownerId, organizationId } = domain.ada
  const additionId = newId()
  const at = new Date(Date.now() - secondsAgo * 1000)
  const source = { kind: 'table', schema: 'public', table: 't' } as const
  const ids: string[] = []
  for (const name of names) {
    const [datasetId, id] = [newId(), newId()]
    await domain.db.insert(datasets).values({ id: datasetId, organizationId, ownerId, name, source, additionId })
    await domain.db.insert(datasetVersions).values({
      ...{ id, organizationId, datasetId, number: 1, status: 'running', createdBy: ownerId, runId: newId() },
      ...{ accountName: 'reader', createdAt: at, startedAt: at, heartbeatAt: new Date(), ...its },
    })
    ids.push(id)
  }
  return { additionId, ids }
}

function complete(versionId: string | undefined) {
  const { organizationId } = domain.ada
  return rows().complete({ organizationId, datasetId: '', versionId: versionId ?? '', file: '' }, imported)
}

const tables = Array.from({ length: 12 }, (_, index) => `Table ${index + 1}`)

describe('Who adds many tables at once', () => {
  it('is told once when the last slow one is ready, with the way to all of them', async () => {
    const { additionId, ids } = await added(tables, 90)
    for (const id of ids.slice(1)) await complete(id)
    expect(await told()).toEqual([])
    await complete(ids[0])
    const { rows: lines } = await domain.inbox.list(domain.ada)
    expect(lines.map(({ event, sentence, path }) => [event, sentence, path])).toEqual([
      [
        'addition.finished',
        '12 datasets that you added together are ready, the dataset "Table 1" among them.',
        paths.addition(additionId),
      ],
    ])
  })

  it('is told once also where all end at the same time, in several processes', async () => {
    const { ids } = await added(tables, 90)
    await Promise.all(ids.map((id, index) => (index % 3 === 0 ? rows().end(id, failed, true) : complete(id))))
    expect(await told()).toEqual([
      'Of 12 datasets that you added together 4 have no data, the dataset "Table 1" among them.',
    ])
  })

  it('is told nothing where all are ready within a minute', async () => {
    const { ids } = await added(tables.slice(0, 3), 10)
    for (const id of ids) await complete(id)
    expect(await told()).toEqual([])
  })

  it('is told of one failure by its name, however fast, and not before the others have ended', async () => {
    const { ids } = await added(['Good', 'Bad'], 1)
    await rows().end(ids[1] ?? '', failed, true)
    expect(await told()).toEqual([])
    await complete(ids[0])
    expect(await told()).toEqual(['Of 2 datasets that you added together 1 has no data: the dataset "Bad".'])
  })

  it('is told once of those whose process died', async () => {
    await added(['One', 'Two', 'Three'], 90, { heartbeatAt: new Date(Date.now() - 60_000) })
    await Promise.all([rows().endSilent(), rows().endSilent()])
    expect(await told()).toHaveLength(1)
  })

  it('is not told what they cancelled themselves, but what somebody else did', async () => {
    const mine = await added(['One', 'Two'], 90, { cancelRequestedBy: domain.ada.id })
    for (const id of mine.ids) await rows().end(id, cancelled, true)
    expect(await told()).toEqual([])
    const theirs = await added(['One', 'Two'], 90, { cancelRequestedBy: domain.ben.id })
    for (const id of theirs.ids) await rows().end(id, cancelled, true)
    expect(await told()).toEqual([
      'Of 2 datasets that you added together 2 have no data, the dataset "One" among them.',
    ])
  })

  it('is told of the others where the last one was deleted meanwhile', async () => {
    const { ids } = await added(['Stays', 'Goes'], 90)
    await complete(ids[0])
    const its = and(eq(datasets.name, 'Goes'), eq(datasets.ownerId, domain.ada.id))
    await domain.db.update(datasets).set({ deletedAt: new Date() }).where(its)
    await rows().end(ids[1] ?? '', cancelled, true)
    expect(await told()).toEqual(['The dataset "Stays", which you added along with others, is ready.'])
  })

  it('is told of one table, and of later versions, as always', async () => {
    const { ids } = await added(['Alone'], 90)
    await complete(ids[0])
    expect(await told()).toEqual(['Version 1 of the dataset "Alone" is ready, with 1 row.'])
    await domain.db.delete(notifications)
    const later = await added(['One', 'Two'], 90, { number: 2 })
    for (const id of later.ids) await rows().end(id, failed, true)
    expect(await told()).toHaveLength(2)
  })

  it('gets one e-mail for all where they chose that', async () => {
    await domain.choices.save(domain.ada, ['finished'])
    const { ids } = await added(tables, 90)
    for (const id of ids) await complete(id)
    const outbox = createOutbox({ webhook: true, email: true })
    await createCourier({ ...domain, deployment: 'managed', outbox, origin: null }).next()
    const sent = await domain.db.select().from(deliveries)
    expect(sent.map(({ channel, event, recipient }) => [channel, event, recipient]).toSorted()).toEqual([
      ['email', 'addition.finished', domain.ada.email],
      ['webhook', 'addition.finished', null],
    ])
  })

  it('is told, and the webhook with them: once for all, with how many and where', async () => {
    const ready = await added(['One', 'Two'], 90)
    for (const id of ready.ids) await complete(id)
    const half = await added(['Good', 'Bad'], 1)
    await complete(half.ids[0])
    await rows().end(half.ids[1] ?? '', failed, true)
    const about = (additionId: string) => ({
      ...{ additionId, datasets: 2, datasetId: expect.any(String), owner: domain.ada.name },
      url: `https://keyward.example.com/catalog/additions/${additionId}`,
    })
    expect(await heardByWebhook(domain)).toEqual([
      {
        event: 'addition.finished',
        body: {
          ...about(ready.additionId),
          sentence: expect.stringContaining('2 datasets that you added together are'),
        },
      },
      {
        event: 'addition.failed',
        body: {
          ...{ ...about(half.additionId), failed: 1 },
          sentence: 'Of 2 datasets that you added together 1 has no data: the dataset "Bad".',
        },
      },
    ])
  })
})

describe('Who adds many tables whose account is refused', () => {
  it('is told once, and of those that were not tried as well', async () => {
    const { domain: its, catalog, connectionId, credentialId, use, close } = await catalogDomain()
    try {
      use.answer = () => refused as never
      const items = ['a', 'b', 'c'].map((table) => ({
        name: table,
        source: { kind: 'table' as const, schema: 'public', table },
      }))
      const account = { kind: 'stored', credentialId } as const
      await catalog.datasets.create(its.ada, { connectionId, account, items, rowLimit: null })
      await catalog.snapshots.idle()
      expect(use.calls.length).toBeLessThan(3)
      const { rows: lines } = await its.inbox.list(its.ada)
      expect(lines.map(({ event, sentence }) => [event, sentence])).toEqual([
        ['addition.failed', 'Of 3 datasets that you added together 3 have no data, the dataset "a" among them.'],
      ])
    } finally {
      await close()
    }
  })
})
