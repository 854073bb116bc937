import { randomUUID } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { type FileHandle, mkdir, open, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** A file opened for reading by path. */
export type OpenedFile = {
  /**
   * Where this process, its children and nobody of another account can open it, as often as they like, until `close`. The
   * file has no name, so it is gone when this process is, however that ends.
   */
  readonly path: string
  readonly bytes: number
  /** May be called twice. */
  close(): void
}

/** Writes a copy, piece after piece. */
export type FillCopy = (write: (piece: Buffer) => Promise<void>) => Promise<void>

export type PlainCopies = ReturnType<typeof createPlainCopies>

type Copy = { readonly file: Promise<Nameless>; users: number; idle: NodeJS.Timeout | undefined }
type Nameless = { readonly path: string; readonly bytes: number; readonly close: () => Promise<void> }

/**
 * Keeps opened copies of sealed files, in memory where there is room (`/dev/shm`), otherwise in the folder `scratch`. What
 * nobody reads stays `milliseconds` (a minute), because who looks at one page mostly looks at the next.
 */
export function createPlainCopies({ scratch, milliseconds = 60_000 }: { scratch: string; milliseconds?: number }) {
  const copies = new Map<string, Copy>()
  let inMemory = 0

  function drop(name: string, copy: Copy): void {
    if (copies.get(name) === copy) copies.delete(name)
    clearTimeout(copy.idle)
    copy.file.then(
      ({ close }) => close(),
      () => {},
    )
  }

  function release(name: string, copy: Copy): void {
    copy.users--
    if (copy.users > 0) return
    if (copies.get(name) === copy) copy.idle = setTimeout(() => drop(name, copy), milliseconds).unref()
    else drop(name, copy)
  }

  async function make(bytes: number, fill: FillCopy): Promise<Nameless> {
    const isInMemory = (await memoryHasRoom(bytes)) && inMemory + bytes <= mostInMemory
    const giveBack = () => {
      if (isInMemory) inMemory -= bytes
    }
    if (isInMemory) inMemory += bytes
    const { handle, path } = await nameless(isInMemory ? memory : scratch).catch((error: unknown) => {
      giveBack()
      throw error
    })
    const close = async () => {
      giveBack()
      await handle.close()
    }
    try {
      await fill((piece) => handle.writeFile(piece))
      return { path, bytes, close }
    } catch (error) {
      await close()
      throw error
    }
  }

  return {
    /**
     * Opens the copy called `name`, of `bytes`, which `fill` writes where there is none yet. Nothing of a copy that could
     * not be filled is ever opened. Rejects with what `fill` does.
     */
    async open(name: string, bytes: number, fill: FillCopy): Promise<OpenedFile> {
      const copy = copies.get(name) ?? { file: make(bytes, fill), users: 0, idle: undefined }
      copies.set(name, copy)
      clearTimeout(copy.idle)
      copy.users++
      try {
        const { path, bytes: size } = await copy.file
        return { path, bytes: size, close: once(() => release(name, copy)) }
      } catch (error) {
        drop(name, copy)
        throw error
      }
    },

    /** Keeps no copy of that name any longer than somebody reads it. */
    forget(name: string): void {
      const copy = copies.get(name)
      if (copy === undefined) return
      copies.delete(name)
      if (copy.users === 0) drop(name, copy)
    },

    /** Forgets all of them. */
    close(): void {
      for (const name of [...copies.keys()]) this.forget(name)
    },
  }
}

/** Opens a file that a handle was made for; closing it closes the handle. */
export async function openHandle(handle: FileHandle): Promise<OpenedFile> {
  const { size } = await handle.stat()
  return { path: pathOf(handle), bytes: size, close: once(() => void handle.close()) }
}

const memory = '/dev/shm'
/** Bytes of memory that copies may take in one process. */
const mostInMemory = 256 * 2 ** 20

async function memoryHasRoom(bytes: number): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    const { bavail, bsize } = await statfs(memory)
    return bavail * bsize > 2 * bytes
  } catch {
    return false
  }
}

/** It has a name for the moment between two calls to the system. */
async function nameless(folder: string): Promise<{ handle: FileHandle; path: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const name = join(folder, `keyward-${randomUUID()}`)
  const handle = await open(name, 'wx+', 0o600)
  unlinkSync(name)
  return { handle, path: pathOf(handle) }
}

/** By its number here, children find it too; other systems than Linux know only a process's own. */
function pathOf({ fd }: FileHandle): string {
  return process.platform === 'linux' ? `/proc/${process.pid}/fd/${fd}` : `/dev/fd/${fd}`
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}
