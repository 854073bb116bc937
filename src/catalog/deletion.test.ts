import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { NotFound, RoleTooLow } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { type CatalogDomain, catalogDomain } from '../testing/catalog-domain.ts'
import { addConnection } from '../testing/domain.ts'

let at: CatalogDomain
let count = 0

beforeAll(async () => {
  at = await catalogDomain()
})
afterAll(() => at.close())

const ada = () => at.domain.ada
const show = (id: string) => at.catalog.datasetQueries.show(ada(), id)
const add = () => at.add(`table_${++count}`)
const refresh = (id: string) =>
  at.catalog.datasets.refresh(ada(), id, { kind: 'stored', credentialId: at.credentialId })
const rowsOf = (id: string) => at.domain.db.select().from(datasets).where(eq(datasets.id, id))
const filesOf = async (id: string) => {
  const versions = await at.domain.db.select().from(datasetVersions).where(eq(datasetVersions.datasetId, id))
  return at.files().filter((name) => versions.some((version) => name.includes(version.id)))
}
const deletedNames = async () => (await at.catalog.datasetListing.deleted(ada())).map(({ id }) => id)
const deletedBefore = (id: string, days: number) =>
  at.domain.db
    .update(datasets)
    .set({ deletedAt: sql`now() - make_interval(days => ${days})` })
    .where(eq(datasets.id, id))

describe('delete', () => {
  it('hides the dataset, ends what is being made and keeps its files', async () => {
    const id = await add()
    at.use.hold()
    const before = at.use.calls.length
    await refresh(id)
    await vi.waitFor(() => expect(at.use.calls).toHaveLength(before + 1))
    await at.catalog.datasetDeletion.delete(ada(), id)
    await at.catalog.snapshots.idle()
    at.use.release()
    await expect(show(id)).rejects.toThrow(NotFound)
    await at.catalog.sweep.once()
    expect(await filesOf(id)).toHaveLength(1)
    expect(await deletedNames()).toContain(id)
  })

  it('of a connection with its datasets, lets them be restored without a connection', async () => {
    const connectionId = await addConnection(at.domain, ada(), `Doomed ${++count}`)
    const id = await add()
    await at.domain.db.update(datasets).set({ connectionId }).where(eq(datasets.id, id))
    await at.domain.connections.delete(ada(), connectionId, 'delete')
    await expect(show(id)).rejects.toThrow(NotFound)
    await at.catalog.datasetDeletion.restore(ada(), id)
    expect(await show(id)).toMatchObject({ connection: null, versions: [{ status: 'completed' }] })
  })
})

describe('restore', () => {
  it('brings back the dataset with its people, tags and data, and is recorded', async () => {
    const id = await add()
    const words = { name: 'Kept', description: 'Why', tags: 'one, two', revision: 1 }
    await at.catalog.datasetDescription.edit(ada(), id, words)
    await at.catalog.datasetSharing.share(ada(), id, at.domain.ben.email, 'consumer')
    await at.catalog.datasetDeletion.delete(ada(), id)
    await expect(at.catalog.datasetQueries.show(at.domain.ben, id)).rejects.toThrow(NotFound)
    await at.catalog.datasetDeletion.restore(ada(), id)
    expect(await show(id)).toMatchObject({ name: 'Kept', tags: ['one', 'two'], versions: [{ status: 'completed' }] })
    expect((await at.catalog.datasetQueries.show(at.domain.ben, id)).role).toBe('consumer')
    const entries = await at.domain.db.select().from(auditEntries).where(eq(auditEntries.resourceId, id))
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['dataset.edit', 'dataset.share', 'dataset.delete', 'dataset.restore']),
    )
  })

  it('of a dataset that is not deleted finds nothing, like for a stranger and like after it went for good', async () => {
    const id = await add()
    const { deletion, ben, eve } = { deletion: at.catalog.datasetDeletion, ...at.domain }
    await expect(deletion.restore(ada(), id)).rejects.toThrow(NotFound)
    await expect(deletion.erase(ada(), id)).rejects.toThrow(NotFound)
    await deletion.delete(ada(), id)
    for (const stranger of [ben, eve]) {
      await expect(deletion.restore(stranger, id)).rejects.toThrow(NotFound)
      await expect(deletion.erase(stranger, id)).rejects.toThrow(NotFound)
      await expect(deletion.deleted(stranger, id)).rejects.toThrow(NotFound)
    }
    await deletion.erase(ada(), id)
    await expect(deletion.restore(ada(), id)).rejects.toThrow(NotFound)
  })

  it('is for owners: an editor neither deletes, restores nor sees it among the deleted', async () => {
    const id = await add()
    const { ben } = at.domain
    await at.catalog.datasetSharing.share(ada(), id, ben.email, 'editor')
    await expect(at.catalog.datasetDeletion.delete(ben, id)).rejects.toThrow(RoleTooLow)
    await at.catalog.datasetDeletion.delete(ada(), id)
    await expect(at.catalog.datasetDeletion.restore(ben, id)).rejects.toThrow(RoleTooLow)
    expect((await at.catalog.datasetListing.deleted(ben)).map((row) => row.id)).not.toContain(id)
  })
})

describe('erase', () => {
  it('removes files at once and the row with the next sweep', async () => {
    const id = await add()
    await at.catalog.datasetDeletion.delete(ada(), id)
    await at.catalog.datasetDeletion.erase(ada(), id)
    expect(await filesOf(id)).toEqual([])
    expect(await deletedNames()).not.toContain(id)
    await at.catalog.sweep.once()
    expect(await rowsOf(id)).toEqual([])
  })

  it('happens by itself 30 days after the deletion, not a day before, and is recorded as the system’s', async () => {
    const [old, recent] = [await add(), await add()]
    for (const id of [old, recent]) await at.catalog.datasetDeletion.delete(ada(), id)
    await deletedBefore(old, 30)
    await deletedBefore(recent, 29)
    await at.catalog.sweep.once()
    expect([await rowsOf(old), await filesOf(old)]).toEqual([[], []])
    expect(await filesOf(recent)).toHaveLength(1)
    const entries = await at.domain.db.select().from(auditEntries).where(eq(auditEntries.resourceId, old))
    const erasures = entries.filter(({ action }) => action === 'dataset.erase')
    expect(erasures).toMatchObject([{ actorKind: 'system', outcome: 'allowed' }])
  })

  it('that a process did not finish is finished by the sweep', async () => {
    const id = await add()
    await at.catalog.datasetDeletion.delete(ada(), id)
    await at.domain.db.update(datasets).set({ erasedAt: sql`now()` }).where(eq(datasets.id, id))
    expect(await filesOf(id)).toHaveLength(1)
    await at.catalog.sweep.once()
    expect([await rowsOf(id), at.files().filter((name) => name.includes(id))]).toEqual([[], []])
  })
})

describe('deleteVersion', () => {
  it('takes one with its file, leaves the others and never gives its number again', async () => {
    const id = await add()
    await refresh(id)
    await at.catalog.snapshots.idle()
    expect(await at.catalog.datasetDeletion.deleteVersion(ada(), id, 2)).toBe(true)
    expect((await show(id)).versions.map(({ number }) => number)).toEqual([1])
    await expect(at.catalog.datasetQueries.version(ada(), id, 2)).rejects.toThrow(NotFound)
    await expect(at.catalog.datasetQueries.stored(ada(), id, 2)).rejects.toThrow(NotFound)
    await expect(at.catalog.datasetDeletion.deleteVersion(ada(), id, 2)).rejects.toThrow(NotFound)
    expect(await filesOf(id)).toHaveLength(1)
    expect(await refresh(id)).toEqual({ ok: true, number: 3 })
    await at.catalog.snapshots.idle()
  })

  it('of the only one leaves a dataset without data, which the catalog still lists', async () => {
    const id = await add()
    await at.catalog.datasetDeletion.deleteVersion(ada(), id, 1)
    expect((await show(id)).versions).toEqual([])
    const { rows } = await at.catalog.datasetListing.list(ada())
    expect(rows.find((row) => row.id === id)?.version).toBeNull()
  })

  it('that is being made does nothing; an editor may not', async () => {
    const id = await add()
    at.use.hold()
    await refresh(id)
    expect(await at.catalog.datasetDeletion.deleteVersion(ada(), id, 2)).toBe(false)
    at.use.release()
    await at.catalog.snapshots.idle()
    expect((await show(id)).versions[0]).toMatchObject({ number: 2, status: 'completed' })
    await at.catalog.datasetSharing.share(ada(), id, at.domain.ben.email, 'editor')
    await expect(at.catalog.datasetDeletion.deleteVersion(at.domain.ben, id, 1)).rejects.toThrow(RoleTooLow)
  })

  it('that a process did not finish has its file removed by the sweep', async () => {
    const id = await add()
    await at.domain.db.update(datasetVersions).set({ status: 'deleted' }).where(eq(datasetVersions.datasetId, id))
    expect(await filesOf(id)).toHaveLength(1)
    await at.catalog.sweep.once()
    expect(await filesOf(id)).toEqual([])
  })
})
