import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../src/package-root.ts'

/** A program that a measurement has started. */
export type Program = {
  readonly pid: number
  /** Resolves to the first match in what it writes; rejects with all of it when the program ends without one. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** Resolves to everything it wrote when it has ended by itself; rejects when it failed. */
  finished(): Promise<string>
  /** Asks it to stop, insists after 20 s, and resolves when it is gone. */
  stop(): Promise<void>
}

/** What one measurement uses up; `clear` ends every program and removes every folder. */
export type Workbench = ReturnType<typeof createWorkbench>

/** Returns a workbench with nothing on it. */
export function createWorkbench() {
  const undo: (() => unknown)[] = []
  return {
    /** Returns a new, empty folder that others may pass through. */
    folder(): string {
      const path = mkdtempSync(join(tmpdir(), 'keyward-bench-'))
      undo.push(() => rmSync(path, { recursive: true, force: true }))
      return path
    },

    /** Has `work` done when the workbench is cleared, the last first. */
    defer(work: () => unknown): void {
      undo.push(work)
    },

    /** Starts a program; nothing of this process's environment reaches it but PATH and HOME. */
    start(command: readonly string[], options: SpawnOptions = {}): Program {
      const { PATH, HOME } = process.env
      const env = { PATH, HOME, ...options.env }
      const stdio = ['ignore', 'pipe', 'pipe'] as const
      const child = spawn(command[0] ?? '', command.slice(1), { stdio: [...stdio], ...options, env })
      const program = programOf(child)
      undo.push(() => program.stop())
      return program
    },

    async clear(): Promise<void> {
      for (let work = undo.pop(); work !== undefined; work = undo.pop()) await work()
    },
  }
}

/** Returns the path of a bundled program of the bench, such as `bare-server`. */
export function benchProgram(name: string): string {
  return join(packageRoot(), 'dist/bench', `${name}.js`)
}

function programOf(child: ChildProcess): Program {
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const look of listeners) look()
    })
  }
  const closed = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  // Who does not wait for its end need not hear that it could not even begin.
  closed.catch(() => {})
  const ended = (end: number | string) => new Error(`A program of the bench ended with ${end}:\n${output.slice(-4000)}`)
  return {
    pid: child.pid ?? 0,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = output.match(pattern)
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        closed.then((end) => reject(ended(end)), reject)
        look()
      }),
    finished: async () => {
      const end = await closed
      if (end !== 0) throw ended(end)
      return output
    },
    stop: () => stop(child, closed),
  }
}

async function stop(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const impatient = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await closed.catch(() => {})
  clearTimeout(impatient)
}
