import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { type CatalogDomain, catalogDomain, storeAccount } from '../testing/catalog-domain.ts'
import { signedIn } from '../testing/domain.ts'

let at: CatalogDomain
let account: Account
const rows = { columns: [{ name: 'id', type: 'INTEGER' }], rows: [['1']] }

beforeAll(async () => {
  at = await catalogDomain()
  account = { kind: 'stored', credentialId: at.credentialId }
  at.use.answer = ({ operation }) => (operation === 'preview' ? ({ ...signedIn, value: rows } as never) : undefined)
})
afterAll(() => at.close())

describe('a dynamic dataset', () => {
  it('stores nothing when it is added, and is read anew at each look, without its sample', async () => {
    const sample = { of: 'percent', amount: 5, seed: 1 } as const
    const items = [{ name: 'Live', source: { kind: 'table', schema: 'public', table: 'live', sample } as const }]
    const before = at.use.calls.length
    const id = await at.add('live', { items, isDynamic: true })
    expect(at.use.calls).toHaveLength(before)
    expect(await at.catalog.datasetQueries.show(at.domain.ada, id)).toMatchObject({ isDynamic: true, versions: [] })
    for (const look of [1, 2]) {
      expect(await at.catalog.datasetLooks.look(at.domain.ada, id, account)).toMatchObject({ ok: true, value: rows })
      expect(at.use.calls).toHaveLength(before + look)
    }
    expect(at.use.calls.at(-1)).toMatchObject({
      operation: 'preview',
      input: { rows: 20, source: { kind: 'table', schema: 'public', table: 'live' } },
    })
    expect(at.use.calls.at(-1)?.input).not.toHaveProperty('source.sample')
    const entries = await at.domain.db.select().from(auditEntries).where(eq(auditEntries.resourceId, id))
    expect(entries.map(({ action }) => action)).toEqual(['dataset.create', 'dataset.look', 'dataset.look'])
  })

  it('has no versions to make', async () => {
    const id = await at.add('live', { isDynamic: true })
    await expect(at.catalog.datasets.refresh(at.domain.ada, id, account)).rejects.toThrow(NotFound)
  })

  it('that is shared is looked at by whom it is shared with, and by nobody else', async () => {
    const id = await at.add('live', { isDynamic: true })
    const { ben } = at.domain
    const bens: Account = { kind: 'stored', credentialId: await storeAccount(at.domain, ben, []) }
    await expect(at.catalog.datasetLooks.look(ben, id, bens)).rejects.toThrow(NotFound)
    await at.catalog.datasetSharing.share(at.domain.ada, id, ben.email, 'consumer')
    expect(await at.catalog.datasetLooks.look(ben, id, bens)).toMatchObject({ ok: true })
  })
})

describe('a look', () => {
  it('at a dataset with snapshots finds nothing', async () => {
    const id = await at.add('stored')
    await expect(at.catalog.datasetLooks.look(at.domain.ada, id, account)).rejects.toThrow(NotFound)
  })
})
