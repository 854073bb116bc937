import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { packageRoot } from '../../src/package-root.ts'

/** A started program with what it has written so far. */
export type Running = {
  readonly child: ChildProcess
  readonly pid: number
  output(): string
  /** Resolves to the first match in the output; rejects with all of it when the program ends without one. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** Resolves to the exit status, or the name of the signal that ended it. */
  ended(): Promise<number | string>
}

/** Starts `command`; nothing of this process's environment reaches it but PATH. */
export function start(command: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    env: { PATH: process.env.PATH, ...options.env },
  })
  let output = ''
  const arrivals = new Set<() => void>()
  const arrived = () => {
    for (const look of arrivals) look()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      arrived()
    })
  }
  const closed = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    pid: child.pid ?? 0,
    output: () => output,
    ended: () => closed,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = output.match(pattern)
          if (match === null) return
          arrivals.delete(look)
          resolve(match)
        }
        arrivals.add(look)
        closed.then((end) => reject(new Error(`It ended (${end}) without saying ${pattern}:\n${output}`)), reject)
        look()
      }),
  }
}

/** Bundles one program of these tests so that Node runs it, into the package at `root`, and returns its file. */
export async function bundle(source: string, root = packageRoot()): Promise<string> {
  const outfile = join(root, 'node_modules/.cache/keyward-tests', source.replace(/\.ts$/, '.mjs'))
  await build({
    entryPoints: [join(packageRoot(), 'tests/start', source)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
    logLevel: 'error',
  })
  return outfile
}

/** Returns a new folder for one test, with the mode given, and removes what an earlier one left. */
export function folder(mode = 0o755): string {
  const path = mkdtempSync(join(tmpdir(), 'keyward-start-'))
  made.push(path)
  chmodSync(path, mode)
  return path
}

/** Removes every folder that `folder` made. */
export function removeFolders(): void {
  copied = undefined
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
}

/** Returns an unprivileged account of this machine, for tests that run as root. */
export function unprivileged(): { uid: number; gid: number; name: string } {
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const line = lines.find(([name]) => name === 'nobody')
  return { uid: Number(line?.[2] ?? 65_534), gid: Number(line?.[3] ?? 65_534), name: 'nobody' }
}

/**
 * Returns a folder with the built package that every account may read: where it is, or a copy where only this account can
 * enter, as when root runs the tests in a folder of its own.
 */
export function packageForOthers(): string {
  const root = packageRoot()
  if (readableByOthers(root)) return root
  if (copied !== undefined) return copied
  copied = folder()
  for (const part of ['package.json', 'dist', 'drizzle', 'public', 'node_modules']) {
    cpSync(join(root, part), join(copied, part), { recursive: true, verbatimSymlinks: true })
  }
  spawnSync('chmod', ['-R', 'a+rX', copied])
  return copied
}

let copied: string | undefined

function readableByOthers(path: string): boolean {
  if ((statSync(path).mode & 0o005) !== 0o005) return false
  return dirname(path) === path || readableByOthers(dirname(path))
}

/** Reports whether these tests may become another account. */
export const isRoot = process.getuid?.() === 0

/** Makes `parent/name` for one account only and returns its path. */
export function ownFolder(parent: string, name: string, mode = 0o700): string {
  const path = join(parent, name)
  mkdirSync(path, { recursive: true })
  chmodSync(path, mode)
  return path
}

const made: string[] = []
