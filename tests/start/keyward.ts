import { type SpawnOptions, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { processesIn } from '../../src/db/embedded/processes.ts'
import { packageRoot } from '../../src/package-root.ts'
import { type Running, start } from './children.ts'

export type Environment = Readonly<Record<string, string>>

/** Starts the built server on the data in `directory`, on any free port unless told; from the package at `root`. */
export function startKeyward(
  directory: string,
  environment: Environment = {},
  options: SpawnOptions & { readonly root?: string } = {},
): Running {
  const { root = packageRoot() } = options
  const env = { DATA_DIR: directory, PORT: '0', ...environment }
  return start([process.execPath, join(root, 'dist/main.js')], { ...options, env: { ...env, ...options.env } })
}

/** Resolves to the address that the server prints when it is up. */
export async function addressOf(keyward: Running): Promise<string> {
  const [, address = ''] = await keyward.says(/Open (http:\S+)/)
  return address.replace('localhost', '127.0.0.1')
}

/** Runs one command of the built command line to its end. */
export function run(
  words: readonly string[],
  environment: Environment,
  input = '',
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(packageRoot(), 'dist/keyward.js'), ...words], {
    env: { PATH: process.env.PATH, ...environment },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.end(input)
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })))
}

/** Returns the PostgreSQL processes that work on the data in `directory`. */
export function postgresOf(directory: string): number[] {
  return processesIn(join(realpathSync(directory), 'postgres/pgdata'))
}
