import { createBucketStore } from './bucket-store.ts'
import type { FileStore } from './file-store.ts'
import { createFolderStore } from './folder-store.ts'
import type { SnapshotSettings } from './settings.ts'

/** Returns the kind of store that the settings name. */
export function createFileStore({ bucket, directory }: Pick<SnapshotSettings, 'bucket' | 'directory'>): FileStore {
  return bucket === null ? createFolderStore(directory) : createBucketStore(bucket, directory)
}
