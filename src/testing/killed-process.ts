import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { childrenOf, isRunning } from './child-processes.ts'
import type { SnapshotProcessOrder } from './snapshot-order.ts'

/** A process of src/testing/snapshot-process.ts that makes new versions, one after the other, until it is killed. */
export type SnapshotProcess = {
  /** Resolves when it is ready for the first. */
  readonly ready: Promise<string>
  /** Begins a new version of a dataset; resolves with what the process says when it has ended. */
  refresh(datasetId: string): Promise<string>
  /** Kills what talks to data stores, also what waits for the next job. */
  killWorkers(): void
  /** Kills the process; resolves when it and all that it started have ended. */
  kill(): Promise<void>
}

/** Starts one. */
export function startSnapshotProcess(processFile: string, order: SnapshotProcessOrder): SnapshotProcess {
  const child = spawn(process.execPath, [processFile], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout }).on('error', () => {})
  const said = () => once(lines, 'line').then(([line]) => String(line))
  const ready = said()
  child.stdin.on('error', () => {}).write(`${JSON.stringify({ ...order, waits: true })}\n`)
  return {
    ready,
    refresh(datasetId) {
      const answer = said()
      child.stdin.write(`${datasetId}\n`)
      return answer
    },
    killWorkers: () => workersOf(child).forEach(killIfThere),
    async kill() {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      const workers = workersOf(child)
      child.kill('SIGKILL')
      await exited
      while (workers.some(isRunning)) await pause(10)
    },
  }
}

function workersOf({ pid = 0 }: ChildProcess): number[] {
  return childrenOf(pid, 'worker.cjs')
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself a moment ago.
  }
}
