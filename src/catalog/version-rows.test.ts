import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { snapshotFile } from '../storage/snapshot-file.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
import { createVersionRows, type VersionRows } from './version-rows.ts'

let domain: TestDomain
let versions: VersionRows
let datasetId: string
let number = 0

beforeAll(async () => {
  domain = await testDomain()
  versions = createVersionRows(domain.db, { reserve: async () => true })
  datasetId = newId()
  const { organizationId, id: ownerId } = domain.ada
  const source = { kind: 'query', query: 'select 1' } as const
  await domain.db.insert(datasets).values({ id: datasetId, organizationId, ownerId, name: 'Sales', source })
})
afterAll(() => domain.close())

it('A version whose beginning was written, but whose process never heard so, is begun by the second try', async () => {
  const { versionId } = await add('queued')
  const begun = await versions.start(domain.ada.organizationId, versionId)
  const { startedAt } = await row(versionId)
  expect(await versions.start(domain.ada.organizationId, versionId)).toEqual(begun)
  expect(begun).toMatchObject({ versionId, datasetId })
  expect(await row(versionId)).toMatchObject({ status: 'running', startedAt })
})

it('A version that somebody ended, is not begun', async () => {
  const { versionId } = await add('cancelled')
  expect(await versions.start(domain.ada.organizationId, versionId)).toBeUndefined()
})

it('A version whose completion was written, but whose process never heard so, is completed by the second try', async () => {
  const version = await add('running')
  expect(await versions.complete(version, imported)).toBe('completed')
  const { finishedAt } = await row(version.versionId)
  expect(await versions.complete(version, imported)).toBe('completed')
  expect(await row(version.versionId)).toMatchObject({ status: 'completed', finishedAt })
})

it('A version whose completion left no room for another like it, is completed by the second try', async () => {
  const version = await add('running')
  await versions.complete(version, imported)
  const full = createVersionRows(domain.db, { reserve: async () => false })
  expect(await full.complete(version, imported)).toBe('completed')
  expect(await full.complete(await add('running'), imported)).toBe('full')
})

it.each(['failed', 'cancelled', 'deleted'] as const)(
  'A version that is %s, is lost to who completes it',
  async (status) => {
    const version = await add(status)
    expect(await versions.complete(version, imported)).toBe('lost')
    expect((await row(version.versionId)).status).toBe(status)
  },
)

it('A version that is gone, is lost to who completes it', async () => {
  const version = await add('running')
  await domain.db.delete(datasetVersions).where(eq(datasetVersions.id, version.versionId))
  expect(await versions.complete(version, imported)).toBe('lost')
})

it('A version that somebody has cancelled, is not completed, with room or without', async () => {
  const version = await add('running', { cancelRequestedAt: new Date(), cancelRequestedBy: domain.ada.id })
  expect(await versions.complete(version, imported)).toBe('cancelled')
  const full = createVersionRows(domain.db, { reserve: async () => false })
  expect(await full.complete(version, imported)).toBe('cancelled')
  expect((await row(version.versionId)).status).toBe('running')
})

it('The file of a version that has ended, is to be removed, but not while it is put aside', async () => {
  const [one, two] = [await add('failed', { finishedAt: new Date() }), await add('deleted')]
  expect(await found([])).toEqual(expect.arrayContaining([one.versionId, two.versionId]))
  const others = await found([one.versionId])
  expect(others).toContain(two.versionId)
  expect(others).not.toContain(one.versionId)
})

it('The file of a version that failed, is to be removed for a minute, and once more after ten', async () => {
  const ago = (minutes: number) => ({ finishedAt: new Date(Date.now() - minutes * 60_000) })
  const ids = []
  for (const minutes of [0.5, 5, 11]) ids.push((await add('failed', ago(minutes))).versionId)
  const there = await found([])
  expect(ids.map((id) => there.includes(id))).toEqual([true, false, true])
})

const found = async (except: readonly string[]) =>
  (await versions.filesToRemove(except)).map(({ versionId }) => versionId)

const imported = { rows: 1, bytes: 10, columns: [] }

type Row = typeof datasetVersions.$inferInsert

async function add(status: Row['status'], more: Partial<Row> = {}) {
  const { organizationId, id } = domain.ada
  const versionId = newId()
  const file = snapshotFile(organizationId, versionId)
  await domain.db.insert(datasetVersions).values({
    ...{ id: versionId, organizationId, datasetId, number: ++number, status, createdBy: id, file },
    ...{ accountName: 'Reporting', runId: newId(), ...more },
  })
  return { organizationId, datasetId, versionId, file }
}

async function row(id: string): Promise<typeof datasetVersions.$inferSelect> {
  const [found] = await domain.db.select().from(datasetVersions).where(eq(datasetVersions.id, id))
  if (found === undefined) throw new Error('There is no such version.')
  return found
}
