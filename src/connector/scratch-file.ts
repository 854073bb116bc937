import { unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { writePieces } from './write-pieces.ts'

/** A file without a name: it is gone when this process is, however it ends. */
export type ScratchFile = {
  /** By which this process, and nobody else, can read it. */
  readonly path: string
  /** Bytes taken so far. */
  readonly size: number
  /** Takes bytes, which are the file's from now on. They are written when some have gathered, while more come. */
  append(bytes: Uint8Array): Promise<void>
  /** Resolves when everything that was taken can be read. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Makes a scratch file, on the disk that holds `path`. It has that name for the moment between two calls to the system. */
export async function openScratch(path: string): Promise<ScratchFile> {
  const handle = await open(path, 'wx+', 0o600)
  unlinkSync(path)
  let size = 0
  let gathered: Uint8Array[] = []
  let writtenTo = 0
  let writing: Promise<void> = Promise.resolve()
  const write = async () => {
    await writing
    const place = writtenTo
    writtenTo = size
    // By place, so that a reader that shares this handle begins at the start.
    writing = writePieces(handle, gathered, place)
    // Whoever appends or flushes next hears of it.
    writing.catch(() => {})
    gathered = []
  }
  return {
    path: `/dev/fd/${handle.fd}`,
    get size() {
      return size
    },
    async append(bytes) {
      gathered.push(bytes)
      size += bytes.length
      if (size - writtenTo >= enoughBytes) await write()
    },
    async flush() {
      await write()
      await writing
    },
    close: () => handle.close(),
  }
}

/** Bytes worth a call to the system. */
const enoughBytes = 2 ** 20
