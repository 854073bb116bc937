import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../db/client.ts'
import { notifications } from '../db/schema/notifications.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import { type FakeUse, fakeSize, fakeUse } from '../testing/fake-use.ts'
import {
  daily,
  makeDue,
  plainDataset,
  runsOf,
  schedulingProcess,
  storedAccount,
  versionsOf,
} from '../testing/scheduling.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import { createStorage } from './storage.ts'

let domain: TestDomain
let connectionId: string
let directory: string
let use: FakeUse

beforeAll(async () => {
  domain = await testDomain()
  connectionId = await addConnection(domain, domain.ada)
  directory = mkdtempSync(join(tmpdir(), 'keyward-answers-'))
})
afterAll(async () => {
  await domain.close()
  rmSync(directory, { recursive: true })
})
beforeEach(() => {
  use = fakeUse()
  use.release()
})

describe('A version whose completion was committed, but whose process never heard so', () => {
  it('stays completed with its file and can be opened', async () => {
    const flaky = withLostAnswer(domain.db)
    const catalog = newCatalog(flaky.db)
    const id = await create(catalog, 'orders')
    expect(flaky.lost()).toBe(1)
    expect(await versionsOf(domain, id)).toMatchObject([{ number: 1, status: 'completed' }])
    expect(await opens(catalog, id)).toBe(true)
    await catalog.close()
  })

  it('is not too large for the room that it takes itself', async () => {
    const flaky = withLostAnswer(domain.db)
    const taken = await bytesTaken()
    const catalog = newCatalog(flaky.db, taken + fakeSize)
    const id = await create(catalog, 'just fits')
    expect(flaky.lost()).toBe(1)
    expect(await versionsOf(domain, id)).toMatchObject([{ status: 'completed' }])
    expect(await opens(catalog, id)).toBe(true)
    await catalog.close()
  })

  it('tells of its columns once', async () => {
    const flaky = withLostAnswer(domain.db, 2)
    const catalog = newCatalog(flaky.db)
    const id = await create(catalog, 'changing')
    const columns = [{ name: 'name', type: 'VARCHAR' }]
    const { run } = use
    use.run = async (...call) => {
      const outcome = (await run(...call)) as { value: object }
      return { ...outcome, value: { ...outcome.value, columns } } as never
    }
    await catalog.datasets.refresh(domain.ada, id, typed())
    await catalog.snapshots.idle()
    expect(flaky.lost()).toBe(1)
    expect(await versionsOf(domain, id)).toMatchObject([{ status: 'completed' }, { status: 'completed' }])
    const drifted = and(eq(notifications.event, 'dataset.drifted'), eq(notifications.resourceId, id))
    expect(await domain.db.select().from(notifications).where(drifted)).toHaveLength(1)
    await catalog.close()
  })

  it('ends the scheduled run that it was made for as completed, and nothing is made again', async () => {
    const flaky = withLostAnswer(domain.db)
    const process = schedulingProcess({ ...domain, db: flaky.db }, directory, use as never)
    const datasetId = await plainDataset(domain, domain.ada, connectionId, 'Scheduled')
    const credentialId = await storedAccount(domain, domain.ada, connectionId, 'Scheduled')
    await process.schedules.set(domain.ada, datasetId, daily(credentialId, { keepVersions: 1 }), null)
    await makeDue(domain, datasetId)
    await process.runner.once()
    expect(flaky.lost()).toBe(1)
    expect(await runsOf(domain, datasetId)).toMatchObject([{ state: 'completed', attempts: 1, versionNumber: 1 }])
    expect(await versionsOf(domain, datasetId)).toMatchObject([{ number: 1, status: 'completed' }])
    expect(await opens(process.catalog, datasetId)).toBe(true)
    await process.close()
  })
})

/** A database that commits the completion of a version, and loses the connection before it says so: of the one counted. */
function withLostAnswer(db: Database, which = 1) {
  let completed = 0
  let lost = 0
  const transaction = async (...its: Parameters<Database['transaction']>) => {
    const outcome = await db.transaction(...its)
    if (outcome !== 'completed' || ++completed !== which) return outcome
    lost++
    throw new Error('Connection terminated unexpectedly')
  }
  const get = (target: Database, name: string | symbol) =>
    name === 'transaction' ? transaction : Reflect.get(target, name, target)
  return { db: new Proxy(db, { get }), lost: () => lost }
}

function newCatalog(db: Database, quota: number | null = null): Catalog {
  const log = createLog({ level: 'silent' })
  return createCatalog({ ...domain, db, use: use as never, directory, quota, log, beatMilliseconds: 20 })
}

/** Adds a dataset and resolves with its id when its first version has ended. */
async function create(catalog: Catalog, name: string): Promise<string> {
  const items = [{ name, source: { kind: 'table', schema: 'public', table: name } as const }]
  const [id = ''] = await catalog.datasets.create(domain.ada, {
    ...{ connectionId, account: typed(), items, rowLimit: null },
  })
  await catalog.snapshots.idle()
  return id
}

function typed() {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  return { kind: 'typed', type: 'basic', fields } as const
}

async function bytesTaken(): Promise<number> {
  const storage = createStorage({ ...domain, standard: null, deployment: 'self-managed' })
  return (await storage.show(domain.root, domain.root.organizationId)).bytes
}

async function opens(catalog: Catalog, datasetId: string): Promise<boolean> {
  const [row] = await versionsOf(domain, datasetId)
  if (row?.file == null) return false
  const version = { organizationId: row.organizationId, datasetId, versionId: row.id, file: row.file }
  const { bytes, close } = await catalog.store.open(version)
  close()
  return bytes > 0
}
