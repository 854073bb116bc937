import { eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { credentials } from '../db/schema/credentials.ts'
import { notifications } from '../db/schema/notifications.ts'
import { refused } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import { complete, hurryJobs, makeDue, schedulingProcess } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()
const unreachable = { ...refused, code: 'tcp.timeout', diagnosis: [] } as typeof refused

beforeEach(() => scene.domain.db.delete(notifications))

/** What Ada was told of schedules, the first first. */
async function told() {
  const { event, details, userId, id } = notifications
  const its = eq(userId, scene.domain.ada.id)
  return scene.domain.db.select({ event, details }).from(notifications).where(its).orderBy(id)
}

const missed = async () => (await scene.states()).filter((state) => state === 'missed').length

describe('Who set a schedule', () => {
  it('is told once of all that was missed while Keyward was not running, and how much', async () => {
    await scene.set({ catchUp: 'skip' })
    await makeDue(scene.domain, scene.datasetId, '2 days')
    await Promise.all([scene.once(), scene.once()])
    await scene.once()
    const times = await missed()
    expect(times).toBeGreaterThan(1)
    expect(await told()).toEqual([{ event: 'schedule.missed', details: { times } }])
  })

  it('is told that there were more than are listed', async () => {
    await scene.set({ catchUp: 'skip', rule: { every: 'hour', minute: 0 } })
    await makeDue(scene.domain, scene.datasetId, '30 days')
    await scene.once()
    const [{ sentence } = { sentence: '' }] = (await scene.domain.inbox.list(scene.domain.ada)).rows
    expect(sentence).toBe(`More than ${await missed()} scheduled refreshes of the dataset "Orders" were missed.`)
  })

  it('is told of what was missed where the newest is made up for, and nothing more when that is done', async () => {
    await scene.set({ catchUp: 'once' })
    await makeDue(scene.domain, scene.datasetId, '3 days')
    await scene.once()
    expect((await scene.states()).at(-1)).toBe('completed')
    expect(await told()).toEqual([{ event: 'schedule.missed', details: { times: await missed() } }])
  })

  it('is told nothing where the only run is late', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
    expect(await told()).toEqual([])
  })

  it('is told once of a run that was lost because the one before was still going', async () => {
    const use = fakeUse()
    const slow = schedulingProcess(scene.domain, scene.directory, { run: use.run as never })
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    const first = slow.runner.once()
    await vi.waitFor(async () => expect(await scene.states()).toEqual(['running']), { timeout: 20_000 })
    await makeDue(scene.domain, scene.datasetId, '0 seconds')
    await Promise.all([scene.once(), scene.once()])
    use.release()
    await first
    await slow.close()
    expect(await scene.states()).toEqual(['completed', 'missed'])
    expect(await told()).toEqual([{ event: 'schedule.missed', details: { times: 1 } }])
  })

  it('is told that a run failed which waited to be tried again when the next one was due', async () => {
    scene.domain.connector.next = unreachable
    await scene.set()
    await makeDue(scene.domain, scene.datasetId, '1 minute')
    await scene.once()
    await scene.once()
    expect(await scene.runs()).toMatchObject([{ state: 'waiting', attempts: 1 }])
    expect(await told()).toEqual([])
    scene.domain.connector.next = complete
    await makeDue(scene.domain, scene.datasetId)
    await Promise.all([scene.once(), scene.once()])
    await hurryJobs(scene.domain)
    await scene.once()
    expect(await scene.states()).toEqual(['failed', 'completed'])
    expect((await told()).map(({ event }) => event)).toEqual(['schedule.failed'])
  })

  it('is not told anew of what was missed while they had it paused', async () => {
    await scene.set({ catchUp: 'skip' })
    await scene.process.schedules.pause(scene.domain.ada, scene.datasetId)
    await makeDue(scene.domain, scene.datasetId, '3 days')
    expect(await scene.process.schedules.resume(scene.domain.ada, scene.datasetId)).toEqual({ ok: true })
    expect(await missed()).toBeGreaterThan(1)
    expect(await told()).toEqual([])
  })

  it('is not told anew of a missed run when it is made up for', async () => {
    await scene.set()
    await pauseCredential(new Date())
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    expect(await told()).toEqual([{ event: 'schedule.missed', details: { times: 1 } }])
    await pauseCredential(null)
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
    expect(await told()).toHaveLength(1)
  })
})

async function pauseCredential(pausedAt: Date | null): Promise<void> {
  const paused = { pausedAt, pausedCode: 'auth.refused', pausedConnectionId: scene.connectionId }
  const its = pausedAt === null ? { pausedAt, pausedCode: null, pausedConnectionId: null } : paused
  await scene.domain.db.update(credentials).set(its).where(eq(credentials.id, scene.credentialId))
}
