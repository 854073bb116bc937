import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../operator-error.ts'
import { findNative, linkLibraries } from './binaries.ts'
import { type Holder, holdDirectory, holderOf } from './data-lock.ts'
import { chooseIdentity, type Identity } from './identity.ts'
import { createData, hasData } from './initialize.ts'
import { readPasswords } from './passwords.ts'
import { choosePort } from './port.ts'
import { waitUntil } from './processes.ts'
import { startServer, stopLeftovers } from './server-process.ts'
import { type ServerEvent, supervise } from './supervise.ts'

/** A running PostgreSQL that belongs to Keyward. */
export type Cluster = {
  readonly host: '127.0.0.1'
  readonly port: number
  /** The superuser. */
  readonly user: string
  readonly password: string
  readonly directory: string
  /** Where the data really is: `directory`, except where root had to hand it to an account that cannot enter that. */
  readonly home: string
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
  /** Told when the server ended by itself and what became of it; it is started again on the same port. */
  readonly onEvent?: ((event: ServerEvent, error?: unknown) => void) | undefined
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
    if (!hasData(identity.home)) createData(identity, passwords.superuser, options.settings?.fsync !== 'off')
    writeFileSync(join(identity.home, 'pgdata/pg_hba.conf'), options.hba ?? scramOnLoopback)
    const { port, child } = await run(identity, directory, options.settings ?? {})
    const again = async () => {
      await stopLeftovers(join(identity.home, 'pgdata'))
      return (await run(identity, directory, { ...options.settings, port: String(port) })).child
    }
    const server = supervise(child, again, options.onEvent)
    const stop = () => server.stop().finally(release)
    return {
      host: '127.0.0.1',
      port,
      user: 'postgres',
      password: passwords.superuser,
      directory,
      home: identity.home,
      stop,
    }
  } catch (error) {
    release()
    throw error
  }
}

/**
 * Returns the cluster that a serving Keyward runs on `directory`, waiting while that one is still starting; undefined when
 * none does. Its `stop` does nothing: the server belongs to the other process.
 */
export async function findCluster(directory: string): Promise<Cluster | undefined> {
  if (!existsSync(directory)) return undefined
  const real = realpathSync(directory)
  const serving = () => holderOf(real)?.purpose === 'server'
  await waitUntil(() => !serving() || currentNote(real) !== undefined, 60_000)
  const note = serving() ? currentNote(real) : undefined
  if (note === undefined) return undefined
  const password = readPasswords(real, false).superuser
  return {
    host: '127.0.0.1',
    port: note.port,
    user: 'postgres',
    password,
    directory: real,
    home: note.home,
    stop: async () => {},
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
  const logFile = join(directory, 'postgres.log')
  for (let attempt = 1; ; attempt++) {
    const port = Number(settings.port ?? (await choosePort(readNote(directory)?.port)))
    const outcome = await startServer(identity, logFile, { ...ours, ...settings, port: String(port) })
    if (typeof outcome !== 'string') {
      writeNote(directory, { holder: nameOf(holderOf(directory)), port, home: identity.home })
      return { port, child: outcome }
    }
    // Someone took the port meanwhile, or the last backend of a killed server has not gone yet.
    const passing = /could not create any TCP\/IP sockets|still in use/.test(outcome)
    if (!passing || attempt === 10) throw new OperatorError(`Keyward's own PostgreSQL did not start: ${outcome}`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

/** `holder` names the process that wrote it: a note of an earlier start is not about the server of this one. */
type Note = { readonly holder: string; readonly port: number; readonly home: string }

function currentNote(directory: string): Note | undefined {
  const note = readNote(directory)
  return note !== undefined && note.holder === nameOf(holderOf(directory)) ? note : undefined
}

/** By both: births are counted in hundredths of a second, and a command and a server may be started in the same one. */
function nameOf(holder: Holder | undefined): string {
  return holder === undefined ? '' : `${holder.pid}, ${holder.birth}`
}

function readNote(directory: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, noteName), 'utf8')) as Note
  } catch {
    return undefined
  }
}

function writeNote(directory: string, note: Note): void {
  const file = join(directory, noteName)
  writeFileSync(`${file}.new`, JSON.stringify(note), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Which process runs the server, and where it listens. */
const noteName = 'server.json'
