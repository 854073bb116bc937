import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { Secret } from '../secrets/secret.ts'
import { type Swift, startSwift, swiftSecrets } from '../testing/swift.ts'
import { openBucket } from './bucket.ts'
import { createBucketStore } from './bucket-store.ts'
import { FileGone, type FileStore, StoreUnreachable } from './file-store.ts'
import type { BucketSettings } from './settings.ts'
import { snapshotFile } from './snapshot-file.ts'

const organization = newId()
let swift: Swift | undefined
let directory: string
let store: FileStore

beforeAll(async () => {
  swift = await startSwift()
  await swift?.fill('snapshots', {})
}, 120_000)
afterAll(() => swift?.close())

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyward-bucket-'))
  store = createBucketStore(settings(), directory)
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true })
})

describe('a bucket of a real store', () => {
  it.each([1, 40 * 2 ** 20 + 1])(
    'keeps a file of %i bytes, gives it back on another machine, and removes it',
    async (size) => {
      if (swift === undefined) return
      const [file, bytes] = [snapshotFile(organization, newId()), randomBytes(size)]
      expect(await keep(file, bytes)).toBe(size)
      expect(await keysIn(store)).toEqual([file])
      await elsewhere(async (other) => expect((await read(other, file)).equals(bytes)).toBe(true))
      await store.remove(file)
      expect(await keysIn(store)).toEqual([])
      await elsewhere((other) => expect(other.open(file)).rejects.toThrow(FileGone))
    },
  )

  it('is asked once for a file, however often and by how many it is opened', async () => {
    if (swift === undefined) return
    const [file, bytes] = [snapshotFile(organization, newId()), randomBytes(100_000)]
    await keep(file, bytes)
    await elsewhere(async (other, folder) => {
      const all = await Promise.all([1, 2, 3, 4].map(() => read(other, file)))
      expect(all.every((one) => one.equals(bytes))).toBe(true)
      await openBucket(settings()).remove(`tests/${file}`)
      expect((await read(other, file)).equals(bytes)).toBe(true)
      expect(readdirSync(join(folder, 'fetched'))).toHaveLength(1)
      expect(await other.forgetCopy(file)).toBe(true)
      await expect(other.open(file)).rejects.toThrow(FileGone)
      expect(await other.forgetCopy(file)).toBe(false)
    })
  })

  it('fetches into no more room than it may take, and what is open stays readable', async () => {
    if (swift === undefined) return
    const files = [1, 2, 3].map(() => snapshotFile(organization, newId()))
    for (const file of files) await keep(file, randomBytes(400_000))
    await elsewhere(
      async (other, folder) => {
        const first = await other.open(files[0] ?? '')
        for (const file of files) await read(other, file)
        expect(readdirSync(join(folder, 'fetched'))).toHaveLength(2)
        expect(statSync(join(folder, 'fetched')).mode & 0o777).toBe(0o700)
        expect((await first.readFile()).length).toBe(400_000)
        await first.close()
      },
      { cacheBytes: 900_000 },
    )
    for (const file of files) await store.remove(file)
  })

  it('where an upload is ended, has nothing of it, and an upload that nobody ended is listed and removed', async () => {
    if (swift === undefined) return
    const file = snapshotFile(organization, newId())
    const abort = new AbortController()
    const keeping = keep(file, randomBytes(60 * 2 ** 20), abort.signal)
    await waitFor(async () => (await keysIn(store)).includes(file))
    abort.abort(new Error('cancelled'))
    await expect(keeping).rejects.toThrow('cancelled')
    // A part that was on its way may arrive after the end of its upload, so a sweep removes until nothing is left.
    await waitFor(async () => {
      await store.remove(file)
      return (await keysIn(store)).length === 0
    })
    const left = snapshotFile(organization, newId())
    await swift.beginUpload('snapshots', `tests/${left}`)
    expect(await keysIn(store)).toEqual([left])
    await store.remove(left)
    expect(await keysIn(store)).toEqual([])
  })

  it('can be checked, and leaves nothing of that', async () => {
    if (swift === undefined) return
    await store.check()
    expect(await keysIn(store)).toEqual([])
  })

  it.each<[string, Partial<BucketSettings>, RegExp]>([
    ['an unknown bucket', { bucket: 'nothing' }, /no bucket nothing/],
    [
      'a wrong secret',
      { secretAccessKey: new Secret('wrong') },
      /does not let this account.*SNAPSHOT_STORE_SECRET_FILE/,
    ],
    [
      'an account without rights',
      { accessKeyId: 'acme:stranger', secretAccessKey: new Secret(swiftSecrets['acme:stranger']) },
      /does not let this account/,
    ],
    ['a place where nothing listens', { endpoint: 'http://127.0.0.1:9' }, /does not answer.*SNAPSHOT_STORE_ENDPOINT/],
  ])('with %s, a check says what to do and repeats no secret', async (_what, wrong, sentence) => {
    if (swift === undefined) return
    const check = createBucketStore(settings(wrong), directory).check()
    await expect(check).rejects.toThrow(StoreUnreachable)
    await expect(check).rejects.toThrow(sentence)
    await expect(check).rejects.not.toThrow(/wrong|reader-secret|stranger-secret/)
  })

  it('finds what was kept in the folder before there was a bucket', async () => {
    if (swift === undefined) return
    const file = snapshotFile(organization, newId())
    await store.prepare(file)
    writeFileSync(store.workPath(file), 'of before')
    expect((await read(store, file)).toString()).toBe('of before')
  })
})

it('A store that sends less than it announced is told apart from one that has nothing', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': '1000' })
    response.write('x')
    response.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const opening = createBucketStore(settings({ endpoint }), directory).open(snapshotFile(organization, newId()))
  await expect(opening).rejects.toThrow(StoreUnreachable)
  expect(readdirSync(join(directory, 'fetched'))).toEqual([])
  server.close()
})

function settings(other: Partial<BucketSettings> = {}): BucketSettings {
  return {
    ...{ bucket: 'snapshots', prefix: 'tests/', region: 'us-east-1', endpoint: `http://127.0.0.1:${swift?.port}` },
    ...{ accessKeyId: 'acme:reader', secretAccessKey: new Secret(swiftSecrets['acme:reader']), cacheBytes: 10 ** 9 },
    ...other,
  }
}

async function keep(file: string, bytes: Buffer, signal?: AbortSignal): Promise<number> {
  await store.prepare(file)
  writeFileSync(store.workPath(file), bytes)
  return store.keep(file, signal)
}

async function read(from: FileStore, file: string): Promise<Buffer> {
  const handle = await from.open(file)
  return handle.readFile().finally(() => handle.close())
}

async function keysIn(where: FileStore): Promise<string[]> {
  const files = new Set<string>()
  for await (const { file, changedAt } of where.list([organization])) {
    expect(Math.abs(Date.now() - changedAt.getTime())).toBeLessThan(3_600_000)
    files.add(file)
  }
  return [...files]
}

/** A store on the same bucket with a folder of its own. */
async function elsewhere(work: (other: FileStore, folder: string) => unknown, other: Partial<BucketSettings> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-elsewhere-'))
  const there = createBucketStore(settings(other), folder)
  try {
    await work(there, folder)
  } finally {
    there.close()
    rmSync(folder, { recursive: true })
  }
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
