import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

export type FetchedFiles = ReturnType<typeof createFetchedFiles>

/**
 * Keeps what was fetched from a bucket in a folder of this machine, as sealed as it is there, up to `most` bytes: what was
 * not opened for the longest time goes first. A file that is open stays readable when it goes.
 */
export function createFetchedFiles({ directory, most }: { directory: string; most: number }) {
  const fetching = new Map<string, Promise<void>>()
  const place = (file: string) => join(directory, file.replace('/', '-'))

  async function fetch(file: string, fill: (to: FileHandle) => Promise<void>): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const part = join(directory, `${randomUUID()}.part`)
    try {
      const to = await open(part, 'wx', 0o600)
      await fill(to).finally(() => to.close())
      await rename(part, place(file))
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }

  async function opened(file: string): Promise<FileHandle | undefined> {
    const handle = await open(place(file), 'r').catch(() => undefined)
    if (handle !== undefined) await utimes(place(file), new Date(), new Date()).catch(() => {})
    return handle
  }

  async function evict(): Promise<void> {
    const names = await readdir(directory).catch(() => [])
    const found = await Promise.all(names.map((name) => sizeAndTime(directory, name)))
    let total = 0
    for (const { path, size, time } of found.filter((one) => one !== undefined).sort((a, b) => b.time - a.time)) {
      // Parts of other processes are theirs, until they are surely nobody's.
      const isStale = path.endsWith('.part') && time < Date.now() - abandonedMilliseconds
      total += size
      if (isStale || (!path.endsWith('.part') && total > most)) await rm(path, { force: true })
    }
  }

  return {
    /** Opens a file, fetched by `fill` where it is not here yet; once where several ask for it together. */
    async open(file: string, fill: (to: FileHandle) => Promise<void>): Promise<FileHandle> {
      const here = await opened(file)
      if (here !== undefined) return here
      const fetched = fetching.get(file) ?? fetch(file, fill).finally(() => fetching.delete(file))
      fetching.set(file, fetched)
      await fetched
      const handle = await open(place(file), 'r')
      await evict()
      return handle
    },

    /** Takes a file in that is on this machine already: `path` is gone afterwards. */
    async adopt(file: string, path: string): Promise<void> {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await rename(path, place(file))
      await evict()
    },

    /** Forgets a file; false where it was not here. */
    async forget(file: string): Promise<boolean> {
      const wasHere = (await sizeAndTime(directory, file.replace('/', '-'))) !== undefined
      await rm(place(file), { force: true })
      return wasHere
    },
  }
}

const abandonedMilliseconds = 24 * 3_600_000

async function sizeAndTime(directory: string, name: string) {
  const path = join(directory, name)
  const found = await stat(path).catch(() => undefined)
  return found && { path, size: found.size, time: found.mtimeMs }
}
