import { existsSync } from 'node:fs'
import { isAnswer, isFromWorker } from './answers.ts'
import { type ClimbedRung, type FailedRung, type FailureCode, failedRung, ladder, nextRung } from './diagnosis.ts'
import type { Connector, Job, Operation, Operations, Outcome } from './driver.ts'
import type { EgressPolicy } from './egress-policy.ts'
import { removeUnfinished } from './import-files.ts'
import { type FromWorker, fileKey, type ToWorker, toWire } from './messages.ts'
import { createPlaces, GaveUp, type Leave } from './places.ts'
import { forkWorker, lookAtMemoryMilliseconds, type WorkerProcess } from './worker-process.ts'

type Worker = WorkerProcess<FromWorker, ToWorker>

export type ConnectorOptions = {
  readonly policy: EgressPolicy
  /** The bundled worker, `dist/worker.cjs`. */
  readonly workerFile: string
  /** Workers kept ready, so that a job does not wait for a process to start. */
  readonly warm?: number
  /** Jobs at the same time of one user, and of all. */
  readonly perUser?: number
  readonly total?: number
  /** How long a job waits for its place while all are taken, in milliseconds. */
  readonly waitMilliseconds?: number
}

type RunOptions = Parameters<Connector['run']>[1]

/**
 * Returns the connector: it runs each job in a worker process of its own and kills that process when the job is over, or
 * over a limit. Opens no socket itself.
 */
export function createConnector(options: ConnectorOptions): Connector {
  const { policy, workerFile, warm = 2, perUser = 8, total = 24, waitMilliseconds = 2_000 } = options
  const places = createPlaces({ perUser, total, reserved, waiting: 2 * total, waitMilliseconds })
  const ready: Worker[] = []
  const living = new Set<Worker>()
  let closed = false

  function start(heapMegabytes: number): Worker {
    const worker = forkWorker<FromWorker, ToWorker>(workerFile, heapMegabytes, isFromWorker)
    living.add(worker)
    void worker.ended.then(() => {
      living.delete(worker)
      // One that ended while it waited makes room for another.
      if (ready.includes(worker)) ready.splice(ready.indexOf(worker), 1)
    })
    return worker
  }

  function refill(): void {
    while (!closed && ready.length < warm) ready.push(start(standardHeap))
  }

  function take(heapMegabytes: number, pause: number): Worker {
    const place = ready.findIndex((worker) => !worker.hasEnded && worker.heapMegabytes === heapMegabytes)
    const [worker] = place === -1 ? [] : ready.splice(place, 1)
    // The next worker starts when this one has had the processor for itself, unless none would be ready meanwhile.
    setTimeout(refill, ready.length === 0 ? soon : pause).unref()
    return worker ?? start(heapMegabytes)
  }

  /** Undefined where the job was cancelled before it had a place. */
  async function placeFor(run: RunOptions): Promise<Leave | undefined> {
    try {
      return await places.take(run)
    } catch (error) {
      if (error instanceof GaveUp) return undefined
      throw error
    }
  }

  refill()
  return {
    async run<O extends Operation>(job: Job<O>, run: RunOptions) {
      try {
        const leave = await placeFor(run)
        if (leave === undefined) return failure([], cancelled([]))
        // Whoever waits for the answer need not wait for the system to clear the process away; its place does.
        let over = Promise.resolve()
        const takeOne: typeof take = (...wanted) => {
          const worker = take(...wanted)
          over = worker.ended
          return worker
        }
        try {
          return await runJob(job, run, policy, takeOne)
        } finally {
          void over.then(leave)
        }
      } finally {
        for (const secret of Object.values(job.credential.fields)) secret.wipe()
        fileKey(job)?.wipe()
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

/** Places that scheduled work leaves to people. */
const reserved = 4
/** Milliseconds from a job to the start of the worker for the next: behind a short job, and beside a long one. */
const soon = 100
const later = 10_000
/** The heap of the workers that are kept ready, in megabytes: what `Limits` usually ask for. */
const standardHeap = 256
const startingMilliseconds = 10_000
/** What a worker may use beside its heap: the runtime, buffers, and DuckDB for an import. */
const besideHeap = { import: 512, other: 160 }

async function runJob<O extends Operation>(
  job: Job<O>,
  options: RunOptions,
  policy: EgressPolicy,
  take: (heapMegabytes: number, pause: number) => Worker,
): Promise<Outcome<Operations[O]['output']>> {
  const climbed: ClimbedRung[] = []
  const file = job.operation === 'import' ? (job.input as Operations['import']['input']).file : undefined
  if (options.signal?.aborted === true) return failure(climbed, cancelled(climbed))
  if (file !== undefined && existsSync(file)) return failure(climbed, failedRung('policy', 'internal'))
  const worker = take(job.limits.heapMegabytes, file === undefined ? soon : later)
  const ending = await follow(worker, job, options, policy, climbed)
  worker.kill()
  // No one else may touch what an import has written when it is believed or removed.
  if (file !== undefined) await worker.ended
  if (ending.kind === 'done' && isAnswer(job, ending.value)) {
    return { ok: true, value: ending.value as Operations[O]['output'], diagnosis: ladder(climbed) }
  }
  if (file !== undefined) removeUnfinished(file)
  return failure(climbed, ending.kind === 'failed' ? ending.rung : failedRung(nextRung(climbed), 'internal'))
}

type Ending =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly rung: FailedRung }

/** Hands the job over and resolves with what came of it: an answer, a limit, a cancellation or a death. */
function follow(
  worker: Worker,
  job: Job,
  options: RunOptions,
  policy: EgressPolicy,
  climbed: ClimbedRung[],
): Promise<Ending> {
  const { milliseconds, heapMegabytes } = job.limits
  const memory = heapMegabytes + (job.operation === 'import' ? besideHeap.import : besideHeap.other)
  return new Promise((resolve) => {
    let settled = false
    const settle = (ending: Ending) => {
      settled = true
      clearTimeout(clock)
      clearInterval(watch)
      options.signal?.removeEventListener('abort', cancel)
      resolve(ending)
    }
    const climb = (rungs: readonly ClimbedRung[]) => {
      climbed.push(...rungs)
      if (rungs.some(({ name }) => name === 'authentication')) options.onLetIn?.()
    }
    const fail = (code: FailureCode, sentence?: string) => {
      const text = sentence === undefined ? {} : { sentence }
      settle({ kind: 'failed', rung: failedRung(nextRung(climbed), code, text) })
    }
    const cancel = () => settle({ kind: 'failed', rung: cancelled(climbed) })
    const late = () => fail('limit.exceeded', tooLong(milliseconds))
    // A worker that had to be started first does not take that from the time of its job.
    let clock = setTimeout(late, milliseconds + startingMilliseconds)
    void worker.ready.then(() => {
      clearTimeout(clock)
      clock = setTimeout(late, milliseconds)
      if (settled) clearTimeout(clock)
    })
    const watch = setInterval(() => {
      if (worker.memory() > memory) fail('limit.exceeded', 'What the server sent needs more memory than one use may.')
    }, lookAtMemoryMilliseconds)
    options.signal?.addEventListener('abort', cancel)
    worker.onMessage((message: FromWorker) => {
      if (message.kind === 'rungs') climb(message.rungs)
      else if (message.kind === 'progress') options.onProgress?.(message.progress)
      else if (message.kind !== 'ready') settle(message)
    })
    void worker.ended.then(() => fail('internal', 'What talks to the server stopped unexpectedly.'))
    worker.start({ job: toWire(job), policy })
  })
}

function failure<T>(climbed: readonly ClimbedRung[], failed: FailedRung): Outcome<T> {
  return { ok: false, code: failed.code, diagnosis: ladder(climbed, failed) }
}

function cancelled(climbed: readonly ClimbedRung[]): FailedRung {
  return failedRung(nextRung(climbed), 'limit.exceeded', {
    sentence: 'It was cancelled.',
    nextStep: 'Start it again if that was not meant.',
  })
}

function tooLong(milliseconds: number): string {
  return `It was not over after ${Math.round(milliseconds / 100) / 10} s, which is as long as it may take.`
}
