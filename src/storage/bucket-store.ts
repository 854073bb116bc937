import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bucket, type BucketEntry, openBucket } from './bucket.ts'
import type { FetchedFiles } from './fetched-files.ts'
import { createFetchedFiles } from './fetched-files.ts'
import { FileGone, type FileStore, type StoredFile, StoreUnreachable } from './file-store.ts'
import { createFolderStore } from './folder-store.ts'
import type { BucketSettings } from './settings.ts'
import { isSnapshotFile, snapshotOf } from './snapshot-file.ts'

/**
 * A bucket that holds snapshots, one object a version. Files are written in `directory` and then uploaded; what is fetched
 * lies there too, for a while. What is in the folder from before there was a bucket is still found.
 */
export function createBucketStore(settings: BucketSettings, directory: string): FileStore {
  const { prefix } = settings
  const bucket = openBucket(settings)
  const local = createFolderStore(directory)
  const fetched = createFetchedFiles({ directory: join(directory, 'fetched'), most: settings.cacheBytes })

  return {
    workPath: local.workPath,
    prepare: local.prepare,

    async keep(file, signal) {
      const path = local.workPath(file)
      const size = await withFile(path, async (handle) => {
        const { size: bytes } = await handle.stat()
        await bucket.put(prefix + file, handle, bytes, signal)
        return bytes
      })
      await fetched.adopt(file, path)
      return size
    },

    async open(file) {
      try {
        return await local.open(file)
      } catch (error) {
        if (!(error instanceof FileGone) || !isSnapshotFile(file)) throw error
        return await fetched.open(file, (to) => fetch(bucket, prefix + file, to))
      }
    },

    forgetCopy: (file) => fetched.forget(file),
    remove: (file) => removeEverywhere(file, { bucket, prefix, local, fetched }),

    async *list(organizationIds) {
      yield* local.list(organizationIds)
      for (const id of organizationIds) {
        yield* ours(bucket.objects(`${prefix}${id}/`), prefix)
        yield* ours(bucket.uploads(`${prefix}${id}/`), prefix)
      }
    },

    async check() {
      await local.check()
      await tryOut(bucket, `${prefix}check-${randomUUID()}`)
    },

    close: () => bucket.close(),
  }
}

type Places = {
  readonly bucket: Bucket
  readonly prefix: string
  readonly local: FileStore
  readonly fetched: FetchedFiles
}

async function removeEverywhere(file: string, { bucket, prefix, local, fetched }: Places): Promise<void> {
  if (!isSnapshotFile(file)) return
  await local.remove(file)
  await fetched.forget(file)
  await bucket.remove(prefix + file)
}

async function* ours(entries: AsyncIterable<BucketEntry>, prefix: string): AsyncGenerator<StoredFile> {
  for await (const { key, changedAt } of entries) {
    const [folder = '', name = '', more] = key.slice(prefix.length).split('/')
    const file = more === undefined ? snapshotOf(folder, name) : undefined
    if (file !== undefined) yield { file, changedAt }
  }
}

/** What arrives is authenticated when it is opened; that it is all is seen here, to be told apart from damage. */
async function fetch(bucket: Bucket, key: string, to: FileHandle): Promise<void> {
  const { size, body } = await bucket.get(key)
  let received = 0
  for await (const piece of body) {
    await to.writeFile(piece)
    received += piece.length
  }
  if (received !== size) throw new StoreUnreachable('The store sent less than it announced. Try again.')
}

async function tryOut(bucket: Bucket, key: string): Promise<void> {
  const path = join(tmpdir(), `keyward-${randomUUID()}`)
  const text = Buffer.from('Keyward can write here.')
  const handle = await open(path, 'wx+', 0o600)
  try {
    await unlink(path)
    await handle.writeFile(text)
    await bucket.put(key, handle, text.length)
    const { body } = await bucket.get(key)
    const read: Uint8Array[] = []
    for await (const piece of body) read.push(piece)
    if (!Buffer.concat(read).equals(text)) throw new StoreUnreachable('The store gives back other bytes than it took.')
    // What a process that died has left is only found where the account may look.
    for await (const listed of bucket.objects(key)) if (listed.key === key) break
    for await (const _ of bucket.uploads(key)) break
    await bucket.remove(key)
  } finally {
    await handle.close()
  }
}

async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r')
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}
