import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { clients, rehearse } from './clients.ts'
import { foldDetail } from './detail.ts'
import { type ClimbedRung, explanations, type FailedRung, nextRung, Refusal } from './diagnosis.ts'
import type { DriverClient, Job, Operation, Operations, Progress, Reporter, Session, Source } from './driver.ts'
import { createDialer } from './egress.ts'
import type { EgressPolicy } from './egress-policy.ts'
import { type FromWorker, fromWire, type ToWorker } from './messages.ts'

// A connector worker: it is handed one job, runs it, answers once and ends. Its end is what wipes its memory.

/** Nothing it writes, an import above all, is for others on this machine. */
process.umask(0o077)
// Sockets are the dialer's alone. And `pg` tries out `Response` where there is one, for which Node.js loads all of this.
for (const name of ['fetch', 'Request', 'Response', 'Headers', 'FormData', 'WebSocket', 'EventSource']) {
  Reflect.deleteProperty(globalThis, name)
}
// Without the process that started it there is no one to answer to.
process.on('disconnect', end)
// Whatever a library lets fall is the end of this job, and no words about it leave by another way.
process.on('uncaughtException', (error) => void answerFailure(error))
process.on('unhandledRejection', (error) => void answerFailure(error))
process.once('message', (message: ToWorker) => void work(message))

const climbed: ClimbedRung[] = []
/** Those of them that are still to be told. */
let untold: ClimbedRung[] = []
let job: Job | undefined
let since = performance.now()
let answered = false
/** A job may come before this process is ready for it. */
let begun = false

/** The first compiles what runs, and the next few have V8 remember what it met there. More saved nothing that could be told. */
const rehearsals = 8

/** Resolves when this process is as ready as it gets while it waits; sooner where a job has come. */
export const prepared = prepare()

/** What waits has time: it loads, and tries out, what its job would otherwise wait for. A job that is here already does not. */
async function prepare(): Promise<void> {
  await clients.get('postgresql')?.()
  send({ kind: 'ready' })
  // One that was handed over while this process began is read first.
  await sleep(50)
  for (let round = 0; round < rehearsals && !begun && (await rehearse()); round++);
  // What imports need takes a quarter of a second to load.
  setTimeout(() => {
    if (!begun) void import('./parquet.ts')
  }, 2_000)
}

async function work(message: ToWorker): Promise<void> {
  begun = true
  try {
    job = fromWire(message.job)
    since = performance.now()
    if (job.operation === 'import') collectRarely()
    const client = await clients.get(job.driver)?.()
    if (client === undefined) throw new Error('This version has no such driver.')
    await answer({ kind: 'done', value: await perform(client, job, message.policy) })
  } catch (error) {
    await answerFailure(error)
  }
}

/**
 * Buffers of what comes count towards the heap, so that every 8 MB of them had all of it looked through: a third of what it
 * took to fetch a file. A version of Node.js that does not know this goes on as before.
 */
function collectRarely(): void {
  setFlagsFromString('--heap-growing-percent=400')
}

function perform<O extends Operation>(
  client: DriverClient,
  current: Job<O>,
  policy: EgressPolicy,
): Promise<Operations[O]['output']> {
  const signal = AbortSignal.timeout(current.limits.milliseconds)
  const report = reporter()
  const tcpMilliseconds = Math.min(5_000, current.limits.milliseconds / 2)
  const dial = createDialer({ policy, report, signal, tcpMilliseconds })
  const session: Session = { job: current, dial, report, signal }
  return client[current.operation](session, current.input)
}

function reporter(): Reporter {
  let reportedAt = Number.NEGATIVE_INFINITY
  const climb = (name: ClimbedRung['name'], state: ClimbedRung['state'], sentence: string, known?: number) => {
    const passed = lap()
    const milliseconds = state === 'passed' ? toTenths(known ?? passed) : null
    const rung: ClimbedRung = { name, state, sentence, milliseconds }
    climbed.push(rung)
    // Told together, while the server is waited for.
    if (untold.push(rung) === 1) setImmediate(tell)
  }
  return {
    passed: (rung, sentence, known) => climb(rung, 'passed', sentence, known),
    notApplicable: (rung, sentence) => climb(rung, 'not applicable', sentence),
    progress: (progress: Progress) => {
      if (performance.now() - reportedAt < 1_000) return
      reportedAt = performance.now()
      send({ kind: 'progress', progress })
    },
  }
}

function tell(): void {
  if (untold.length > 0) send({ kind: 'rungs', rungs: untold })
  untold = []
}

/** Milliseconds since the last rung. */
function lap(): number {
  const before = since
  since = performance.now()
  return since - before
}

function toTenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}

/** Drivers put a query on the lines after their first, so that is where servers count its lines from. */
function inQuery(detail: string | undefined): string | undefined {
  const input = job?.input as { readonly source?: Source } | undefined
  if (input?.source?.kind !== 'query' || job?.driver === 'postgresql') return detail
  return detail?.replace(/\b(line:? )(\d+)/gi, (all, word: string, line: string) =>
    Number(line) > 1 ? `${word}${Number(line) - 1}` : all,
  )
}

function answerFailure(error: unknown): Promise<void> {
  const refusal = error instanceof Refusal ? error : new Refusal('current', 'internal', { detail: String(error) })
  const name = refusal.rung === 'current' ? nextRung(climbed) : refusal.rung
  const { sentence, nextStep, detail } = { ...explanations[refusal.code], ...refusal.text }
  const rung: FailedRung = {
    name,
    code: refusal.code,
    // How long a refusal by the policy took would tell whether something is there.
    milliseconds: refusal.code === 'policy.refused' ? null : toTenths(lap()),
    sentence,
    nextStep,
    detail: foldDetail(inQuery(detail), secretTexts()),
  }
  return answer({ kind: 'failed', rung })
}

function secretTexts(): string[] {
  const fields = Object.entries(job?.credential.fields ?? {})
  return fields.filter(([id]) => id !== 'username').map(([, secret]) => secret.expose().toString('utf8'))
}

async function answer(message: FromWorker): Promise<void> {
  if (answered) return
  tell()
  answered = true
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve()
    else process.send(message, () => resolve())
  })
  end()
}

/**
 * Ends this process, its open connections and its memory, whatever its threads do. `process.exit` waits for them, and
 * DuckDB's waits for rows that this process would have to write: such a worker stayed for ever, and the target with it.
 */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

function send(message: FromWorker): void {
  if (process.connected && !answered) process.send?.(message, () => {})
}
