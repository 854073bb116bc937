import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { forkWorker } from '../connector/worker-process.ts'
import { packageRoot } from '../package-root.ts'
import { makeParquet } from '../testing/parquet-file.ts'
import type { Analysis, AnalysisOptions, FindFiles } from './analysis.ts'
import type { JobLimits } from './limits.ts'
import { createAnalysis } from './pool.ts'

let folder: string
let analysis: Analysis
let path: string
/** What was started, the first first. */
let started: { readonly pid: number | undefined; readonly hasEnded: boolean; readonly ended: Promise<void> }[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-pool-'))
  path = join(folder, 'numbers.parquet')
  await makeParquet(path, 'SELECT i AS n FROM range(7) t(i)')
  started = []
})
afterEach(async () => {
  await analysis.close()
  rmSync(folder, { recursive: true })
})

function open(warm: number, limits: Partial<JobLimits> = {}): void {
  analysis = createAnalysis({
    limits,
    ...{ workerFile: join(packageRoot(), 'dist/analyst.cjs'), scratchDirectory: join(folder, 'scratch'), warm },
    fork: (...its) => {
      const worker = forkWorker(...its)
      started.push(worker)
      return worker as never
    },
  })
}

const find: FindFiles = async (names) => names.map(({ name }) => ({ name, path }))
function preview(files: FindFiles = find, options: Partial<AnalysisOptions> = {}) {
  const input = { sql: 'SELECT sum(n) AS total FROM numbers', rows: 1 }
  return analysis.run({ kind: 'preview', input, files, target: null }, { userId: 'ada', ...options })
}

describe('A preview', () => {
  test('takes one process, which asks for its files and ends with its answer', async () => {
    open(0)
    const asked: string[] = []
    const outcome = await preview(async (names) => {
      asked.push(...names.map(({ name }) => name))
      return find(names)
    })
    expect(outcome).toMatchObject({ ok: true, value: { rows: [['21']] } })
    expect([asked, started.length, started[0]?.hasEnded]).toEqual([['numbers'], 1, true])
  })

  test('takes the process that is ready, each its own, and another one is ready then', async () => {
    open(1)
    expect(started).toHaveLength(1)
    expect((await preview()).ok).toBe(true)
    await expect.poll(() => started.length, { timeout: 10_000 }).toBe(2)
    expect((await preview()).ok).toBe(true)
    expect(started.slice(0, 2).map(({ hasEnded }) => hasEnded)).toEqual([true, true])
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(started.length)
  })

  test('that nobody waits for leaves the one that is ready to people', async () => {
    open(1)
    expect((await preview(find, { background: true })).ok).toBe(true)
    expect(started.map(({ hasEnded }) => hasEnded)).toEqual([false, true])
  })

  test('whose ready process has died is answered by another one', async () => {
    open(1)
    process.kill(started[0]?.pid ?? 0, 'SIGKILL')
    await started[0]?.ended
    expect((await preview()).ok).toBe(true)
  })

  test('whose files cannot be found is not run, and ends with why', async () => {
    open(0)
    expect(await preview(async () => null)).toMatchObject({ ok: false, reason: 'cancelled' })
    await expect(preview(() => Promise.reject(new Error('no store')))).rejects.toThrow('no store')
    expect(started.map(({ hasEnded }) => hasEnded)).toEqual([true, true])
  })

  test('that is cancelled while its files are found, ends when they are', async () => {
    open(0)
    const abort = new AbortController()
    let found = false
    const outcome = await preview(
      async (names) => {
        abort.abort()
        await new Promise((resolve) => setTimeout(resolve, 50))
        found = true
        return find(names)
      },
      { signal: abort.signal },
    )
    expect([outcome, found]).toMatchObject([{ ok: false, reason: 'cancelled' }, true])
  })

  // Elsewhere only DuckDB bounds what a worker uses, of its own.
  test.runIf(existsSync('/proc/self/statm'))(
    'whose process grows beyond its memory is ended, and says so',
    async () => {
      open(0, { memoryMegabytes: 64, milliseconds: 60_000 })
      const input = { sql: 'SELECT list_sum(list_transform(range(1000000000), x -> x + 1))', rows: 1 }
      const outcome = await analysis.run({ kind: 'preview', input, files: [], target: null }, { userId: 'ada' })
      // DuckDB, which does not count all it takes, says "memory and disk".
      const message = 'This needs more memory than one query may use. Read fewer rows or columns.'
      expect(outcome).toMatchObject({ ok: false, reason: 'limit', message })
      expect(started.map(({ hasEnded }) => hasEnded)).toEqual([true])
    },
    90_000,
  )

  test('that puts more on the disk than it may is ended, says so, and leaves nothing there', async () => {
    open(0, { memoryMegabytes: 64, scratchMegabytes: 16, milliseconds: 60_000 })
    const sql = `SELECT md5(a.x || '-' || b.x) AS y FROM range(10000) a(x), range(10000) b(x)
      ORDER BY y LIMIT 5 OFFSET 90000000`
    const outcome = await analysis.run(
      { kind: 'preview', input: { sql, rows: 1 }, files: [], target: null },
      { userId: 'ada' },
    )
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'limit',
      message: expect.stringMatching(/ disk than one query/),
    })
    expect(readdirSync(join(folder, 'scratch'))).toEqual([])
  }, 90_000)

  test('of a statement that may not be run asks for nothing', async () => {
    open(0)
    const input = { sql: "SELECT * FROM read_text('/etc/passwd')", rows: 1 }
    const files: FindFiles = () => Promise.reject(new Error('asked'))
    const outcome = await analysis.run({ kind: 'preview', input, files, target: null }, { userId: 'ada' })
    expect(outcome).toMatchObject({ ok: false, reason: 'statement' })
  })
})

test('A closed pool leaves no process, not the one that is ready either', async () => {
  open(2)
  await preview()
  await analysis.close()
  expect(started.every(({ hasEnded }) => hasEnded)).toBe(true)
  const count = started.length
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  expect(started).toHaveLength(count)
})
