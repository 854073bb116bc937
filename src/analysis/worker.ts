import { setTimeout as sleep } from 'node:timers/promises'
import { type ImportTarget, openOutput } from '../connector/import-output.ts'
import type { JobKind, Jobs, NamedFile } from './analysis.ts'
import { compareFiles } from './compare.ts'
import { failureOf } from './failures.ts'
import { type FoundJob, type FromAnalyst, fromWire, type Room, type ToAnalyst } from './messages.ts'
import { openWorkplace, type Workplace } from './open.ts'
import { profileOf } from './profile.ts'
import { namesIn, previewQuery, writeQuery } from './query.ts'

// An analysis worker: it is handed one job over stored files, runs it, answers once and ends. It opens no socket.

/** Nothing it writes is for others on this machine. */
process.umask(0o077)
for (const name of ['fetch', 'Request', 'Response', 'Headers', 'FormData', 'WebSocket', 'EventSource']) {
  Reflect.deleteProperty(globalThis, name)
}
// Without the process that started it there is no one to answer to.
process.on('disconnect', end)
process.on('uncaughtException', (error) => void answer({ kind: 'failed', failure: failureOf(error, null) }))
process.on('unhandledRejection', (error) => void answer({ kind: 'failed', failure: failureOf(error, null) }))
process.once('message', (message: Order) => void work(message))

let answered = false
send({ kind: 'ready' })

type Order = Extract<ToAnalyst, { job: unknown }>

async function work({ job: wire, room }: Order): Promise<void> {
  const sql = 'sql' in wire.input ? wire.input.sql : null
  try {
    const job = fromWire(wire, wire.files === null ? await askFor(sql ?? '', room) : [])
    await answer({ kind: 'done', value: await perform(job, room) })
  } catch (error) {
    await answer({ kind: 'failed', failure: failureOf(error, sql, wire.kind === 'write') })
  }
}

/** Says which names a statement uses, found out without any file, and resolves with the files of those. */
async function askFor(sql: string, room: Room): Promise<readonly NamedFile[]> {
  const { names } = await namesIn(await openWorkplace({ files: [] }, room, null), sql)
  const found = new Promise<readonly NamedFile[]>((resolve) => {
    process.once('message', ({ files }: Extract<ToAnalyst, { files: unknown }>) => resolve(files))
  })
  send({ kind: 'names', names })
  return found
}

async function perform(job: FoundJob, room: Room): Promise<Jobs[JobKind]['output']> {
  if (job.target !== null) return performWrite(job, job.target, room)
  const workplace = await openWorkplace(job, room, null)
  void reportProgress(workplace)
  const { connection } = workplace
  switch (job.kind) {
    case 'preview':
      return previewQuery(workplace, inputOf<'preview'>(job).sql, inputOf<'preview'>(job).rows)
    case 'write':
      throw new Error('There is no file to write.')
    case 'profile':
      return profileOf(connection, '"file"')
    case 'compare':
      return compareFiles(connection, inputOf<'compare'>(job).key)
  }
}

async function performWrite(job: FoundJob, target: ImportTarget, room: Room): Promise<Jobs['write']['output']> {
  const output = await openOutput(target)
  try {
    const workplace = await openWorkplace(job, room, output.path)
    void reportProgress(workplace)
    return await writeQuery(workplace, inputOf<'write'>(job).sql, output)
  } catch (error) {
    return output.abandon(error)
  }
}

function inputOf<K extends JobKind>(job: FoundJob): Jobs[K]['input'] {
  return job.input as Jobs[K]['input']
}

/** Once a second, how much of the statement that runs is done, in percent. */
async function reportProgress({ connection }: Workplace): Promise<void> {
  while (!answered) {
    await sleep(1_000)
    const { percentage } = connection.progress
    if (percentage >= 0) send({ kind: 'progress', percent: Math.floor(percentage) })
  }
}

async function answer(message: FromAnalyst): Promise<void> {
  if (answered) return
  answered = true
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve()
    else process.send(message, () => resolve())
  })
  end()
}

/** Ends this process and its memory, whatever DuckDB's threads do. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

function send(message: FromAnalyst): void {
  if (process.connected && !answered) process.send?.(message, () => {})
}
