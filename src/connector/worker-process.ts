import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** How often to look at what a worker uses: a heap grows by some 50 MB in such a time at the most. In milliseconds. */
export const lookAtMemoryMilliseconds = 50

/** A worker as its parent sees it: it takes messages of `To`, one job first, and says some of `From`, `ready` first. */
export type WorkerProcess<From, To> = {
  readonly pid: number | undefined
  readonly heapMegabytes: number
  readonly hasEnded: boolean
  /** Resolves when it has loaded what it needs; maybe never. */
  readonly ready: Promise<void>
  /** Hands over the job; no worker ever gets another one. */
  start(message: To): void
  /** Says what the job asked for. */
  tell(message: To): void
  /** Has all that it says but `ready` from now on taken. */
  onMessage(take: (message: From) => void): void
  /** Resident memory in megabytes; 0 where the system does not tell. */
  memory(): number
  kill(): void
  /** Resolves when the process has ended and its last message was read. */
  readonly ended: Promise<void>
}

/**
 * Starts a worker. Its environment holds a search path and a time zone: no setting of ours, no home, and nothing that a
 * client library would take for its own. What it prints goes nowhere. It does not keep this process alive. One that says
 * what `isMessage` does not know is killed.
 */
export function forkWorker<From extends { readonly kind: string }, To extends object>(
  workerFile: string,
  heapMegabytes: number,
  isMessage: (value: unknown) => value is From,
): WorkerProcess<From, To> {
  const child = fork(workerFile, [], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
    execArgv: ['--disable-proto=delete', '--no-warnings', ...heapFlag(heapMegabytes)],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // The channel closes after the last message has been read; the end of the process may be noticed before.
  const ended = new Promise<void>((resolve) => {
    const over = () => {
      const hasExited = child.exitCode !== null || child.signalCode !== null
      if (hasExited && !child.connected) resolve()
    }
    child.once('exit', over)
    child.once('disconnect', over)
    child.once('error', () => child.pid === undefined && resolve())
  })
  let taken: (message: From) => void = () => {}
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: unknown) => {
      if (!isMessage(message)) child.kill('SIGKILL')
      else if (message.kind === 'ready') resolve()
      else taken(message)
    })
  })
  child.unref()
  child.channel?.unref()
  return {
    pid: child.pid,
    heapMegabytes,
    ended,
    ready,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
    },
    start(message) {
      child.ref()
      child.channel?.ref()
      child.send(message, () => {})
    },
    tell: (message) => void child.send(message, () => {}),
    onMessage(take) {
      taken = take
    },
    memory: () => residentMegabytes(child),
    kill: () => void child.kill('SIGKILL'),
  }
}

/**
 * Beside any flag of V8's, Node.js compiles all of itself anew, which is a third of what it takes to start. Where the system
 * tells what a process uses (`memory`), whoever gave it work looks at that instead.
 */
function heapFlag(megabytes: number): string[] {
  return existsSync('/proc/self/statm') ? [] : [`--max-old-space-size=${megabytes}`]
}

function residentMegabytes({ pid }: ChildProcess): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return (pages * 4096) / 1_048_576
  } catch {
    return 0
  }
}
