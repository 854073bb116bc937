import type { FileHandle } from 'node:fs/promises'
import type { Log } from '../log.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { Secret } from '../secrets/secret.ts'
import { FileGone, type FileStore, StoreUnreachable } from '../storage/file-store.ts'
import { openHandle, type PlainCopies } from '../storage/plain-copies.ts'
import { isSealed, isSnapshotFile } from '../storage/snapshot-file.ts'
import { plainSizeOf, unseal } from '../storage/unseal.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import { type OpenedVersion, SnapshotUnreadable, type StoredVersion } from './stored-version.ts'

export type SnapshotStore = ReturnType<typeof createSnapshotStore>

/** Where the catalog keeps the rows of its versions: sealed files in a folder or a bucket, opened for reading. */
export function createSnapshotStore(deps: { files: FileStore; copies: PlainCopies; keys: DatasetKeys; log: Log }) {
  const { files, copies, keys, log } = deps

  /** A copy of a kept file that was damaged here is fetched anew, once. */
  async function openSealed(version: StoredVersion, key: Secret): Promise<OpenedVersion> {
    try {
      return await unsealed(version, key)
    } catch (error) {
      if (!(error instanceof OpenFailed) || !(await files.forgetCopy(version.file))) throw error
      log.warn('a fetched copy of a snapshot was damaged', { version: version.versionId })
      return await unsealed(version, key)
    }
  }

  async function unsealed({ file }: StoredVersion, key: Secret): Promise<OpenedVersion> {
    const sealed = await files.open(file)
    return closing(sealed, async () =>
      copies.open(file, await plainSizeOf(sealed), (write) => unseal(sealed, key, write)),
    )
  }

  async function openKept(version: StoredVersion): Promise<OpenedVersion> {
    // Of before snapshots were sealed.
    if (!isSealed(version.file)) return openHandle(await files.open(version.file))
    const key = await keyOf(version)
    try {
      return await openSealed(version, key)
    } finally {
      key.wipe()
    }
  }

  async function keyOf(version: StoredVersion): Promise<Secret> {
    try {
      return await keys.ofVersion(version)
    } catch (error) {
      throw error instanceof OpenFailed ? new SnapshotUnreadable('key') : error
    }
  }

  return {
    /** Makes room for a version's file; resolves with where it is to be written, and the key to seal it under. Wipe it. */
    async create(version: StoredVersion): Promise<{ readonly path: string; readonly key: Secret }> {
      await files.prepare(version.file)
      return { path: files.workPath(version.file), key: await keyOf(version) }
    },

    /** Keeps what was written there; resolves with its size in bytes when it is in its place for good. */
    keep: (version: StoredVersion, signal?: AbortSignal): Promise<number> => files.keep(version.file, signal),

    /**
     * Opens a version's rows as a plain Parquet file. Every byte of a sealed one is authenticated before: a file that is
     * cut, changed, or another version's is refused, and the log says so. Throws `SnapshotUnreadable`.
     */
    async open(version: StoredVersion): Promise<OpenedVersion> {
      try {
        if (!isSnapshotFile(version.file)) throw new FileGone('That is no name of a snapshot.')
        return await openKept(version)
      } catch (error) {
        const refusal = refusalFor(error)
        if (refusal === undefined) throw error
        log.error('snapshot could not be opened', error, { version: version.versionId, reason: refusal.reason })
        throw refusal
      }
    },

    /** Removes a version's file and what an import left beside it. Nothing there is fine. */
    async remove(file: string): Promise<void> {
      copies.forget(file)
      await files.remove(file)
    },
  }
}

function refusalFor(error: unknown): SnapshotUnreadable | undefined {
  if (error instanceof SnapshotUnreadable) return error
  if (error instanceof FileGone) return new SnapshotUnreadable('gone')
  if (error instanceof OpenFailed) return new SnapshotUnreadable('changed')
  return error instanceof StoreUnreachable ? new SnapshotUnreadable('unreachable') : undefined
}

async function closing<T>(handle: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await handle.close()
  }
}
