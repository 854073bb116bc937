import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { open, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createPlainCopies, type PlainCopies } from './plain-copies.ts'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return { ...real, open: vi.fn(real.open), statfs: vi.fn(real.statfs) }
})

const isLinux = process.platform === 'linux'
/** More than half of the memory that copies may take. */
const large = 200 * 2 ** 20
let scratch: string
let copies: PlainCopies

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'keyward-copies-'))
  copies = createPlainCopies({ scratch })
  vi.mocked(statfs).mockResolvedValue({ bavail: 2 ** 20, bsize: 2 ** 20 } as never)
})
afterEach(() => {
  copies.close()
  rmSync(scratch, { recursive: true })
})

it.runIf(isLinux)('A copy that could not even be begun, takes no memory from those after it', async () => {
  vi.mocked(open).mockRejectedValueOnce(new Error('EMFILE: too many open files'))
  await expect(copies.open('one', large, fill)).rejects.toThrow('EMFILE')
  const again = await copies.open('one', large, fill)
  expect(placeOf(again.path)).toMatch(/^\/dev\/shm\//)
  again.close()
})

it.runIf(isLinux)('Copies that memory has no room for together, are kept elsewhere', async () => {
  const both = [await copies.open('one', large, fill), await copies.open('two', large, fill)]
  expect(both.map(({ path }) => placeOf(path).startsWith('/dev/shm/'))).toEqual([true, false])
  expect(placeOf(both[1]?.path ?? '')).toContain(scratch)
  for (const { close } of both) close()
})

async function fill(write: (piece: Buffer) => Promise<void>): Promise<void> {
  await write(Buffer.from('rows'))
}

/** Where an opened file would be if it had a name. */
function placeOf(path: string): string {
  return readlinkSync(`/proc/self/fd/${basename(path)}`)
}
