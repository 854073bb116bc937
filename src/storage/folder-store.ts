import type { Dirent } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { everyFile } from '../connector/import-files.ts'
import { FileGone, type FileStore, type StoredFile, StoreUnreachable } from './file-store.ts'
import { isSnapshotFile, snapshotOf } from './snapshot-file.ts'

/**
 * A folder that holds snapshots, one file a version under a folder for each organization. A name that `snapshotFile` does
 * not make is nobody's: whoever can write to the table must not choose what is read or removed on this machine.
 */
export function createFolderStore(directory: string): FileStore {
  const absolute = (file: string): string => {
    if (!isSnapshotFile(file)) throw new FileGone('That is no name of a snapshot.')
    return join(directory, file)
  }

  return {
    workPath: absolute,

    async prepare(file) {
      await mkdir(dirname(absolute(file)), { recursive: true, mode: 0o700 })
    },

    keep: async (file) => (await stat(absolute(file))).size,

    async open(file) {
      try {
        return await open(absolute(file), 'r')
      } catch (error) {
        throw isMissing(error) ? new FileGone('The file is not in the folder.') : error
      }
    },

    forgetCopy: async () => false,

    async remove(file) {
      // By name: a look through a folder of thousands for each would take longer than all of them.
      if (isSnapshotFile(file)) for (const path of everyFile(absolute(file))) await rm(path, { force: true })
    },

    async *list(organizationIds) {
      for (const folder of organizationIds) yield* filesIn(directory, folder)
    },

    async check() {
      const path = join(directory, `check-${process.pid}`)
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const handle = await open(path, 'w', 0o600)
        await handle.writeFile(trial).finally(() => handle.close())
        const read = await readFile(path, 'utf8').finally(() => rm(path))
        if (read !== trial) throw new Error('The folder gives back other bytes than it took.')
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
        throw new StoreUnreachable(
          `Nothing can be written to the folder ${directory}${code}. Give Keyward's account that folder, or set SNAPSHOT_STORE to another.`,
        )
      }
    },

    close() {},
  }
}

const trial = 'Keyward can write here.'

async function* filesIn(directory: string, folder: string): AsyncGenerator<StoredFile> {
  for (const entry of await entriesOf(join(directory, folder))) {
    const file = snapshotOf(folder, entry.name)
    const found = file && (await stat(join(directory, folder, entry.name)).catch(() => undefined))
    if (file !== undefined && found) yield { file, changedAt: found.mtime }
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
