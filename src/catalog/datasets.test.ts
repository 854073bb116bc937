import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import type { Outcome } from '../connector/driver.ts'
import { TooBusy } from '../connector/driver.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { addConnection, refused, type TestDomain, testDomain } from '../testing/domain.ts'
import { type FakeUse, fakeSize, fakeUse } from '../testing/fake-use.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import type { DatasetItem } from './datasets.ts'
import { cancelledMessage } from './version-rows.ts'

let domain: TestDomain
let connectionId: string
let credentialId: string
let directory: string
let catalog: Catalog
let use: FakeUse

beforeAll(async () => {
  domain = await testDomain()
  connectionId = await addConnection(domain, domain.ada)
  const stored = await domain.vault.create(domain.ada, {
    type: 'basic',
    name: 'Reporting',
    description: '',
    fields: typed().fields,
    connectionIds: [connectionId],
  })
  if (!stored.ok) throw new Error(stored.error)
  credentialId = stored.id
})

afterAll(() => domain.close())

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyward-catalog-'))
  use = fakeUse()
  catalog = newCatalog()
})

afterEach(async () => {
  use.release()
  await catalog.close()
  rmSync(directory, { recursive: true })
})

describe('create', () => {
  it('of three tables, makes three completed datasets, at most two at a time', async () => {
    const ids = await create(['one', 'two', 'three'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(2))
    expect((await show(ids[2])).versions[0]?.status).toBe('queued')
    use.release()
    await catalog.snapshots.idle()
    for (const [index, id] of ids.entries()) {
      const { name, versions } = await show(id)
      expect(name).toBe(['one', 'two', 'three'][index])
      expect(versions).toMatchObject([
        { number: 1, status: 'completed', rows: 5, bytes: fakeSize, accountName: 'Reporting' },
      ])
      expect(existsSync(await fileOf(id))).toBe(true)
    }
    expect(use.mostAtOnce).toBe(2)
  })

  it('of the same table twice, makes two datasets of one name', async () => {
    use.release()
    const ids = await create(['same', 'same'])
    expect(new Set(ids).size).toBe(2)
    expect((await show(ids[1])).name).toBe('same')
  })

  it('where the target refuses one table, completes the others and keeps the ladder of that one', async () => {
    // Not the account: that would keep the others from being tried.
    const denied = { ...refused, code: 'read.denied' } as Outcome<never>
    use.answer = ({ input }) => (sourceName(input) === 'two' ? denied : undefined)
    use.release()
    const ids = await create(['one', 'two', 'three'])
    await catalog.snapshots.idle()
    const statuses = await Promise.all(ids.map(async (id) => (await show(id)).versions[0]?.status))
    expect(statuses).toEqual(['completed', 'failed', 'completed'])
    const failed = (await show(ids[1])).versions[0]
    expect(failed).toMatchObject({
      code: 'read.denied',
      message: 'The server refused this username and password. Check both and try again.',
    })
    expect(failed?.diagnosis).toHaveLength(7)
    expect(filesLeft()).toHaveLength(2)
  })

  it('with typed credentials, gives each table a copy and leaves none of them in memory', async () => {
    const account = typed()
    use.release()
    const ids = await create(['one', 'two'], account)
    await catalog.snapshots.idle()
    expect(use.passwords).toEqual(['hunter2 hunter2', 'hunter2 hunter2'])
    expect(account.fields.password?.expose().every((byte) => byte === 0)).toBe(true)
    expect(await show(ids[0])).toMatchObject({ account: null, versions: [{ accountName: 'reader' }] })
  })

  it('while Keyward is too busy, waits and tries again', async () => {
    use.throws = [new TooBusy(0), new TooBusy(0)]
    use.release()
    const [id] = await create(['one'], typed())
    await catalog.snapshots.idle()
    expect((await show(id)).versions[0]?.status).toBe('completed')
    expect(use.passwords).toEqual(Array(3).fill('hunter2 hunter2'))
  })

  it('writes one ledger entry a dataset', async () => {
    use.release()
    const ids = await create(['one', 'two'])
    expect(await entriesOf(ids[0])).toMatchObject([{ action: 'dataset.create', outcome: 'allowed' }])
    expect(await entriesOf(ids[1])).toHaveLength(1)
  })

  it('on a connection or with an account of somebody else, is refused, recorded, and makes nothing', async () => {
    const its = { connectionId, items: items(['one']), rowLimit: null }
    const stored = { kind: 'stored', credentialId } as const
    await expect(catalog.datasets.create(domain.ben, { ...its, account: stored })).rejects.toThrow(NotFound)
    const own = await addConnection(domain, domain.ben, `Mine ${Math.random()}`)
    await expect(catalog.datasets.create(domain.ben, { ...its, connectionId: own, account: stored })).rejects.toThrow(
      NotFound,
    )
    expect((await catalog.datasetListing.list(domain.ben)).rows).toEqual([])
    expect(use.calls).toEqual([])
  })

  it('with an account that is not associated with the connection, is refused', async () => {
    const other = await addConnection(domain, domain.ada, `Other ${Math.random()}`)
    const order = { connectionId: other, items: items(['one']), rowLimit: null }
    const account = { kind: 'stored', credentialId } as const
    await expect(catalog.datasets.create(domain.ada, { ...order, account })).rejects.toThrow(NotFound)
  })
})

describe('refresh', () => {
  it('makes version 2 beside version 1, and not while one is being made', async () => {
    const [id] = await create(['one'])
    const stored = { kind: 'stored', credentialId } as const
    expect(await catalog.datasets.refresh(domain.ada, id, stored)).toEqual({ ok: false, reason: 'running' })
    use.release()
    await catalog.snapshots.idle()
    expect(await catalog.datasets.refresh(domain.ada, id, stored)).toEqual({ ok: true, number: 2 })
    await catalog.snapshots.idle()
    expect((await show(id)).versions.map(({ number, status }) => [number, status])).toEqual([
      [2, 'completed'],
      [1, 'completed'],
    ])
  })

  it('after its connection was deleted, says so', async () => {
    use.release()
    const gone = await addConnection(domain, domain.ada, `Gone ${Math.random()}`)
    const order = { connectionId: gone, items: items(['one']), rowLimit: null, account: typed() }
    const [id = ''] = await catalog.datasets.create(domain.ada, order)
    await catalog.snapshots.idle()
    await domain.connections.delete(domain.ada, gone, 'detach')
    const again = await catalog.datasets.refresh(domain.ada, id, typed())
    expect(again).toEqual({ ok: false, reason: 'no connection' })
    expect(await show(id)).toMatchObject({ connection: null, versions: [{ status: 'completed' }] })
  })
})

describe('cancel', () => {
  it('in this process, ends the run and leaves no file', async () => {
    const [id] = await create(['one'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    expect(await catalog.datasets.cancel(domain.ada, id, 1)).toBe(true)
    await catalog.snapshots.idle()
    expect((await show(id)).versions[0]).toMatchObject({ status: 'cancelled', diagnosis: null })
    expect(filesLeft()).toEqual([])
    expect(await catalog.datasets.cancel(domain.ada, id, 1)).toBe(false)
  })

  it('from another process, ends the run with its next heartbeat', async () => {
    const another = newCatalog()
    const [id] = await create(['one'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    await another.datasets.cancel(domain.ada, id, 1)
    await catalog.snapshots.idle()
    expect((await show(id)).versions[0]?.status).toBe('cancelled')
    await another.close()
  })

  it('from another process, of a version that is completed before the next heartbeat, keeps nothing of it', async () => {
    const [another, slow] = [newCatalog(), newCatalog(60_000)]
    const [id] = await create(['one'], typed(), slow)
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    expect(await another.datasets.cancel(domain.ada, id, 1)).toBe(true)
    use.release()
    await slow.snapshots.idle()
    expect((await show(id)).versions[0]).toMatchObject({ status: 'cancelled', message: cancelledMessage })
    expect(filesLeft()).toEqual([])
    await Promise.all([another.close(), slow.close()])
  })

  it('of a version that is completed at this moment, says that it came too late', async () => {
    const [id] = await create(['one'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    const late = await domain.db.transaction(async (tx) => {
      await tx.update(datasetVersions).set({ status: 'completed' }).where(versionOf(id))
      const asked = catalog.datasets.cancel(domain.ada, id, 1)
      await vi.waitFor(async () => {
        const { rows } = await domain.db.execute(
          sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'update "dataset_versions" set "cancel_requested_at"%'`,
        )
        expect(rows).toHaveLength(1)
      })
      return { asked }
    })
    expect(await late.asked).toBe(false)
    const [row] = await domain.db.select().from(datasetVersions).where(versionOf(id))
    expect(row).toMatchObject({ status: 'completed', cancelRequestedAt: null })
  })

  it('of a version that waits for its turn, ends it without asking the target', async () => {
    const ids = await create(['one', 'two', 'three'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(2))
    await catalog.datasets.cancel(domain.ada, ids[2], 1)
    use.release()
    await catalog.snapshots.idle()
    expect((await show(ids[2])).versions[0]?.status).toBe('cancelled')
    expect(use.calls).toHaveLength(2)
  })
})

describe('close', () => {
  it('ends runs as interrupted and removes their files', async () => {
    const ids = await create(['one', 'two', 'three'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(2))
    await catalog.close()
    for (const id of ids) {
      expect((await show(id)).versions[0]).toMatchObject({ status: 'failed' })
      expect((await show(id)).versions[0]?.message).toMatch(/was stopped.*Create it again/)
    }
    expect(filesLeft()).toEqual([])
  })
})

describe('heartbeat', () => {
  it('writes rows and bytes read so far', async () => {
    const [id] = await create(['one'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    use.progress({ rows: 123, bytes: 4567 })
    await vi.waitFor(async () =>
      expect((await show(id)).versions[0]).toMatchObject({ status: 'running', rows: 123, bytes: 4567 }),
    )
  })

  it('that finds its version ended by others stops the run and keeps what they wrote', async () => {
    const [id] = await create(['one'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    await domain.db.update(datasetVersions).set({ status: 'failed', message: 'by others' }).where(versionOf(id))
    await catalog.snapshots.idle()
    expect((await show(id)).versions[0]).toMatchObject({ status: 'failed', message: 'by others' })
    expect(filesLeft()).toEqual([])
  })
})

describe('sweep', () => {
  it('ends versions silent for 30 seconds, removes what their worker left, and leaves others alone', async () => {
    const ids = await create(['dead', 'alive'])
    await vi.waitFor(() => expect(use.calls).toHaveLength(2))
    const dead = newCatalog()
    const left = await fileNameOf(ids[0])
    writeFileSync(join(directory, left), 'half')
    writeFileSync(join(directory, `${left}.partial`), 'half')
    writeFileSync(join(directory, `${left}.csv`), 'half')
    writeFileSync(join(directory, 'stranger.parquet'), 'not ours')
    // As if the process that makes it had been gone for half a minute: between two of its heartbeats, which takes a few tries.
    await vi.waitFor(async () => {
      await domain.db.execute(
        sql`update dataset_versions set heartbeat_at = now() - interval '31 seconds' where dataset_id = ${ids[0]}`,
      )
      await dead.sweep.once()
      const { status, message } = (await show(ids[0])).versions[0] ?? {}
      expect([status, message]).toEqual(['failed', expect.stringMatching(/stopped unexpectedly.*Create it again/)])
    })
    expect((await show(ids[1])).versions[0]?.status).toBe('running')
    expect(filesLeft()).toEqual(['stranger.parquet'])
    await dead.close()
  })
})

describe('stored', () => {
  it('of a version whose row names another file, is not found, so that no row opens what is not its own', async () => {
    use.release()
    const [mine, other] = await create(['mine', 'other'])
    await catalog.snapshots.idle()
    const theirs = await catalog.datasetQueries.stored(domain.ada, other, 1)
    for (const file of [theirs.file, '../kek', null]) {
      await domain.db.update(datasetVersions).set({ file }).where(eq(datasetVersions.datasetId, mine))
      await expect(catalog.datasetQueries.stored(domain.ada, mine, 1)).rejects.toThrow(NotFound)
    }
  })
})

describe('list', () => {
  it('shows the newest first in pages of 50 and nothing of other people', async () => {
    use.release()
    await create(Array.from({ length: 60 }, (_, index) => `t${index}`))
    await catalog.snapshots.idle()
    const first = await catalog.datasetListing.list(domain.ada)
    expect(first.rows).toHaveLength(50)
    expect(first.rows[0]).toMatchObject({ name: 't59', version: { status: 'completed', rows: 5 } })
    const second = await catalog.datasetListing.list(domain.ada, { after: first.next ?? '' })
    expect(second.rows[0]?.name).toBe('t9')
    expect((await catalog.datasetListing.list(domain.ben)).rows).toEqual([])
    expect((await catalog.datasetListing.list(domain.eve)).rows).toEqual([])
  })
})

describe('a stranger', () => {
  it('finds no dataset of another, whatever is asked', async () => {
    use.release()
    const [id] = await create(['one'])
    await catalog.snapshots.idle()
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      await expect(catalog.datasetQueries.show(stranger, id)).rejects.toThrow(NotFound)
      await expect(catalog.datasetQueries.version(stranger, id, 1)).rejects.toThrow(NotFound)
      await expect(catalog.datasetQueries.stored(stranger, id, 1)).rejects.toThrow(NotFound)
      await expect(catalog.datasets.refresh(stranger, id, typed())).rejects.toThrow(NotFound)
      await expect(catalog.datasets.cancel(stranger, id, 1)).rejects.toThrow(NotFound)
      await expect(catalog.datasetDeletion.delete(stranger, id)).rejects.toThrow(NotFound)
    }
    const denied = (await entriesOf(id)).filter(({ outcome }) => outcome === 'denied')
    expect(denied).toHaveLength(9)
  })
})

function newCatalog(beatMilliseconds = 50): Catalog {
  const log = createLog({ level: 'silent' })
  const { db, guard, datasetKeys } = domain
  return createCatalog({ db, guard, use, datasetKeys, directory, log, beatMilliseconds })
}

function typed() {
  const fields = { username: new Secret('reader'), password: new Secret('hunter2 hunter2') }
  return { kind: 'typed', type: 'basic', fields } as const satisfies Account & { fields: Record<string, Secret> }
}

function items(names: readonly string[]): DatasetItem[] {
  return names.map((name) => ({ name, source: { kind: 'table', schema: 'public', table: name } }))
}

async function create(names: readonly string[], account: Account = { kind: 'stored', credentialId }, by = catalog) {
  const order = { connectionId, items: items(names), rowLimit: null, account }
  return (await by.datasets.create(domain.ada, order)) as [string, string, string]
}

function show(id: string) {
  return catalog.datasetQueries.show(domain.ada, id)
}

async function fileOf(id: string): Promise<string> {
  return join(directory, (await catalog.datasetQueries.stored(domain.ada, id, 1)).file)
}

async function fileNameOf(datasetId: string): Promise<string> {
  const [row] = await domain.db.select().from(datasetVersions).where(versionOf(datasetId))
  return row?.file ?? ''
}

function versionOf(datasetId: string) {
  return eq(datasetVersions.datasetId, datasetId)
}

function filesLeft(): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
}

async function entriesOf(datasetId: string) {
  return domain.db.select().from(auditEntries).where(eq(auditEntries.resourceId, datasetId))
}

function sourceName(input: unknown): string {
  const { source } = input as { source: { table?: string } }
  return source.table ?? ''
}
