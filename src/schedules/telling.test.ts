import { eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { credentials } from '../db/schema/credentials.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { refused } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import { heardByWebhook } from '../testing/heard-by-webhook.ts'
import { complete, daily, hurryJobs, makeDue, schedulingProcess, storedAccount } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()
const unreachable = { ...refused, code: 'tcp.timeout', diagnosis: [] } as typeof refused

beforeEach(async () => {
  await scene.domain.db.delete(notifications)
  await scene.domain.db.delete(deliveries)
})

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

describe('The webhook', () => {
  const whose = () => ({
    datasetId: scene.datasetId,
    owner: scene.domain.ada.name,
    url: `https://keyward.example.com/catalog/${scene.datasetId}`,
  })

  it('hears that a scheduled refresh failed, with its version', async () => {
    await scene.set()
    scene.domain.connector.next = { ...refused, code: 'read.denied', diagnosis: [] } as typeof refused
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    expect(await heardByWebhook(scene.domain)).toEqual([
      {
        event: 'schedule.failed',
        body: { ...whose(), version: 1, sentence: 'A scheduled refresh of the dataset "Orders" failed.' },
      },
    ])
  })

  it('hears that refreshes were missed, once for all of them', async () => {
    await scene.set({ catchUp: 'skip' })
    await makeDue(scene.domain, scene.datasetId, '3 days')
    await scene.once()
    const times = await missed()
    const sentence = `${times} scheduled refreshes of the dataset "Orders" were missed.`
    expect(await heardByWebhook(scene.domain)).toEqual([
      { event: 'schedule.missed', body: { ...whose(), times, sentence } },
    ])
  })

  it('hears that a schedule was turned off because who set it was disabled', async () => {
    const { domain, process, connectionId, datasetId } = scene
    await domain.sharing.share(domain.ada, connectionId, domain.ben.email, 'consumer')
    await process.catalog.datasetSharing.share(domain.ada, datasetId, domain.ben.email, 'owner')
    const account = await storedAccount(domain, domain.ben, connectionId, "Ben's")
    expect(await process.schedules.set(domain.ben, datasetId, daily(account), null)).toEqual({ ok: true })
    await domain.db.delete(notifications)
    await domain.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, domain.ben.id))
    await makeDue(domain, datasetId)
    await scene.once()
    expect(await scene.schedule()).toMatchObject({ state: 'disabled' })
    const sentence = 'The schedule of the dataset "Orders" was turned off.'
    expect(await heardByWebhook(domain)).toEqual([
      { event: 'schedule.disabled', body: { ...whose(), owner: domain.ben.name, sentence } },
    ])
  })
})

async function pauseCredential(pausedAt: Date | null): Promise<void> {
  const paused = { pausedAt, pausedCode: 'auth.refused', pausedConnectionId: scene.connectionId }
  const its = pausedAt === null ? { pausedAt, pausedCode: null, pausedConnectionId: null } : paused
  await scene.domain.db.update(credentials).set(its).where(eq(credentials.id, scene.credentialId))
}
