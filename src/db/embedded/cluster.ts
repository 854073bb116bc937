import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { childEnvironment, findNative, linkLibraries } from './binaries.ts'
import { holdDirectory, holderOf } from './data-lock.ts'
import { chooseIdentity, type Identity } from './identity.ts'
import { createData, hasData } from './initialize.ts'
import { readPasswords } from './passwords.ts'
import { processesIn, signalProcess, waitUntil } from './processes.ts'

/** A running PostgreSQL that belongs to Keyward. */
export type Cluster = {
  readonly host: '127.0.0.1'
  readonly port: number
  /** The superuser. */
  readonly user: string
  readonly password: string
  readonly directory: string
  /** Stops the server: disconnects everyone and waits at most 15 s, then less politely. Resolves when it is gone. */
  stop(): Promise<void>
}

export type ClusterOptions = {
  /** Where the data, the passwords and the log live; made if needed (0700). One cluster per folder. */
  readonly directory: string
  /** Server settings that win over ours, such as `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** The whole pg_hba.conf, in place of SCRAM on loopback. */
  readonly hba?: string
  /** A `command` keeps the folder for a moment only: whoever needs it waits for it. */
  readonly purpose?: 'server' | 'command'
}

/**
 * Starts PostgreSQL on the data in a folder, creating it at the first start, and resolves when it accepts connections:
 * SCRAM, loopback TCP on a free port, no Unix socket. A server left over from a Keyward that was killed is stopped
 * first. Throws `DirectoryHeld` when a living Keyward has the folder, and sentences with the next step otherwise.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  mkdirSync(options.directory, { recursive: true, mode: 0o700 })
  const directory = realpathSync(options.directory)
  const release = await holdDirectory(directory, options.purpose ?? 'server')
  try {
    const identity = chooseIdentity(findNative(), directory)
    linkLibraries(identity.native, join(identity.home, 'lib'))
    const passwords = readPasswords(directory, !hasData(identity.home))
    await stopLeftovers(join(identity.home, 'pgdata'))
    if (!hasData(identity.home)) await createData(identity, passwords.superuser, options.settings?.fsync !== 'off')
    writeFileSync(join(identity.home, 'pgdata/pg_hba.conf'), options.hba ?? scramOnLoopback)
    const { port, child } = await run(identity, directory, options.settings ?? {})
    const stop = once(() => stopServer(child).finally(release))
    return { host: '127.0.0.1', port, user: 'postgres', password: passwords.superuser, directory, stop }
  } catch (error) {
    release()
    throw error
  }
}

/**
 * Returns the cluster that another Keyward process runs on `directory` right now, or undefined. Its `stop` does nothing:
 * the server belongs to the other process.
 */
export function findCluster(directory: string): Cluster | undefined {
  try {
    const real = realpathSync(directory)
    const holder = holderOf(real)
    const note = JSON.parse(readFileSync(join(real, 'server.json'), 'utf8')) as { pid: number; port: number }
    if (holder === undefined || note.pid !== holder.pid) return undefined
    const password = readPasswords(real, false).superuser
    return { host: '127.0.0.1', port: note.port, user: 'postgres', password, directory: real, stop: async () => {} }
  } catch {
    return undefined
  }
}

/** Returns the address of one database of a cluster, for one of its roles. */
export function clusterUrl(
  cluster: Pick<Cluster, 'host' | 'port'>,
  role: { user: string; password: string },
  database: string,
): string {
  const part = encodeURIComponent
  return `postgres://${part(role.user)}:${part(role.password)}@${cluster.host}:${cluster.port}/${part(database)}`
}

const scramOnLoopback = 'host all all 127.0.0.1/32 scram-sha-256\n'

/** What differs from PostgreSQL's defaults: small, quiet about data in its log, reachable from this machine only. */
const ours: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  max_connections: '60',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
}

async function run(identity: Identity, directory: string, settings: Readonly<Record<string, string>>) {
  for (let attempt = 1; ; attempt++) {
    const port = Number(settings.port ?? (await freePort()))
    const outcome = await attemptStart(identity, directory, { ...ours, ...settings, port: String(port) })
    if (typeof outcome !== 'string') {
      const note = join(directory, 'server.json')
      writeFileSync(`${note}.new`, JSON.stringify({ pid: process.pid, port }), { mode: 0o600 })
      renameSync(`${note}.new`, note)
      return { port, child: outcome }
    }
    const passing = /could not create any TCP\/IP sockets|still in use/.test(outcome)
    if (!passing || attempt === 10) throw new Error(`Keyward's own PostgreSQL did not start: ${outcome}`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

/** Returns the running server, or why there is none. */
async function attemptStart(
  identity: Identity,
  directory: string,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess | string> {
  const logFile = join(directory, 'postgres.log')
  const log = openSync(logFile, 'w', 0o600)
  const data = join(identity.home, 'pgdata')
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const words = [...identity.prefix, join(identity.native, 'bin/postgres'), '-D', data, ...flags]
  const child = spawn(words[0] ?? '', words.slice(1), {
    cwd: identity.home,
    env: childEnvironment(),
    stdio: ['ignore', log, log],
    // A session of its own: Ctrl-C in a terminal reaches the whole foreground group, and we stop the server in order.
    detached: true,
    ...identity.account,
  })
  closeSync(log)
  let failed: string | undefined
  child.once('error', (error) => {
    failed = error.message
  })
  child.once('exit', (code) => {
    failed ??= `${lastFatal(logFile) ?? `it ended with status ${code}`}. See ${logFile}.`
  })
  const ready = await waitUntil(() => failed !== undefined || isReady(data, child.pid), 60_000)
  if (failed !== undefined) return failed
  if (ready) return child
  await stopServer(child)
  return `it was not ready after a minute. See ${logFile}.`
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
  const telling = lines.filter((line) => /(FATAL|PANIC|LOG: {2}could not|error while loading)/.test(line))
  return telling.map((line) => line.replace(/^.*?(FATAL|PANIC|LOG): */, '')).at(-1)
}

async function stopServer(child: ChildProcess): Promise<void> {
  const gone = () => child.exitCode !== null || child.signalCode !== null
  for (const [signal, patience] of endings) {
    if (gone()) return
    child.kill(signal)
    if (await waitUntil(gone, patience)) return
  }
}

/** Fast shutdown, immediate shutdown, and the end. */
const endings: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 15_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
]

/** Ends what a killed Keyward left running, and removes a note that names some other program's process. */
async function stopLeftovers(data: string): Promise<void> {
  for (const [signal, patience] of endings) {
    const left = processesIn(data)
    if (left.length === 0) break
    const postmaster = notedPostmaster(data)
    for (const pid of postmaster !== undefined && left.includes(postmaster) ? [postmaster] : left)
      signalProcess(pid, signal)
    await waitUntil(() => processesIn(data).length === 0, patience)
  }
  rmSync(join(data, 'postmaster.pid'), { force: true })
}

function notedPostmaster(data: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10)
  } catch {
    return undefined
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
