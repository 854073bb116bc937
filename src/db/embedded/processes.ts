import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Returns what tells this process from a later one with the same id: its start time, as text; undefined when it is gone. */
export function processBirth(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields are counted from behind the name, which may hold spaces and brackets. Z and X are dead already.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId()} ${fields[19]}`
  } catch {
    return process.platform === 'linux' ? undefined : ask(['-o', 'lstart=', '-p', String(pid)])
  }
}

/** Returns the ids of the PostgreSQL processes that work in the data folder `pgdata` (an absolute, real path). */
export function processesIn(pgdata: string): number[] {
  if (process.platform !== 'linux') return postmastersNaming(pgdata)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingFolder(name) === pgdata)
    .map(Number)
    .filter((pid) => processBirth(pid) !== undefined && commandOf(pid).includes('postgres'))
}

/** Sends `signal` if the process is there; a process that went away meanwhile is what was wanted. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until `done()` is true; resolves to whether it became true within `milliseconds`. */
export async function waitUntil(done: () => boolean, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (!done()) {
    if (Date.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function postmastersNaming(pgdata: string): number[] {
  const lines = (ask(['-axo', 'pid=,args=']) ?? '').split('\n')
  return lines
    .filter((line) => line.includes('postgres') && line.includes(pgdata))
    .map((line) => Number.parseInt(line, 10))
}

function ask(parameters: string[]): string | undefined {
  try {
    return execFileSync('ps', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined
  } catch {
    return undefined
  }
}
