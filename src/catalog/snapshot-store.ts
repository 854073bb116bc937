import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { NotFound } from '../access/refusals.ts'

/** Returns the name that a version's file has, relative to the store. */
export function snapshotFile(organizationId: string, versionId: string): string {
  return `${organizationId}/${versionId}.parquet`
}

export type SnapshotStore = ReturnType<typeof createSnapshotStore>

/**
 * The folder that holds snapshots, one Parquet file a version under a folder for each organization. Its files are named
 * by `dataset_versions.file`, relative to the folder; a file that no row names is left alone. A name that `snapshotFile`
 * does not make is nobody's: whoever can write to the table must not choose what is read or removed on this machine.
 */
export function createSnapshotStore(directory: string) {
  function absolute(file: string): string {
    if (!isSnapshotFile(file)) throw new NotFound()
    return join(directory, file)
  }

  return {
    /** Returns where a named file is. Throws NotFound for what is no name of a snapshot. */
    pathOf: absolute,

    /** Makes the folder that a named file lies in, readable by Keyward's account only. */
    async prepare(file: string): Promise<void> {
      await mkdir(dirname(absolute(file)), { recursive: true, mode: 0o700 })
    },

    /** Removes a version's file and what an import left beside it. Nothing there is fine. */
    async remove(file: string): Promise<void> {
      if (!isSnapshotFile(file)) return
      const folder = dirname(absolute(file))
      const stem = basename(file, '.parquet')
      for (const name of await namesIn(folder)) {
        if (name.includes(stem)) await rm(join(folder, name), { force: true, recursive: true })
      }
    },
  }
}

function isSnapshotFile(file: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.parquet$/.test(file)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
