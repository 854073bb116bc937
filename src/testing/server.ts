import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../package-root.ts'
import { newKeyText } from '../secrets/kek/key-text.ts'
import { type TestDatabase, testDatabase } from './database.ts'

export type ServerOptions = {
  readonly environment?: Readonly<Record<string, string>>
  /** True for a PostgreSQL of its own, as `npm start` has; otherwise it gets a database of the test cluster. */
  readonly embedded?: boolean
}

/** The built server, running as a process of its own. */
export type StartedServer = {
  /** Where it listens, such as `http://127.0.0.1:40123`. */
  readonly origin: string
  readonly port: number
  /** The one-time address of the first run; null where setup is done. */
  readonly setupAddress: string | null
  /** Its DATA_DIR. */
  readonly directory: string
  /** Its database in the test cluster; null where it is embedded. */
  readonly database: TestDatabase | null
  /** Everything it has written so far, both streams. */
  log(): string
  /** Runs the built command line against the same data, with `input` on its standard input. */
  command(words: readonly string[], input?: string): Promise<CommandOutcome>
  /** Stops it as an operator does and removes what it stored. Throws when it did not end well. */
  stop(): Promise<void>
  /** Ends it without a warning. */
  kill(): Promise<void>
}

export type CommandOutcome = { readonly status: number | null; readonly output: string }

/**
 * Starts dist/main.js on a folder of its own and a free port, and resolves when it serves. It may reach this machine,
 * where the data stores of the tests are. Rejects with its output where it does not start.
 */
export async function startServer(options: ServerOptions = {}): Promise<StartedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-server-'))
  const database = options.embedded ? null : await testDatabase()
  const env = { ...environmentFor(directory, database), ...options.environment }
  const child = run('dist/main.js', [], env)
  const output = collect(child)
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const clean = async () => {
    await database?.close()
    rmSync(directory, { recursive: true, force: true })
  }
  const [, address = ''] = await says(child, output, /Open (http:\S+)/)
  const { port } = new URL(address)
  const host = options.environment?.HOST ?? '127.0.0.1'
  const setup = /http:\S+\/setup\?token=\S+/.exec(output())
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const status = await ended
    return status
  }
  return {
    origin: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    port: Number(port),
    setupAddress: setup?.[0] ?? null,
    directory,
    database,
    log: output,
    command: (words, input = '') => command(words, env, input),
    stop: async () => {
      const status = await end('SIGTERM')
      await clean()
      if (status !== 0) throw new Error(`Keyward ended with ${status}:\n${output()}`)
    },
    kill: async () => {
      await end('SIGKILL')
      await clean()
    },
  }
}

type Environment = Readonly<Record<string, string | undefined>>

function environmentFor(directory: string, database: TestDatabase | null): Environment {
  const common = { PATH: process.env.PATH, DATA_DIR: directory, PORT: '0', EGRESS_ALLOW: 'localhost,127.0.0.1' }
  if (database === null) return common
  const kek = join(directory, 'test.kek')
  writeFileSync(kek, newKeyText(), { mode: 0o600 })
  return { ...common, DATABASE_URL: database.url, MIGRATION_DATABASE_URL: database.ownerUrl, KEYWARD_KEK_FILE: kek }
}

function run(file: string, words: readonly string[], env: Environment): ChildProcess {
  return spawn(process.execPath, [join(packageRoot(), file), ...words], { env: env as NodeJS.ProcessEnv })
}

function collect(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return () => output
}

function says(child: ChildProcess, output: () => string, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const match = pattern.exec(output())
      if (match !== null) resolve(match)
    }
    child.stdout?.on('data', look)
    child.once('close', (status) => reject(new Error(`Keyward ended with ${status} and did not start:\n${output()}`)))
  })
}

async function command(words: readonly string[], env: Environment, input: string): Promise<CommandOutcome> {
  const child = run('dist/keyward.js', words, env)
  const output = collect(child)
  child.stdin?.end(input)
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, output: output() }
}
