import { beforeEach, describe, expect, it } from 'vitest'
import { deliveries } from '../db/schema/deliveries.ts'
import { notifications } from '../db/schema/notifications.ts'
import { createCourier } from '../notifications/courier.ts'
import { createOutbox } from '../notifications/outbox.ts'
import { complete, daily, hurryJobs, makeDue, storedAccount } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()

beforeEach(async () => {
  await scene.domain.db.delete(notifications)
  await scene.domain.db.delete(deliveries)
})

/** Has the data store give these columns from now on. */
function give(...columns: readonly { readonly name: string; readonly type: string }[]): void {
  scene.domain.connector.next = { ...complete, value: { rows: 1, bytes: 4, columns } } as typeof complete
}

async function refresh(): Promise<void> {
  await makeDue(scene.domain, scene.datasetId)
  await scene.once()
}

const told = async (user = scene.domain.ada) => (await scene.domain.inbox.list(user)).rows
const id = { name: 'id', type: 'INTEGER' }

describe('A scheduled refresh', () => {
  it('whose columns changed, tells the owner once, behind the bell, by e-mail and by webhook', async () => {
    const { domain } = scene
    await scene.set()
    give(id, { name: 'amount', type: 'INTEGER' })
    await refresh()
    expect(await told()).toEqual([])
    give(id, { name: 'amount', type: 'BIGINT' }, { name: 'note', type: 'VARCHAR' })
    await refresh()
    await hurryJobs(domain)
    await scene.once()
    expect(await scene.states()).toEqual(['completed', 'completed'])
    expect((await told()).map(({ event, sentence, path }) => [event, sentence, path])).toEqual([
      [
        'dataset.drifted',
        'Columns of the dataset "Orders" differ in version 2: 1 added, 1 changed.',
        `/catalog/${scene.datasetId}`,
      ],
    ])
    const outbox = createOutbox({ webhook: true, email: true })
    const courier = createCourier({ ...domain, deployment: 'managed', outbox, origin: null })
    await Promise.all([courier.next(), courier.next()])
    const sent = await domain.db.select().from(deliveries)
    expect(sent.map(({ channel, event, recipient }) => [channel, event, recipient]).toSorted()).toEqual([
      ['email', 'dataset.drifted', domain.ada.email],
      ['webhook', 'dataset.drifted', null],
    ])
    const webhook = sent.find(({ channel }) => channel === 'webhook')
    expect(webhook?.body).toMatchObject({ datasetId: scene.datasetId, version: 2, added: 1, removed: 0, changed: 1 })
  })

  it('whose columns did not change, or only in their order, tells nobody', async () => {
    await scene.set()
    const note = { name: 'note', type: 'VARCHAR' }
    for (const columns of [
      [id, note],
      [id, note],
      [note, id],
    ]) {
      give(...columns)
      await refresh()
    }
    expect(await scene.states()).toEqual(['completed', 'completed', 'completed'])
    expect(await told()).toEqual([])
  })

  it('after one that failed, is compared with the last complete version', async () => {
    await scene.set()
    give(id)
    await refresh()
    scene.domain.connector.next = { ok: false, code: 'read.denied', diagnosis: [] } as never
    await refresh()
    give(id, { name: 'more', type: 'INTEGER' })
    await refresh()
    expect((await told()).map(({ sentence }) => sentence)).toEqual([
      'Columns of the dataset "Orders" differ in version 3: 1 added.',
      'A scheduled refresh of the dataset "Orders" failed.',
    ])
  })

  it('that another owner set, tells both of them, and the webhook once', async () => {
    const { domain, process, connectionId, datasetId } = scene
    await domain.sharing.share(domain.ada, connectionId, domain.ben.email, 'consumer')
    await process.catalog.datasetSharing.share(domain.ada, datasetId, domain.ben.email, 'owner')
    const account = await storedAccount(domain, domain.ben, connectionId, "Ben's")
    expect(await process.schedules.set(domain.ben, datasetId, daily(account), null)).toEqual({ ok: true })
    await domain.db.delete(notifications)
    give(id)
    await refresh()
    give({ name: 'other', type: 'INTEGER' })
    await refresh()
    for (const user of [domain.ada, domain.ben]) {
      expect((await told(user)).map(({ event }) => event)).toEqual(['dataset.drifted'])
    }
    expect(await told(domain.root)).toEqual([])
    const outbox = createOutbox({ webhook: true, email: true })
    await createCourier({ ...domain, deployment: 'managed', outbox, origin: null }).next()
    const sent = await domain.db.select().from(deliveries)
    expect(sent.map(({ channel, recipient }) => `${channel} ${recipient ?? ''}`).toSorted()).toEqual([
      `email ${domain.ada.email}`,
      `email ${domain.ben.email}`,
      'webhook ',
    ])
  })
})
