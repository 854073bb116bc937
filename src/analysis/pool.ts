import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { removeUnfinished, temporaryFiles } from '../connector/import-files.ts'
import { createPlaces, GaveUp, type Leave } from '../connector/places.ts'
import { forkWorker, lookAtMemoryMilliseconds, type WorkerProcess } from '../connector/worker-process.ts'
import type {
  Analysis,
  AnalysisFailure,
  AnalysisJob,
  AnalysisOptions,
  AnalysisOutcome,
  JobKind,
  Jobs,
} from './analysis.ts'
import { areNames, isAnswer, isFromAnalyst } from './answers.ts'
import { besideMegabytes, heapMegabytes, type JobLimits, jobLimits } from './limits.ts'
import { type FromAnalyst, type Room, type ToAnalyst, toWire } from './messages.ts'

export type AnalysisPoolOptions = {
  /** The bundled worker, `dist/analyst.cjs`. */
  readonly workerFile: string
  /** A folder of Keyward's own: a job that does not fit into memory gets one in it, for as long as it runs. */
  readonly scratchDirectory: string
  /** Workers kept ready, so that who waits for an answer does not wait for a process to start. */
  readonly warm?: number
  /** Jobs at the same time of one user, and of all. */
  readonly perUser?: number
  readonly total?: number
  /** How long a job waits for its place while all are taken, in milliseconds. */
  readonly waitMilliseconds?: number
  /** What starts a worker, for tests. */
  readonly fork?: typeof forkWorker
  /** Other limits than those of every installation, for tests. */
  readonly limits?: Partial<JobLimits>
}

/** Of `total`, places that work which nobody waits for leaves to people. */
const reserved = 2
const startingMilliseconds = 10_000
/** Milliseconds from a job to the start of the worker for the next: most previews are over by then. */
const pauseMilliseconds = 1_000

/**
 * Returns what computes over stored files: each job in a process of its own, which is killed when the job is over, or over
 * a limit. Its processes get an empty environment and the paths of their job.
 */
export function createAnalysis(options: AnalysisPoolOptions): Analysis {
  const { perUser = 2, total = 4, waitMilliseconds = 5_000, warm = 1, fork = forkWorker } = options
  const places = createPlaces({ perUser, total, reserved, waiting: 2 * total, waitMilliseconds })
  const living = new Set<Analyst>()
  const ready: Analyst[] = []
  let closed = false
  removeAbandoned(options.scratchDirectory)

  async function placeFor(wanted: AnalysisOptions): Promise<Leave | undefined> {
    try {
      return await places.take(wanted)
    } catch (error) {
      if (error instanceof GaveUp) return undefined
      throw error
    }
  }

  function start(): Analyst {
    const worker = fork<FromAnalyst, ToAnalyst>(options.workerFile, heapMegabytes, isFromAnalyst)
    living.add(worker)
    void worker.ended.then(() => {
      living.delete(worker)
      // One that ended while it waited makes room for another.
      if (ready.includes(worker)) ready.splice(ready.indexOf(worker), 1)
    })
    return worker
  }

  function refill(): void {
    while (!closed && ready.length < warm) ready.push(start())
  }

  /** The one that is ready is for people: nobody waits for the others. */
  function take({ background }: AnalysisOptions): Analyst {
    if (background) return start()
    const place = ready.findIndex((worker) => !worker.hasEnded)
    const [worker] = place === -1 ? [] : ready.splice(place, 1)
    setTimeout(refill, pauseMilliseconds).unref()
    return worker ?? start()
  }

  refill()

  return {
    async run(job, wanted) {
      const leave = await placeFor(wanted)
      if (leave === undefined || wanted.signal?.aborted) {
        leave?.()
        return cancelled
      }
      try {
        return await runJob(
          job,
          wanted,
          { ...jobLimits[job.kind], ...options.limits },
          options.scratchDirectory,
          take(wanted),
        )
      } finally {
        leave()
      }
    },
    async close() {
      closed = true
      places.close()
      const all = [...living]
      for (const worker of all) worker.kill()
      await Promise.all(all.map((worker) => worker.ended))
    },
  }
}

type Analyst = WorkerProcess<FromAnalyst, ToAnalyst>

async function runJob<K extends JobKind>(
  job: AnalysisJob<K>,
  wanted: AnalysisOptions,
  limits: JobLimits,
  scratchDirectory: string,
  worker: Analyst,
): Promise<AnalysisOutcome<Jobs[K]['output']>> {
  const scratch = limits.scratchMegabytes === 0 ? null : join(scratchDirectory, String(worker.pid))
  const room: Room = { limits, scratch, threads: Math.min(4, availableParallelism()) }
  try {
    if (scratch !== null) mkdirSync(scratch, { recursive: true, mode: 0o700 })
    const ending = await follow(worker, job, wanted, room)
    worker.kill()
    // No one else may touch what it has written when that is believed or removed.
    await worker.ended
    if (ending.kind === 'done' && isAnswer(job, ending.value)) {
      return { ok: true, value: ending.value as Jobs[K]['output'] }
    }
    if (job.target !== null) removeUnfinished(job.target.file)
    return ending.kind === 'failed' ? ending.failure : internal
  } finally {
    worker.kill()
    await worker.ended
    if (scratch !== null) rmSync(scratch, { recursive: true, force: true })
    job.target?.key?.wipe()
  }
}

type Ending = Extract<FromAnalyst, { kind: 'done' | 'failed' }>

/**
 * Hands the job over and resolves with what came of it: an answer, a limit, a cancellation or a death. Rejects with what
 * finding its files has thrown.
 */
function follow(worker: Analyst, job: AnalysisJob, wanted: AnalysisOptions, room: Room): Promise<Ending> {
  const { milliseconds, memoryMegabytes, scratchMegabytes, resultMegabytes } = room.limits
  return new Promise((resolve, reject) => {
    let settled = false
    // What is being found then is found before the job is over, so that whoever opens files can close them.
    let finding: Promise<void> | undefined
    const settle = (ending: Ending) => {
      if (settled) return
      settled = true
      clearTimeout(clock)
      clearInterval(watch)
      wanted.signal?.removeEventListener('abort', cancel)
      void (finding ?? Promise.resolve()).then(() => resolve(ending), reject)
    }
    const fail = (failure: AnalysisFailure) => settle({ kind: 'failed', failure })
    const cancel = () => fail(cancelled)
    const late = () => fail(tooLong(milliseconds))
    // That it had to be started first does not take from the time of its job, nor does what its files take to be found.
    let clock = setTimeout(late, milliseconds + startingMilliseconds)
    const runFrom = () => {
      clearTimeout(clock)
      if (!settled) clock = setTimeout(late, milliseconds)
    }
    void worker.ready.then(runFrom)
    const find = async (names: unknown) => {
      clearTimeout(clock)
      if (typeof job.files !== 'function' || !areNames(names)) return fail(internal)
      try {
        const files = await job.files(names)
        if (files === null) return fail(cancelled)
        runFrom()
        if (!settled) worker.tell({ files })
      } catch (error) {
        fail(internal)
        throw error
      }
    }
    const written = () => (job.target === null ? 0 : sizeOf(temporaryFiles(job.target.file)[0]))
    const watch = setInterval(() => {
      if (worker.memory() > memoryMegabytes + besideMegabytes) fail(tooMuchMemory)
      // DuckDB lets a sort put far more there than it was told to.
      if (sizeWithin(room.scratch) > scratchMegabytes * 1e6) fail(tooMuchDisk)
      if (written() > resultMegabytes * 1e6) fail(tooLargeResult(resultMegabytes))
    }, lookAtMemoryMilliseconds)
    wanted.signal?.addEventListener('abort', cancel)
    worker.onMessage((message) => {
      if (message.kind === 'progress') wanted.onProgress?.({ percent: percentOf(message.percent), bytes: written() })
      else if (message.kind === 'names') finding ??= Promise.resolve().then(() => find(message.names))
      else if (message.kind !== 'ready') settle(message)
    })
    void worker.ended.then(() => fail(died))
    worker.start({ job: toWire(job), room })
  })
}

function percentOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? Math.min(100, value) : 0
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Bytes of the files right in a folder; it and they may go meanwhile. */
function sizeWithin(folder: string | null): number {
  if (folder === null) return 0
  try {
    return readdirSync(folder).reduce((sum, name) => sum + sizeOf(join(folder, name)), 0)
  } catch {
    return 0
  }
}

/** What a process that died has left: nothing runs for so long. */
function removeAbandoned(directory: string): void {
  const old = Date.now() - 3 * 60 * 60 * 1000
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? old) < old)
      rmSync(path, { recursive: true, force: true })
  }
}

const without = (reason: AnalysisFailure['reason'], message: string): AnalysisFailure => ({
  ok: false,
  reason,
  message,
  position: null,
})
const cancelled = without('cancelled', 'It was cancelled.')
const died = without('limit', 'It ended before there was an answer, most likely because it needed too much memory.')
const internal = without('internal', 'It came to no answer. Try again; if it happens again, tell your administrator.')
const tooMuchMemory = without('limit', 'This needs more memory than one query may use. Read fewer rows or columns.')

const tooMuchDisk = without(
  'limit',
  'This needs more room on the disk than one query may use. Read fewer rows or columns.',
)

function tooLong(milliseconds: number): AnalysisFailure {
  const time = milliseconds < 120_000 ? `${milliseconds / 1000} seconds` : `${milliseconds / 60_000} minutes`
  return without('limit', `It was not over after ${time}, which is as long as it may take. Read fewer rows.`)
}

function tooLargeResult(megabytes: number): AnalysisFailure {
  return without('limit', `The result is larger than ${megabytes.toLocaleString('en')} MB. Read fewer rows or columns.`)
}
