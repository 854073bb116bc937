import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { createLog } from '../log.ts'
import { createFolderStore } from '../storage/folder-store.ts'
import { canary, type ImportScene, importScene } from '../testing/import-scene.ts'
import { type SnapshotProcess, startSnapshotProcess } from '../testing/killed-process.ts'
import { removeOrphans } from './orphans.ts'
import { readPage, rowsPerPage } from './rows.ts'

/** Give the seed of a run that failed as KILL_SEED to have the same points again. */
const seed = Number(process.env.KILL_SEED ?? randomInt(2 ** 31))
const random = randomOf(seed)
const points = 50
const rowsKept = 100_000
const log = createLog({ level: 'silent' })

let scene: ImportScene
let id: string
/** The one that makes the next version, and one that is ready to take its place. */
let running: SnapshotProcess
let spare: SnapshotProcess

beforeAll(async () => {
  scene = await importScene()
  id = await scene.create('numbers', rowsKept)
  await scene.catalog.snapshots.idle()
  running = start()
  spare = start()
  await running.ready
})
afterAll(async () => {
  await Promise.all([running?.kill(), spare?.kill()])
  await scene.close()
})

/** When and whom: milliseconds after the order, or after the file is in its place. */
type Point = { readonly victim: 'process' | 'worker'; readonly after: 'order' | 'file'; readonly milliseconds: number }

test(`C7 of imports killed at ${points} points of their life, none leaves half a version or a file, and the next succeeds (seed ${seed})`, async () => {
  await runWhole('before the first')
  const since = performance.now()
  await runWhole('to be measured')
  const duration = performance.now() - since
  const ends = { completed: 0, ended: 0, 'not begun': 0 }
  for (const [index, point] of plan(duration).entries()) {
    const what = `point ${index} of seed ${seed}: ${JSON.stringify(point)}, of ${Math.round(duration)} ms`
    ends[await killAt(point, what)]++
    if (index % 10 === 9) await runWhole(what)
  }
  // Whether the points were where they were meant to be.
  expect(ends.ended, JSON.stringify(ends)).toBeGreaterThan(points / 4)
  await everyFileHasAVersion()
}, 600_000)

/**
 * One in five kills the process when all is written but the row that says so. The others come anywhere before; of them one
 * in four kills the process, the others what talks to the data store.
 */
function plan(duration: number): Point[] {
  return Array.from({ length: points }, (_, index) => {
    if (index % 5 === 4) return { victim: 'process', after: 'file', milliseconds: random() * 10 } as const
    const victim = index % 4 === 0 ? 'process' : 'worker'
    return { victim, after: 'order', milliseconds: ((index + random()) / points) * duration } as const
  })
}

/** Runs into one point, and looks at all that is left before and after the sweep. */
async function killAt(point: Point, what: string): Promise<'completed' | 'ended' | 'not begun'> {
  const [before] = await versions()
  const ended = running.refresh(id)
  await reach(point, ended)
  if (point.victim === 'process') await replace()
  else await withoutWorkers(ended, what)
  await onlyWholeOnesOpen(what)
  await sweepUntilClean(what)
  const [latest] = await versions()
  if (latest?.number === before?.number) return 'not begun'
  expect(latest, what).toMatchObject({ number: (before?.number ?? 0) + 1 })
  expect(latest?.status, what).toMatch(/^(completed|failed)$/)
  return latest?.status === 'completed' ? 'completed' : 'ended'
}

/** Waits for the moment; an import that is over sooner ends the wait. */
async function reach({ after, milliseconds }: Point, ended: Promise<string>): Promise<void> {
  if (after === 'file') {
    let isOver = false
    void ended.then(() => {
      isOver = true
    })
    const whole = () => filesLeft().filter((name) => name.endsWith('.sealed')).length
    for (const had = whole(); whole() === had && !isOver; ) await pause(1)
  }
  await pause(milliseconds)
}

/** The process that makes the next version was started meanwhile. */
async function replace(): Promise<void> {
  await running.kill()
  running = spare
  await running.ready
  spare = start()
}

/** A process whose workers were killed ends the version itself, and removes what they wrote, without any sweep. */
async function withoutWorkers(ended: Promise<string>, what: string): Promise<void> {
  running.killWorkers()
  expect(await ended, what).toMatch(/^ended \d+$/)
  expect(filesLeft(), what).toEqual(await filesOfWhole())
}

/** As if 30 seconds had passed. What a worker wrote until it noticed that it was alone may take another sweep. */
async function sweepUntilClean(what: string): Promise<void> {
  await scene.db.execute(
    sql`update dataset_versions set heartbeat_at = now() - interval '31 seconds', created_at = now() - interval '31 seconds'
      where status in ('queued', 'running')`,
  )
  const clean = async () => {
    await scene.catalog.sweep.once()
    expect(filesLeft(), what).toEqual(await filesOfWhole())
  }
  await vi.waitFor(clean, { timeout: 10_000, interval: 100 })
}

async function runWhole(what: string): Promise<void> {
  const [before] = await versions()
  expect(await running.refresh(id), what).toBe(`ended ${(before?.number ?? 0) + 1}`)
  const [latest] = await versions()
  expect(latest, what).toMatchObject({ status: 'completed', rows: rowsKept, message: null })
  const opened = await scene.catalog.store.open(await stored(latest?.number ?? 0))
  expect(await contentOf(opened.path), what).toEqual([BigInt(rowsKept), BigInt(rowsKept), true])
  opened.close()
}

/** The newest version opens if it is whole; else it does not, and the newest whole one does, with all of its rows. */
async function onlyWholeOnesOpen(what: string): Promise<void> {
  const all = await versions()
  const current = all.find(({ status }) => status === 'completed')
  const [latest] = all
  if (latest !== undefined && latest !== current) await expect(stored(latest.number), what).rejects.toThrow(NotFound)
  const opened = await scene.catalog.store.open(await stored(current?.number ?? 0))
  const last = await readPage(opened.path, rowsKept / rowsPerPage)
  expect([last.rows.length, last.more], what).toEqual([rowsPerPage, false])
  opened.close()
}

/** How many rows there are, how many different ones, and whether each is whole. */
async function contentOf(path: string): Promise<unknown[] | undefined> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  const isWhole = `word = md5(n::varchar) and half = n * 1.5 and note = '${canary}'`
  const read = await connection.runAndReadAll(
    `select count(*), count(distinct n), bool_and(${isWhole}) from read_parquet('${path}')`,
  )
  connection.closeSync()
  instance.closeSync()
  return read.getRows()[0]
}

/** At the end every file is a whole version's, also for who looks at the folder alone. */
async function everyFileHasAVersion(): Promise<void> {
  const tomorrow = new Date(Date.now() + 25 * 3_600_000)
  const files = createFolderStore(scene.directory)
  expect(await removeOrphans({ db: scene.db, files, log, now: tomorrow })).toBe(0)
  expect(filesLeft()).toEqual(await filesOfWhole())
  for (const { number, status } of await versions()) {
    if (status !== 'completed') await expect(stored(number)).rejects.toThrow(NotFound)
  }
}

function start(): SnapshotProcess {
  return startSnapshotProcess(scene.processFile, scene.order())
}

async function versions() {
  return (await scene.catalog.datasetQueries.show(scene.actor, id)).versions
}

function stored(number: number) {
  return scene.catalog.datasetQueries.stored(scene.actor, id, number)
}

/** Everything in the store but folders: files, and pipes too. */
function filesLeft(): string[] {
  const entries = readdirSync(scene.directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

async function filesOfWhole(): Promise<string[]> {
  const { file, status } = datasetVersions
  const rows = await scene.db.select({ file }).from(datasetVersions).where(eq(status, 'completed'))
  return rows.map((row) => basename(row.file ?? '')).sort()
}

/** Numbers from 0 to 1, the same again for one seed (mulberry32). */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
