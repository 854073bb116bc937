import { unlinkSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** A file without a name: it is gone when this process is, however it ends. */
export type ScratchFile = {
  /** By which this process, and nobody else, can read it. */
  readonly path: string
  /** Bytes written so far. */
  readonly size: number
  append(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Makes a scratch file, on the disk that holds `path`. It has that name for the moment between two calls to the system. */
export async function openScratch(path: string): Promise<ScratchFile> {
  const handle = await open(path, 'wx+', 0o600)
  unlinkSync(path)
  let size = 0
  return {
    path: `/dev/fd/${handle.fd}`,
    get size() {
      return size
    },
    async append(bytes) {
      await writeAt(handle, bytes, size)
      size += bytes.length
    },
    close: () => handle.close(),
  }
}

/** By place, so that a reader that shares this handle begins at the start. */
async function writeAt(handle: FileHandle, bytes: Uint8Array, place: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, place + done)
    done += bytesWritten
  }
}
