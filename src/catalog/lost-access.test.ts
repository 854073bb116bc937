import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { AccountNotFound, NotFound } from '../access/refusals.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { users } from '../db/schema/organizations.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, signedIn, type TestDomain, testDomain } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import { type Catalog, createCatalog } from './catalog.ts'

let domain: TestDomain
let connectionId: string
let directory: string
let catalog: Catalog
let count = 0
/** What the connector waits with, so that others stay in line behind it. */
const held: (() => void)[] = []

beforeAll(async () => {
  domain = await testDomain()
  const imported = { rows: 1, bytes: 4, columns: [{ name: 'id', type: 'INTEGER' }] }
  domain.connector.next = { ...signedIn, value: imported } as typeof signedIn
  const run = domain.connector.run
  domain.connector.run = async (job, options) => {
    options.onLetIn?.()
    await new Promise<void>((resolve) => void held.push(resolve))
    return run(job, options)
  }
})
afterAll(() => domain.close())

beforeEach(async () => {
  connectionId = await addConnection(domain, domain.ada, `Sales ${++count}`)
  await domain.sharing.share(domain.ada, connectionId, domain.ben.email, 'consumer')
  directory = mkdtempSync(join(tmpdir(), 'keyward-lost-'))
  domain.connector.jobs.length = 0
})
afterEach(async () => {
  letThrough()
  await catalog.close()
  rmSync(directory, { recursive: true })
})

describe('A snapshot in line', () => {
  it('of someone who is disabled meanwhile, is not made and says why', async () => {
    const credentialId = await storedOfBen()
    catalog = newCatalog(domain.use)
    const ids = await create(credentialId, ['one', 'two', 'three'])
    // Two are at the connector, the third waits for one of them.
    await vi.waitFor(async () => expect(await statuses(ids)).toEqual(['running', 'running', 'queued']))
    // A version runs a moment before its account is opened.
    await vi.waitFor(() => expect(held).toHaveLength(2))
    await domain.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, domain.ben.id))
    try {
      letThrough()
      await catalog.snapshots.idle()
      const [version] = await versionsOf(ids[2] ?? '')
      expect(version).toMatchObject({ status: 'failed', message: expect.stringContaining('was disabled') })
      expect(domain.connector.jobs).toHaveLength(2)
      const typed = { kind: 'typed', type: 'basic', fields: { username: new Secret('u'), password: new Secret('p') } }
      const again = domain.use.run(domain.ben, { ...request(), account: typed as never })
      await expect(again).rejects.toThrow('was disabled')
    } finally {
      await domain.db.update(users).set({ disabledAt: null }).where(eq(users.id, domain.ben.id))
    }
  })
})

describe('A connection that is no longer shared', () => {
  it('ends what is being imported, keeps the datasets and their data, and lets none be refreshed', async () => {
    const credentialId = await storedOfBen()
    const use = fakeUse()
    catalog = newCatalog(use)
    use.release()
    const [kept = ''] = await create(credentialId, ['kept'])
    await catalog.snapshots.idle()
    use.hold()
    const [ending = ''] = await create(credentialId, ['ending'])
    await vi.waitFor(async () => expect(await statuses([ending])).toEqual(['running']))
    expect(await domain.sharing.losses(domain.ada, connectionId, domain.ben.id)).toMatchObject({ datasets: 2 })
    await domain.sharing.remove(domain.ada, connectionId, domain.ben.id)
    await catalog.snapshots.idle()
    expect(await statuses([kept, ending])).toEqual(['completed', 'cancelled'])
    const shown = await catalog.datasetQueries.show(domain.ben, kept)
    expect(shown).toMatchObject({ connection: null, connectionWithdrawn: true })
    expect(await catalog.datasetQueries.stored(domain.ben, kept, 1)).toBeTruthy()
    const account = { kind: 'stored', credentialId } as const
    await expect(catalog.datasets.refresh(domain.ben, kept, account)).rejects.toBeInstanceOf(NotFound)
    await expect(create(credentialId, ['more'])).rejects.toBeInstanceOf(NotFound)
  })

  it('deleted by its owner, keeps the datasets of others whatever its owner chose', async () => {
    const credentialId = await storedOfBen()
    const use = fakeUse()
    catalog = newCatalog(use)
    use.release()
    const [his = ''] = await create(credentialId, ['his'])
    await catalog.snapshots.idle()
    expect(await domain.connectionQueries.dependants(domain.ada, connectionId)).toMatchObject({
      ...{ credentials: [], credentialsOfOthers: 1, datasets: [], datasetsOfOthers: 1 },
    })
    await domain.connections.delete(domain.ada, connectionId, 'delete')
    const shown = await catalog.datasetQueries.show(domain.ben, his)
    expect(shown).toMatchObject({ connection: null, connectionWithdrawn: false })
  })
})

describe('A credential that is no longer shared', () => {
  it('ends what is being imported with it, keeps the datasets and their data, and lets none be refreshed', async () => {
    const credentialId = await storedBy(domain.ada)
    await domain.credentialSharing.share(domain.ada, credentialId, domain.ben.email)
    const use = fakeUse()
    catalog = newCatalog(use)
    use.release()
    const [kept = ''] = await create(credentialId, ['kept'])
    await catalog.snapshots.idle()
    const named = { id: credentialId, name: `Reader ${count}` }
    expect(await catalog.datasetQueries.show(domain.ben, kept)).toMatchObject({ account: named })
    use.hold()
    const [ending = ''] = await create(credentialId, ['ending'])
    await vi.waitFor(async () => expect(await statuses([ending])).toEqual(['running']))
    const { associations } = await domain.credentialQueries.show(domain.ada, credentialId)
    expect(associations).toMatchObject([{ datasets: 0, datasetsOfOthers: 2 }])
    const dependants = await domain.credentialQueries.dependants(domain.ada, credentialId)
    expect(dependants).toMatchObject({ datasets: [], datasetsOfOthers: 2, sharedWith: 1 })
    expect(await domain.credentialSharing.people(domain.ada, credentialId)).toMatchObject([
      { name: 'Ben', datasets: 2 },
    ])

    await domain.credentialSharing.unshare(domain.ada, credentialId, domain.ben.id)
    await catalog.snapshots.idle()
    expect(await statuses([kept, ending])).toEqual(['completed', 'cancelled'])
    // What it is called now is its owner's again; what the version was made with stays written on it.
    const shown = await catalog.datasetQueries.show(domain.ben, kept)
    expect(shown).toMatchObject({ account: null, versions: [{ accountName: `Reader ${count}` }] })
    expect(await catalog.datasetQueries.stored(domain.ben, kept, 1)).toBeTruthy()
    const account = { kind: 'stored', credentialId } as const
    await expect(catalog.datasets.refresh(domain.ben, kept, account)).rejects.toBeInstanceOf(AccountNotFound)
    await expect(create(credentialId, ['more'])).rejects.toBeInstanceOf(AccountNotFound)
    expect(await domain.credentialQueries.dependants(domain.ada, credentialId)).toMatchObject({ datasetsOfOthers: 2 })
  })

  it('while a snapshot waits in line, is not used for it, and the version says why', async () => {
    const credentialId = await storedBy(domain.ada)
    await domain.credentialSharing.share(domain.ada, credentialId, domain.ben.email)
    catalog = newCatalog(domain.use)
    const ids = await create(credentialId, ['one', 'two', 'three'])
    await vi.waitFor(async () => expect(await statuses(ids)).toEqual(['running', 'running', 'queued']))
    await vi.waitFor(() => expect(held).toHaveLength(2))
    // Without its end being asked for, as a process that lost its database would meet it.
    await domain.db.delete(credentialShares).where(eq(credentialShares.credentialId, credentialId))
    letThrough()
    await catalog.snapshots.idle()
    const [version] = await versionsOf(ids[2] ?? '')
    expect(version).toMatchObject({ status: 'failed', message: expect.stringContaining('Choose another account') })
    expect(domain.connector.jobs).toHaveLength(2)
  })
})

function letThrough(): void {
  for (const resolve of held.splice(0)) resolve()
}

function newCatalog(use: Parameters<typeof createCatalog>[0]['use']): Catalog {
  const log = createLog({ level: 'silent' })
  return createCatalog({ ...domain, use, directory, log, beatMilliseconds: 20 })
}

function request() {
  return { connectionId, operation: 'signIn', input: {}, purpose: 'test' } as const
}

const storedOfBen = () => storedBy(domain.ben)

async function storedBy(owner: UserActor): Promise<string> {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const its = { type: 'basic', name: `Reader ${count}`, description: '', fields, connectionIds: [connectionId] }
  const made = await domain.vault.create(owner, its)
  if (!made.ok) throw new Error(made.error)
  return made.id
}

function create(credentialId: string, tables: readonly string[]): Promise<readonly string[]> {
  const items = tables.map((table) => ({ name: table, source: { kind: 'table', schema: 'public', table } as const }))
  const account = { kind: 'stored', credentialId } as const
  return catalog.datasets.create(domain.ben, { connectionId, account, items, rowLimit: null })
}

function versionsOf(datasetId: string) {
  return domain.db.select().from(datasetVersions).where(eq(datasetVersions.datasetId, datasetId))
}

async function statuses(ids: readonly string[]): Promise<(string | undefined)[]> {
  const found = []
  for (const id of ids) found.push((await versionsOf(id))[0]?.status)
  return found
}
