import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPlainCopies, type FillCopy, type PlainCopies } from './plain-copies.ts'

let scratch: string
let copies: PlainCopies
let filled: number

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'keyward-copies-'))
  copies = createPlainCopies({ scratch, milliseconds: 40 })
  filled = 0
})
afterEach(() => {
  copies.close()
  rmSync(scratch, { recursive: true })
})

describe('An opened copy', () => {
  it('can be read by path in this process and in a child, and has no name that anyone finds', async () => {
    const { path, bytes, close } = await open('a')
    expect([readFileSync(path, 'utf8'), bytes]).toEqual(['rows of a', 9])
    if (process.platform === 'linux') expect(execFileSync('cat', [path]).toString()).toBe('rows of a')
    expect(leftovers()).toEqual([])
    close()
  })

  it('is made once for all who ask while it is open and for a while after, then again', async () => {
    const all = await Promise.all([open('a'), open('a'), open('a')])
    expect([filled, new Set(all.map(({ path }) => path)).size]).toEqual([1, 1])
    for (const { close } of all) close()
    ;(await open('a')).close()
    expect(filled).toBe(1)
    await vi.waitFor(() => expect(existsSync(all[0]?.path ?? '')).toBe(false))
    ;(await open('a')).close()
    expect(filled).toBe(2)
  })

  it('that is closed twice, is not taken from another reader', async () => {
    const [one, two] = [await open('a'), await open('a')]
    one.close()
    one.close()
    await pause(80)
    expect(readFileSync(two.path, 'utf8')).toBe('rows of a')
    two.close()
  })

  it('that is forgotten while it is read, stays for who reads it and is made anew for the next', async () => {
    const one = await open('a')
    copies.forget('a')
    const two = await open('a')
    expect([readFileSync(one.path, 'utf8'), filled, one.path === two.path]).toEqual(['rows of a', 2, false])
    one.close()
    two.close()
    copies.forget('nothing')
  })

  it('that could not be filled, is opened by nobody, leaves nothing, and is tried again', async () => {
    const failing: FillCopy = async (write) => {
      await write(Buffer.from('half'))
      throw new Error('It is damaged.')
    }
    const both = await Promise.allSettled([copies.open('a', 9, failing), copies.open('a', 9, failing)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(leftovers()).toEqual([])
    const { path, close } = await open('a')
    expect(readFileSync(path, 'utf8')).toBe('rows of a')
    close()
  })

  it('of more than memory has room for, goes to the folder for it, without a name there', async () => {
    const opening = copies.open('large', 2 ** 40, async (write) => {
      expect(
        readdirSync('/proc/self/fd')
          .map((fd) => linkOf(fd))
          .some((to) => to.startsWith(scratch)),
      ).toBe(true)
      await write(Buffer.from('rows'))
    })
    const { path, close } = await opening
    expect(readFileSync(path, 'utf8')).toBe('rows')
    expect(leftovers()).toEqual([])
    close()
  })
})

function open(name: string) {
  const text = Buffer.from(`rows of ${name}`)
  return copies.open(name, text.length, async (write) => {
    filled++
    await write(text.subarray(0, 4))
    await write(text.subarray(4))
  })
}

function leftovers(): string[] {
  const inMemory = existsSync('/dev/shm') ? readdirSync('/dev/shm').filter((name) => name.startsWith('keyward-')) : []
  return [...inMemory, ...readdirSync(scratch)]
}

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}
