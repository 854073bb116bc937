import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export type SnapshotStore = ReturnType<typeof createSnapshotStore>

/**
 * The folder that holds snapshots, one Parquet file a version under a folder for each organization. Its files are named
 * by `dataset_versions.file`, relative to the folder; a file that no row names is left alone.
 */
export function createSnapshotStore(directory: string) {
  const absolute = (file: string) => join(directory, file)
  return {
    /** Returns the name that a version's file has, relative to the store. */
    nameFor: (organizationId: string, versionId: string): string => `${organizationId}/${versionId}.parquet`,

    /** Returns where a named file is. */
    pathOf: absolute,

    /** Makes the folder that a named file lies in, readable by Keyward's account only. */
    async prepare(file: string): Promise<void> {
      await mkdir(dirname(absolute(file)), { recursive: true, mode: 0o700 })
    },

    /** Removes a version's file and what an import left beside it. Nothing there is fine. */
    async remove(file: string): Promise<void> {
      const folder = dirname(absolute(file))
      const stem = basename(file, '.parquet')
      for (const name of await namesIn(folder)) {
        if (name.includes(stem)) await rm(join(folder, name), { force: true, recursive: true })
      }
    },
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
