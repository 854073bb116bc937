import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection } from 'mariadb'
import { provide } from './provision.ts'

/** A MariaDB of Debian's, on 127.0.0.1, with its files in a folder that was given to it. */
export type MariaDbServer = {
  readonly port: number
  /** Runs a statement as root, who comes by the socket; resolves to its rows as objects. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>
  /** Stops it, and starts it again with other options; on the same port. */
  restart(options: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** Starts one; undefined, with a printed reason, where it is not installed and cannot be. Nothing in it is durable. */
export async function startMariaDb(folder: string, options: readonly string[]): Promise<MariaDbServer | undefined> {
  const program = provide('mariadbd')
  if (program === undefined) return undefined
  const data = join(folder, 'data')
  mkdirSync(data)
  const account = process.getuid?.() === 0 ? ['--user=root'] : []
  bootstrap(data, account)
  const port = await freePort()
  const socket = join(folder, 'socket')
  const log = join(folder, 'mariadb.log')
  const own = [`--datadir=${data}`, `--port=${port}`, `--socket=${socket}`, `--log-error=${log}`, ...account, ...fast]
  const launch = (more: readonly string[]) => start(program, [...own, ...more], socket, log)
  let running = await launch(options)
  return {
    port,
    sql: (text, database) => runSql(socket, text, database),
    async restart(more) {
      await stop(running, 'SIGTERM')
      running = await launch(more)
    },
    stop: () => stop(running, 'SIGKILL'),
  }
}

const fast = [
  '--bind-address=127.0.0.1',
  '--skip-name-resolve',
  '--skip-log-bin',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-doublewrite=0',
  '--innodb-fast-shutdown=2',
  '--innodb-log-file-size=16M',
]

function bootstrap(data: string, account: readonly string[]): void {
  const words = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  const quick = ['--innodb-flush-log-at-trx-commit=0', '--innodb-log-file-size=16M']
  const { status, stderr } = spawnSync('mariadb-install-db', [...words, ...account, ...quick], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`MariaDB could not make its files: ${stderr}`)
}

async function start(program: string, words: readonly string[], socket: string, log: string): Promise<ChildProcess> {
  const child = spawn(program, ['--no-defaults', ...words], { stdio: 'ignore' })
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) break
    try {
      await runSql(socket, 'SELECT 1')
      return child
    } catch {
      await pause(100)
    }
  }
  child.kill('SIGKILL')
  throw new Error(`MariaDB did not start: ${readFileSync(log, 'utf8').slice(-2_000)}`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

async function runSql(socketPath: string, text: string, database?: string): Promise<Record<string, unknown>[]> {
  const own = { user: 'root', socketPath, ...(database === undefined ? {} : { database }) }
  const connection = await createConnection({ ...own, insertIdAsNumber: true, bigIntAsNumber: true })
  try {
    return await connection.query(text)
  } finally {
    await connection.end()
  }
}

/** Returns a port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
