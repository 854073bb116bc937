import type { ChildProcess } from 'node:child_process'
import { hasEnded, stopServer } from './server-process.ts'

/** What happened to a supervised server: it went away by itself, came back, or could not be brought back yet. */
export type ServerEvent = 'lost' | 'restarted' | 'not restarted'

/**
 * Keeps a server running until `stop`: when it ends by itself, `restart` is called until it succeeds, at most 5 s apart.
 * The server also goes when this process ends without calling `stop`.
 */
export function supervise(
  first: ChildProcess,
  restart: () => Promise<ChildProcess>,
  tell: (event: ServerEvent, error?: unknown) => void = () => {},
): { stop(): Promise<void> } {
  let current = first
  let stopped: Promise<void> | undefined
  let returning: Promise<void> = Promise.resolve()
  const leave = () => void current.kill('SIGINT')

  function watch(child: ChildProcess): void {
    current = child
    // It must not keep a process alive that has nothing else to do.
    child.unref()
    const lost = () => {
      if (stopped === undefined) returning = bringBack()
    }
    if (hasEnded(child)) lost()
    else child.once('exit', lost)
  }

  async function bringBack(): Promise<void> {
    tell('lost')
    for (let pause = 100; stopped === undefined; pause = Math.min(pause * 2, 5_000)) {
      try {
        watch(await restart())
        tell('restarted')
        return
      } catch (error) {
        tell('not restarted', error)
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }

  async function end(): Promise<void> {
    await returning
    await stopServer(current)
    process.off('exit', leave)
  }

  process.once('exit', leave)
  watch(first)
  return {
    stop: () => {
      stopped ??= end()
      return stopped
    },
  }
}
