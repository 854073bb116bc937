import { describe, expect, it } from 'vitest'
import { createLog } from './log.ts'
import { createSchedule } from './schedule.ts'

/** Work that each turn of has to be let go, and how many turns there were at most at a time. */
function heldWork() {
  const turns: { signal: AbortSignal; end: (error?: Error) => void }[] = []
  let running = 0
  let most = 0
  let begun = () => {}
  return {
    turns,
    most: () => most,
    /** Resolves when that many turns have begun. */
    async reached(count: number): Promise<void> {
      while (turns.length < count) {
        await new Promise<void>((resolve) => {
          begun = resolve
        })
      }
    },
    async work(signal: AbortSignal): Promise<void> {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve, reject) => {
        turns.push({ signal, end: (error) => (error === undefined ? resolve() : reject(error)) })
        begun()
      }).finally(() => running--)
    },
  }
}

function schedule(held: ReturnType<typeof heldWork>, lines: string[] = []) {
  const log = createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } })
  return createSchedule({ work: held.work, failure: 'the work failed', log, milliseconds: 1 })
}

describe('createSchedule', () => {
  it('does work at once and again and again, never two at a time', async () => {
    const held = heldWork()
    const its = schedule(held)
    its.start()
    for (let turn = 0; turn < 5; turn++) {
      await held.reached(turn + 1)
      // Ticks pass while it is being done.
      await new Promise((resolve) => setTimeout(resolve, 5))
      held.turns[turn]?.end()
    }
    await held.reached(6)
    held.turns[5]?.end()
    await its.close()
    expect(held.most()).toBe(1)
  })

  it('logs work that fails, and does it again', async () => {
    const held = heldWork()
    const lines: string[] = []
    const its = schedule(held, lines)
    its.start()
    await held.reached(1)
    held.turns[0]?.end(new Error('no database'))
    await held.reached(2)
    held.turns[1]?.end()
    await its.close()
    expect(lines.filter((line) => line.includes('the work failed'))).toHaveLength(1)
  })

  it('closed, asks the work to end and waits until it has, and begins none any more', async () => {
    const held = heldWork()
    const its = schedule(held)
    its.start()
    await held.reached(1)
    let closed = false
    const closing = its.close().then(() => {
      closed = true
    })
    await Promise.resolve()
    expect([held.turns[0]?.signal.aborted, closed]).toEqual([true, false])
    held.turns[0]?.end()
    await closing
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(held.turns).toHaveLength(1)
  })
})
