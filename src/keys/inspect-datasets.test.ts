import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { datasetKeys } from '../db/schema/storage.ts'
import { snapshotFile } from '../storage/snapshot-file.ts'
import { asOwner, type TestDomain, testDomain } from '../testing/domain.ts'
import { listTerms } from './inspect.ts'
import { verifyDatasetKeys } from './inspect-datasets.ts'

let domain: TestDomain

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

it('verifyDatasetKeys counts every key, and names a key that was swapped and a sealed snapshot without one', async () => {
  const { db, keys } = domain
  const [one, two, three] = [await dataset(), await dataset(), await dataset()]
  expect(await verifyDatasetKeys(db, keys)).toEqual({ keys: 3, failed: 0, failures: [] })
  expect((await listTerms(db))[0]).toMatchObject({ grants: 0, datasetKeys: 3 })
  const [other] = await db.select().from(datasetKeys).where(eq(datasetKeys.datasetId, two))
  if (other === undefined) throw new Error('It exists.')
  await db.update(datasetKeys).set({ sealed: other.sealed }).where(eq(datasetKeys.datasetId, one))
  await db.delete(datasetKeys).where(eq(datasetKeys.datasetId, three))
  const report = await verifyDatasetKeys(db, keys)
  expect(report).toMatchObject({ keys: 2, failed: 2 })
  expect([...report.failures].sort()).toEqual([one, three].sort())
})

it('The database takes no key of a dataset under a term that is not active, or whose column and header differ', async () => {
  const { db } = domain
  const id = await dataset()
  const change = (set: object) => db.update(datasetKeys).set(set).where(eq(datasetKeys.datasetId, id))
  await expect(change({ keyTerm: 2 })).rejects.toThrow()
  const underAudit = sql`overlay(sealed placing decode('00000002', 'hex') from 3)`
  await expect(change({ keyTerm: 2, sealed: underAudit })).rejects.toMatchObject({ cause: { code: 'KW001' } })
  await asOwner(domain, "update keyring set state = 'decrypt-only' where term = 1")
  await expect(dataset()).rejects.toMatchObject({ cause: { code: 'KW001' } })
})

async function dataset(): Promise<string> {
  const { db, ada, datasetKeys: keys } = domain
  const { organizationId } = ada
  const [id, versionId] = [newId(), newId()]
  await db.transaction(async (tx) => {
    const source = { kind: 'query', query: 'select 1' } as const
    await tx.insert(datasets).values({ id, organizationId, ownerId: ada.id, name: 'Sales', source })
    await keys.ensure(tx, { organizationId, datasetId: id })
    await tx.insert(datasetVersions).values({
      ...{ id: versionId, organizationId, datasetId: id, number: 1, status: 'completed', createdBy: ada.id },
      ...{ accountName: 'Reporting', runId: newId(), file: snapshotFile(organizationId, versionId) },
    })
  })
  return id
}
