import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { createLog } from '../log.ts'
import type { Job } from './queue.ts'
import { createRunner } from './runner.ts'

it('Runs that end at the same time, make room for as many as they were', async () => {
  const work = workOf(20)
  const runner = runnerOf(work)
  await runner.once()
  await work.over
  expect([work.made, work.most]).toEqual([20, 4])
  await runner.close()
})

it('A queue that fails once, costs no room for what comes after it', async () => {
  const work = workOf(8)
  work.failures = 2
  const runner = runnerOf(work)
  await expect(runner.once()).rejects.toThrow('The queue is away.')
  await expect(runner.once()).rejects.toThrow('The queue is away.')
  await runner.once()
  await work.over
  expect([work.made, work.most]).toEqual([8, 4])
  await runner.close()
})

it('Jobs that the queue gives a process that closes, are given back before it is closed', async () => {
  const work = workOf(4)
  const runner = runnerOf(work)
  const asking = runner.once()
  await vi.waitFor(() => expect(work.left()).toBe(0))
  await runner.close()
  await asking
  expect([work.made, work.most, work.givenBack]).toEqual([0, 0, ['0', '1', '2', '3']])
})

/** So many jobs, made four after four: those of a group end together, and the queue takes a moment to answer. */
function workOf(count: number) {
  const jobs = Array.from({ length: count }, (_, index): Job => ({ id: `${index}`, runId: `run ${index}` }))
  let tellOver = () => {}
  const over = new Promise<void>((resolve) => {
    tellOver = resolve
  })
  let waiting: (() => void)[] = []
  let present = 0
  const work = {
    ...{ over, made: 0, most: 0, failures: 0, givenBack: [] as string[] },
    left: () => jobs.length,
    async take(most: number): Promise<readonly Job[]> {
      if (work.failures-- > 0) throw new Error('The queue is away.')
      const some = jobs.splice(0, most)
      await pause(50)
      return some
    },
    async giveBack({ id }: Job): Promise<void> {
      work.givenBack.push(id)
    },
    async make(): Promise<void> {
      work.most = Math.max(work.most, ++present)
      const together = new Promise<void>((resolve) => waiting.push(resolve))
      if (present >= 4) {
        for (const go of waiting) go()
        waiting = []
      }
      await together
      present--
      if (++work.made === count) tellOver()
    },
  }
  return work
}

function runnerOf(work: ReturnType<typeof workOf>) {
  const nothing = async () => 0
  const fakes = {
    queue: { take: work.take, start: nothing, close: nothing, giveBack: work.giveBack },
    due: { take: nothing, makeUp: nothing, sendLost: nothing },
    attempts: { make: work.make },
    settling: { abandoned: nothing },
    retention: { sweep: nothing },
  }
  return createRunner({
    ...(fakes as unknown as Parameters<typeof createRunner>[0]),
    log: createLog({ level: 'silent' }),
  })
}
