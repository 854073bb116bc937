import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLog } from '../log.ts'
import { createSweep } from './sweep.ts'

const minute = 60_000
let clock: number
/** What is to be removed, by the rows, and what of it cannot be. */
let named: string[]
let stuck: string[]
let removed: string[]
/** Milliseconds that a removal which fails takes. */
let takes: number
let forgetErased: ReturnType<typeof vi.fn>

beforeEach(() => {
  clock = 0
  ;[named, stuck, removed, takes] = [[], [], [], 0]
  forgetErased = vi.fn()
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
})
afterEach(() => void vi.restoreAllMocks())

describe('A file that cannot be removed', () => {
  it('keeps none of the others, nor what comes after them, from being removed', async () => {
    named = ['a', 'stuck', 'b']
    stuck = ['stuck']
    await newSweep().once()
    expect(removed).toEqual(['a', 'b'])
    expect(named).toEqual(['stuck'])
    expect(forgetErased).toHaveBeenCalledOnce()
  })

  it('with many like it, makes way for those behind them, and is tried again in ten minutes', async () => {
    stuck = Array.from({ length: 1200 }, (_, index) => `stuck ${index}`)
    named = [...stuck, 'behind']
    const sweep = newSweep()
    for (let times = 0; times < 3; times++) await sweep.once()
    expect(removed).toEqual(['behind'])
    stuck = []
    await sweep.once()
    expect(removed).toEqual(['behind'])
    clock += 11 * minute
    for (let times = 0; times < 3; times++) await sweep.once()
    expect(named).toEqual([])
  })

  it('because the store does not answer, lets the others wait for the next sweep', async () => {
    named = ['a', 'b', 'c']
    stuck = [...named]
    takes = minute
    await newSweep().once()
    expect(clock).toBe(minute)
    expect(forgetErased).toHaveBeenCalledOnce()
  })
})

function newSweep() {
  const versions = {
    endSilent: async () => 0,
    filesToRemove: async (except: readonly string[] = []) =>
      named
        .filter((name) => !except.includes(name))
        .slice(0, 500)
        .map((name) => ({ versionId: name, file: name })),
    forgetFile: async (versionId: string) => {
      named = named.filter((name) => name !== versionId)
    },
  }
  const store = {
    remove: async (file: string) => {
      if (stuck.includes(file)) {
        clock += takes
        throw new Error('It cannot be removed.')
      }
      removed.push(file)
    },
  }
  const deletion = { eraseDue: async () => 0, forgetErased }
  const fakes = { versions, store, deletion, removeOrphans: async () => 0 }
  const log = createLog({ level: 'silent' })
  return createSweep({ ...(fakes as unknown as Parameters<typeof createSweep>[0]), log })
}
