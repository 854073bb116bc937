import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { childEnvironment } from './binaries.ts'
import type { Identity } from './identity.ts'
import { processesIn, signalProcess, waitUntil } from './processes.ts'

/**
 * Starts the server on the data in the identity's home and resolves to it when it accepts connections, or to the reason
 * why it does not. Its log is `logFile`, begun anew.
 */
export async function startServer(
  identity: Identity,
  logFile: string,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess | string> {
  const data = join(identity.home, 'pgdata')
  const child = spawnServer(identity, logFile, data, settings)
  let failed: string | undefined
  child.once('error', (error) => {
    failed = `${error.message}.`
  })
  child.once('exit', (code) => {
    failed ??= `${lastFatal(logFile) ?? `it ended with status ${code}`}. See ${logFile}.`
  })
  const settled = await waitUntil(() => failed !== undefined || isReady(data, child.pid), 60_000)
  if (failed !== undefined) return failed
  if (settled) return child
  await stopServer(child)
  return `it was not ready after a minute. See ${logFile}.`
}

/** Reports whether the process has ended. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Shuts the server down: fast, after 15 s immediately, then by force. Resolves when it is gone. */
export async function stopServer(child: ChildProcess): Promise<void> {
  for (const [signal, patience] of endings) {
    if (hasEnded(child)) return
    child.kill(signal)
    if (await waitUntil(() => hasEnded(child), patience)) return
  }
}

/** Ends what a killed Keyward left running on `data`, and removes a note that names some other program's process. */
export async function stopLeftovers(data: string): Promise<void> {
  for (const [signal, patience] of endings) {
    const left = processesIn(data)
    if (left.length === 0) break
    const postmaster = notedPostmaster(data)
    // The postmaster ends the others in order; without it each is told by itself.
    const told = postmaster !== undefined && left.includes(postmaster) ? [postmaster] : left
    for (const pid of told) signalProcess(pid, signal)
    await waitUntil(() => processesIn(data).length === 0, patience)
  }
  rmSync(join(data, 'postmaster.pid'), { force: true })
}

/** Fast shutdown, immediate shutdown, and the end. */
const endings: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 15_000],
  ['SIGQUIT', 6_000],
  ['SIGKILL', 5_000],
]

function spawnServer(
  identity: Identity,
  logFile: string,
  data: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const log = openSync(logFile, 'w', 0o600)
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const [command = '', ...words] = [...identity.prefix, join(identity.native, 'bin/postgres'), '-D', data, ...flags]
  try {
    return spawn(command, words, {
      cwd: identity.home,
      env: childEnvironment(),
      stdio: ['ignore', log, log],
      // A session of its own: Ctrl-C in a terminal reaches the whole foreground group, and we stop the server in order.
      detached: true,
      ...identity.account,
    })
  } finally {
    closeSync(log)
  }
}

/** The eighth line of postmaster.pid is the server's own word on its state. */
function isReady(data: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

function lastFatal(logFile: string): string | undefined {
  const lines = readFileSync(logFile, 'utf8').split('\n')
  const telling = lines.filter((line) => /(FATAL|PANIC|error while loading)/.test(line))
  return telling.map((line) => line.replace(/^.*?(FATAL|PANIC): */, '')).at(-1)
}

function notedPostmaster(data: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10)
  } catch {
    return undefined
  }
}
