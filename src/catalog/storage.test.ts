import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { snapshotFile } from '../storage/snapshot-file.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
import { createStorage, StorageFull } from './storage.ts'
import type { StoredVersion } from './stored-version.ts'
import { createVersionRows } from './version-rows.ts'

let domain: TestDomain
let datasetId: string
let number = 0

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

beforeEach(async () => {
  await domain.db.delete(datasets)
  datasetId = newId()
  const { organizationId, id: ownerId } = domain.ada
  const source = { kind: 'query', query: 'select 1' } as const
  await domain.db.insert(datasets).values({ id: datasetId, organizationId, ownerId, name: 'Sales', source })
})

describe('The total of an organization', () => {
  it('follows versions that are completed, lose their file, or go with their dataset', async () => {
    const versions = createVersionRows(domain.db, storage())
    const [one, two] = [await running(), await running()]
    await versions.beat([{ versionId: one.versionId, rows: 5, bytes: 9_999 }])
    expect(await total()).toEqual([0, 0])
    expect(await versions.complete(one, imported(1_000))).toBe('completed')
    expect(await versions.complete(two, imported(500))).toBe('completed')
    expect(await total()).toEqual([1_500, 2])
    await versions.forgetFile(two.versionId)
    expect(await total()).toEqual([1_000, 1])
    await domain.db.delete(datasets).where(eq(datasets.id, datasetId))
    expect(await total()).toEqual([0, 0])
  })

  it('is what the versions add up to, whatever many do at once', async () => {
    const versions = createVersionRows(domain.db, storage())
    const all = await Promise.all(Array.from({ length: 12 }, running))
    await Promise.all(all.map((version, index) => versions.complete(version, imported(index + 1))))
    await Promise.all(all.slice(0, 5).map(({ versionId }) => versions.forgetFile(versionId)))
    const { rows } = await domain.db.execute<{ bytes: number; count: number }>(sql`
      select sum(bytes)::int as bytes, count(*)::int as count from dataset_versions
      where status = 'completed' and file is not null`)
    expect(await total()).toEqual([rows[0]?.bytes, rows[0]?.count])
    expect(rows[0]?.count).toBe(7)
  })
})

describe('A limit', () => {
  it('is not passed by versions that are completed at the same time: some of them are refused', async () => {
    const its = storage(10_000)
    const versions = createVersionRows(domain.db, its)
    const all = await Promise.all(Array.from({ length: 8 }, running))
    const outcomes = await Promise.all(all.map((version) => versions.complete(version, imported(3_000))))
    expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(3)
    expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(5)
    expect(await total()).toEqual([9_000, 3])
    expect(await its.room(domain.ada.organizationId)).toBe(1_000)
    await expect(storage(9_000).room(domain.ada.organizationId)).rejects.toThrow(StorageFull)
    expect(await storage().room(domain.ada.organizationId)).toBe(Number.POSITIVE_INFINITY)
  })

  it('of an organization’s own goes before the default, and above it only where people run their own', async () => {
    const { root } = domain
    const managed = createStorage({ ...domain, standard: 1_000, deployment: 'managed' })
    expect(await managed.setLimit(root, root.organizationId, 1_001)).toMatchObject({
      ...{ ok: false, error: 'The limit may be 1.0 kB at most here. Enter that or less.' },
    })
    expect(await managed.setLimit(root, root.organizationId, 600)).toEqual({ ok: true })
    expect(await managed.show(root, root.organizationId)).toMatchObject({
      limit: 600,
      isOwnLimit: true,
      standard: 1_000,
    })
    const own = createStorage({ ...domain, standard: 1_000, deployment: 'self-managed' })
    expect(await own.setLimit(root, root.organizationId, 5_000)).toEqual({ ok: true })
    expect(await own.room(root.organizationId)).toBe(5_000)
    await own.setLimit(root, root.organizationId, null)
    expect(await own.show(root, root.organizationId)).toMatchObject({ limit: 1_000, isOwnLimit: false })
  })

  it('of another organization says nothing of this one', async () => {
    const { eve } = domain
    expect(await storage(1).room(eve.organizationId)).toBe(1)
  })
})

function storage(standard: number | null = null) {
  return createStorage({ ...domain, standard, deployment: 'self-managed' })
}

async function running(): Promise<StoredVersion> {
  const { organizationId, id } = domain.ada
  const versionId = newId()
  const file = snapshotFile(organizationId, versionId)
  await domain.db.insert(datasetVersions).values({
    ...{ id: versionId, organizationId, datasetId, number: ++number, status: 'running', createdBy: id, file },
    ...{ accountName: 'Reporting', runId: newId() },
  })
  return { organizationId, datasetId, versionId, file }
}

function imported(bytes: number) {
  return { rows: 1, bytes, columns: [] }
}

async function total(): Promise<number[]> {
  const { bytes, versions } = await storage().show(domain.root, domain.root.organizationId)
  return [bytes, versions]
}
