import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound, RoleTooLow } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { type CatalogDomain, catalogDomain, storeAccount } from '../testing/catalog-domain.ts'
import { refused } from '../testing/domain.ts'

let at: CatalogDomain
let ada: UserActor
let ben: UserActor
let bens: Account
let id: string
let count = 0

beforeAll(async () => {
  at = await catalogDomain()
  ada = at.domain.ada
  ben = at.domain.ben
  await at.domain.sharing.share(ada, at.connectionId, ben.email, 'consumer')
  bens = { kind: 'stored', credentialId: await storeAccount(at.domain, ben, [at.connectionId]) }
})
afterAll(() => at.close())
beforeEach(async () => {
  id = await at.add(`table_${++count}`)
})

const share = (role: string, whom = ben) => at.catalog.datasetSharing.share(ada, id, whom.email, role)
const seen = () => at.catalog.datasetQueries.show(ben, id)
const refresh = () => at.catalog.datasets.refresh(ben, id, bens)

describe('a consumer', () => {
  it('reads and downloads it, finds it in the catalog, and changes nothing', async () => {
    await expect(seen()).rejects.toThrow(NotFound)
    expect(await share('consumer')).toEqual({ ok: true })
    expect(await seen()).toMatchObject({ role: 'consumer', versions: [{ status: 'completed' }] })
    expect((await at.catalog.datasetQueries.stored(ben, id, 1)).file).toContain('.sealed')
    expect((await at.catalog.datasetListing.list(ben, { show: 'shared' })).rows.map((row) => row.id)).toContain(id)
    const words = { name: 'Mine', description: '', tags: '', revision: 1 }
    await expect(refresh()).rejects.toThrow(RoleTooLow)
    await expect(at.catalog.datasetDescription.edit(ben, id, words)).rejects.toThrow(RoleTooLow)
    await expect(at.catalog.datasets.cancel(ben, id, 1)).rejects.toThrow(RoleTooLow)
    await expect(at.catalog.datasetSharing.share(ben, id, ada.email, 'consumer')).rejects.toThrow(RoleTooLow)
  })

  it('learns neither the account of others nor, without the connection, why a snapshot failed', async () => {
    await share('consumer')
    const message = 'Nothing listens at db.example.com, port 5432.'
    const said = 'password authentication failed for user "reader_of_ada"'
    const diagnosis = refused.diagnosis.map((rung) => (rung.state === 'failed' ? { ...rung, detail: said } : rung))
    const failed = { status: 'failed', message, code: 'tcp.refused', diagnosis } as const
    await at.domain.db.update(datasetVersions).set(failed).where(eq(datasetVersions.datasetId, id))
    expect(await seen()).toMatchObject({ account: null, versions: [{ accountName: null, message }] })
    expect(JSON.stringify(await seen())).not.toContain('reader_of_ada')
    expect(JSON.stringify(await at.catalog.datasetQueries.show(ada, id))).toContain('reader_of_ada')
    await at.domain.db.update(datasets).set({ connectionId: null }).where(eq(datasets.id, id))
    const [version] = (await seen()).versions
    expect(version).toMatchObject({ accountName: null, code: null, diagnosis: null })
    expect(version?.message).toBe('The snapshot could not be made. Who asked for it sees why.')
    expect((await at.catalog.datasetQueries.show(ada, id)).versions[0]?.message).toBe(message)
  })

  it('of another organization, or disabled, cannot be chosen', async () => {
    const refused = await share('consumer', at.domain.eve)
    expect(refused).toMatchObject({ ok: false, field: 'email' })
    expect(await at.catalog.datasetSharing.share(ada, id, 'nobody@example.com', 'editor')).toEqual(refused)
    expect(await share('king')).toMatchObject({ ok: false, field: 'role' })
  })
})

describe('an editor', () => {
  it('refreshes it with an account of their own, which stays theirs', async () => {
    await share('editor')
    expect(await refresh()).toEqual({ ok: true, number: 2 })
    await at.catalog.snapshots.idle()
    const shown = await at.catalog.datasetQueries.show(ada, id)
    expect(shown.account).toEqual({ id: at.credentialId, name: 'Reporting of Ada', isOwn: true })
    expect(shown.versions[0]).toMatchObject({ status: 'completed', accountName: null, createdByName: 'Ben' })
    expect((await seen()).versions.map((version) => version.accountName)).toEqual(['Reporting of Ben', null])
  })

  it('without the connection, cannot refresh it', async () => {
    await share('editor', at.domain.root)
    const account: Account = { kind: 'stored', credentialId: await storeAccount(at.domain, at.domain.root, []) }
    await expect(at.catalog.datasets.refresh(at.domain.root, id, account)).rejects.toThrow(NotFound)
  })

  it('who is removed has what they are making ended', async () => {
    await share('editor')
    const before = at.use.calls.length
    at.use.hold()
    await refresh()
    await vi.waitFor(() => expect(at.use.calls).toHaveLength(before + 1))
    expect(await at.catalog.datasetSharing.remove(ada, id, ben.id)).toEqual({ ok: true })
    await at.catalog.snapshots.idle()
    at.use.release()
    await expect(seen()).rejects.toThrow(NotFound)
    expect((await at.catalog.datasetQueries.show(ada, id)).versions[0]?.status).toBe('cancelled')
  })

  it('who loses the connection keeps the dataset and has what they are making ended', async () => {
    await share('editor')
    at.use.hold()
    await refresh()
    await at.domain.sharing.remove(ada, at.connectionId, ben.id)
    await at.catalog.snapshots.idle()
    at.use.release()
    expect(await seen()).toMatchObject({ connection: null, connectionWithdrawn: true })
    expect((await seen()).versions[0]?.status).toBe('cancelled')
  })
})

describe('an owner', () => {
  it('does all that who made it does, but cannot take it from them', async () => {
    await share('owner')
    expect(await at.catalog.datasetSharing.share(ben, id, at.domain.root.email, 'owner')).toEqual({ ok: true })
    const { ok } = await at.catalog.datasetSharing.remove(ben, id, ada.id)
    expect(ok).toBe(false)
    expect((await at.catalog.datasetSharing.changeRole(ben, id, ada.id, 'consumer')).ok).toBe(false)
    expect((await at.catalog.datasetSharing.people(ben, id)).map(({ name, role }) => [name, role])).toEqual([
      ['Ada', 'owner'],
      ['Ben', 'owner'],
      ['Root', 'owner'],
    ])
  })

  it('who was made a consumer shares no more, and leaves by themselves', async () => {
    await share('owner')
    expect(await at.catalog.datasetSharing.changeRole(ada, id, ben.id, 'consumer')).toEqual({ ok: true })
    await expect(at.catalog.datasetSharing.changeRole(ben, id, ben.id, 'owner')).rejects.toThrow(RoleTooLow)
    expect(await at.catalog.datasetSharing.remove(ben, id, ben.id)).toEqual({ ok: true })
    await expect(seen()).rejects.toThrow(NotFound)
    const entries = await at.domain.db.select().from(auditEntries).where(eq(auditEntries.resourceId, id))
    const told = entries.map(({ action, outcome }) => `${action} ${outcome}`)
    expect(told).toEqual(
      expect.arrayContaining(['dataset.share allowed', 'dataset.share denied', 'dataset.leave allowed']),
    )
  })

  it('shares with the same person once', async () => {
    await share('consumer')
    expect(await share('editor')).toMatchObject({
      ok: false,
      field: 'email',
      error: expect.stringContaining('Ben has'),
    })
    expect(await share('editor', ada)).toMatchObject({ ok: false, field: 'email' })
  })
})

describe('a stranger', () => {
  it('finds nothing, whatever they try', async () => {
    const { datasetSharing: sharing } = at.catalog
    for (const stranger of [ben, at.domain.eve]) {
      await expect(sharing.people(stranger, id)).rejects.toThrow(NotFound)
      await expect(sharing.removable(stranger, id, ada.id)).rejects.toThrow(NotFound)
      await expect(sharing.share(stranger, id, stranger.email, 'owner')).rejects.toThrow(NotFound)
      await expect(sharing.changeRole(stranger, id, stranger.id, 'owner')).rejects.toThrow(NotFound)
      await expect(sharing.remove(stranger, id, stranger.id)).rejects.toThrow(NotFound)
    }
  })
})
