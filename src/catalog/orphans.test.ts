import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { newId } from '../db/new-id.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { createFolderStore } from '../storage/folder-store.ts'
import { plainSnapshotFile, snapshotFile } from '../storage/snapshot-file.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import { type FakeUse, fakeUse } from '../testing/fake-use.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import { removeOrphans } from './orphans.ts'

let domain: TestDomain
let connectionId: string
let directory: string
let catalog: Catalog
let use: FakeUse
const log = createLog({ level: 'silent' })

beforeAll(async () => {
  domain = await testDomain()
  connectionId = await addConnection(domain, domain.ada)
})
afterAll(() => domain.close())

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyward-orphans-'))
  use = fakeUse()
  catalog = createCatalog({ ...domain, use: use as never, directory, log })
})
afterEach(async () => {
  use.release()
  await catalog.close()
  rmSync(directory, { recursive: true })
})

describe('What no row names', () => {
  it('is removed a day after it was written, with all that an import left beside it', async () => {
    const { organizationId } = domain.ada
    const files = [snapshotFile(organizationId, newId()), plainSnapshotFile(organizationId, newId())]
    const left = files.flatMap((file) => [write(file, 25), write(`${file}.partial`, 25)])
    const young = write(snapshotFile(organizationId, newId()), 23)
    expect(await collect()).toBe(2)
    expect(left.filter(existsSync)).toEqual([])
    expect(existsSync(young)).toBe(true)
  })

  it('is removed also where another file cannot be, and only what was removed is counted', async () => {
    const names = Array.from({ length: 3 }, () => snapshotFile(domain.ada.organizationId, newId()))
    const paths = names.map((name) => write(name, 25))
    const files = createFolderStore(directory)
    const refused: string[] = []
    const remove = (file: string) => {
      if (refused.length === 0) refused.push(join(directory, file))
      return join(directory, file) === refused[0] ? Promise.reject(new Error('It is in use.')) : files.remove(file)
    }
    expect(await removeOrphans({ db: domain.db, files: { ...files, remove }, log })).toBe(2)
    expect(paths.filter(existsSync)).toEqual(refused)
  })

  it('is left alone where the name is none of ours, or the folder no organization’s of this database', async () => {
    const { organizationId } = domain.ada
    const spared = [
      write('notes.txt', 1000),
      write(`${organizationId}/notes.parquet`, 1000),
      write(`${organizationId}/${newId()}.csv`, 1000),
      write(`${organizationId}/${newId()}.sealed.d/x`, 1000),
      write(snapshotFile(newId(), newId()), 1000),
    ]
    expect(await collect()).toBe(0)
    expect(spared.filter((path) => !existsSync(path))).toEqual([])
  })
})

describe('What a row names', () => {
  it('is spared however old it is: of a completed version, and of one that another process still makes', async () => {
    use.release()
    await create('completed')
    await catalog.snapshots.idle()
    use.hold()
    await create('running')
    await vi.waitFor(() => expect(use.calls).toHaveLength(2))
    const [completed = '', running = ''] = use.calls.map(({ input }) => (input as { file: string }).file)
    writeFileSync(`${running}.partial`, 'half')
    for (const path of [completed, `${running}.partial`]) age(path, 10_000)
    expect(await collect()).toBe(0)
    expect([completed, `${running}.partial`].filter((path) => !existsSync(path))).toEqual([])
    use.release()
    await catalog.snapshots.idle()
  })

  it('is spared where its row was written while the store was gone through', async () => {
    use.hold()
    await create('in between')
    await vi.waitFor(() => expect(use.calls).toHaveLength(1))
    const files = createFolderStore(directory)
    let listed = 0
    const slow = {
      ...files,
      async *list(ids: readonly string[]) {
        // Everything is listed before any row is asked for.
        for await (const one of files.list(ids)) {
          listed++
          yield one
        }
        use.release()
        await catalog.snapshots.idle()
      },
    }
    const { file } = (use.calls[0] as { input: unknown }).input as { file: string }
    writeFileSync(`${file}.partial`, 'half')
    age(`${file}.partial`, 100)
    expect([await removeOrphans({ db: domain.db, files: slow, log }), listed]).toEqual([0, 1])
    expect(existsSync(file)).toBe(true)
  })
})

function collect(): Promise<number> {
  return removeOrphans({ db: domain.db, files: createFolderStore(directory), log })
}

function write(file: string, hours: number): string {
  const path = join(directory, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, 'rows')
  age(path, hours)
  return path
}

function age(path: string, hours: number): void {
  const then = new Date(Date.now() - hours * 3_600_000)
  utimesSync(path, then, then)
}

async function create(name: string): Promise<void> {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const source = { kind: 'table', schema: 'public', table: name } as const
  const account = { kind: 'typed', type: 'basic', fields } as const
  await catalog.datasets.create(domain.ada, { connectionId, account, items: [{ name, source }], rowLimit: null })
}
