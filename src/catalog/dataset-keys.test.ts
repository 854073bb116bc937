import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { datasets } from '../db/schema/catalog.ts'
import { datasetKeys } from '../db/schema/storage.ts'
import { OpenFailed } from '../secrets/record.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain
let version: { organizationId: string; datasetId: string; versionId: string }

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

beforeEach(async () => {
  const { organizationId, id: ownerId } = domain.ada
  version = { organizationId, datasetId: newId(), versionId: newId() }
  const source = { kind: 'query', query: 'select 1' } as const
  await domain.db.insert(datasets).values({ id: version.datasetId, organizationId, ownerId, name: 'Sales', source })
})

describe('The key of a dataset', () => {
  it('is made once, however many processes make it at the same time', async () => {
    await Promise.all([1, 2, 3, 4].map(ensure))
    const first = await keyOf()
    await ensure()
    expect(await keyOf()).toBe(first)
    expect(await keyOf({ ...version, versionId: newId() })).not.toBe(first)
    expect(await rows()).toHaveLength(1)
    expect(JSON.stringify(await rows())).not.toContain(first)
  })

  it('does not exist before, and is gone for good when it was destroyed: the next is another', async () => {
    await expect(keyOf()).rejects.toThrow(OpenFailed)
    await ensure()
    const first = await keyOf()
    await domain.db.transaction((tx) => domain.datasetKeys.destroy(tx, version.datasetId))
    await expect(keyOf()).rejects.toThrow(OpenFailed)
    await ensure()
    expect(await keyOf()).not.toBe(first)
  })

  it('goes with the row of its dataset', async () => {
    await ensure()
    await domain.db.delete(datasets).where(eq(datasets.id, version.datasetId))
    expect(await rows()).toEqual([])
  })

  it('S2 opens for no other organization', async () => {
    await ensure()
    await expect(keyOf({ ...version, organizationId: domain.eve.organizationId })).rejects.toThrow(OpenFailed)
  })
})

function ensure(): Promise<void> {
  return domain.db.transaction((tx) => domain.datasetKeys.ensure(tx, version))
}

async function keyOf(of = version): Promise<string> {
  const key = await domain.datasetKeys.ofVersion(of)
  return key.expose().toString('hex')
}

function rows() {
  return domain.db.select().from(datasetKeys).where(eq(datasetKeys.datasetId, version.datasetId))
}
