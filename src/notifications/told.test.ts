import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { createVersionRows } from '../catalog/version-rows.ts'
import { createReminders } from '../credentials/reminders.ts'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { credentials } from '../db/schema/credentials.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { notifications } from '../db/schema/notifications.ts'
import { provenEdits } from '../db/schema/proven-edits.ts'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import { createSettling } from '../schedules/settle.ts'
import { Secret } from '../secrets/secret.ts'
import { createTrialRows } from '../sign-ins/trial-rows.ts'
import { addConnection, refused, signedIn, type TestDomain, testDomain, tryEdit } from '../testing/domain.ts'
import { heardByWebhook } from '../testing/heard-by-webhook.ts'
import { createOutbox } from './outbox.ts'

let domain: TestDomain
let connection: string
let credential: string
let count = 0

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())
beforeEach(async () => {
  count += 1
  domain.connector.next = signedIn
  connection = await addConnection(domain, domain.ada, `Sales ${count}`)
  const made = await domain.vault.create(domain.ada, {
    ...{ type: 'basic', name: `Reporting ${count}`, description: '', fields: fields(), connectionIds: [connection] },
  })
  if (!made.ok) throw new Error('not made')
  credential = made.id
  await domain.db.delete(notifications)
  await domain.db.delete(deliveries)
})

function editOf() {
  const typed = { text: (field: string) => (field === 'username' ? 'writer' : 'new one'), cleared: () => false }
  return { revision: 1, name: `Reporting ${count}`, description: '', typed }
}

const fields = () => ({ username: new Secret('reader'), password: new Secret('a password') })

async function told(user: UserActor): Promise<string[]> {
  return (await domain.inbox.list(user)).rows.map(({ event }) => event)
}

const signIn = (user = domain.ada) =>
  domain.signIns.create(user, connection, { kind: 'stored', credentialId: credential }, 'test')

describe('The owner of credentials', () => {
  it('is told once that they were paused, whatever refuses them then', async () => {
    domain.connector.next = refused
    await Promise.all([signIn(), signIn()])
    await signIn()
    expect(await told(domain.ada)).toEqual(['credential.paused'])
    for (const other of [domain.ben, domain.root]) expect(await told(other)).toEqual([])
  })

  it('is told that they go on where somebody else was let in, and not what they did themselves', async () => {
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'consumer')
    await domain.credentialSharing.share(domain.ada, credential, domain.ben.email)
    for (const [user, expected] of [
      [domain.ben, ['credential.resumed', 'credential.paused']],
      [domain.ada, ['credential.paused', 'credential.resumed', 'credential.paused']],
    ] as const) {
      domain.connector.next = refused
      await signIn()
      domain.connector.next = signedIn
      expect(await signIn(user)).toMatchObject({ resumed: true })
      expect(await told(domain.ada)).toEqual(expected)
    }
  })

  it('is told that they go on, and so is the webhook, without what they hold', async () => {
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'consumer')
    await domain.credentialSharing.share(domain.ada, credential, domain.ben.email)
    domain.connector.next = refused
    await signIn()
    domain.connector.next = signedIn
    await signIn(domain.ben)
    const about = {
      credentialId: credential,
      owner: domain.ada.name,
      url: `https://keyward.example.com/credentials/${credential}`,
    }
    const heard = await heardByWebhook(domain)
    expect(heard).toEqual([
      { event: 'credential.paused', body: { ...about, sentence: expect.stringContaining('refused the credentials') } },
      {
        event: 'credential.resumed',
        body: {
          ...about,
          sentence: `A data store let the credentials "Reporting ${count}" in. They are used by themselves again.`,
        },
      },
    ])
    expect(JSON.stringify(heard)).not.toContain('reader')
  })

  it('is told of their expiry once with each reminder, by whichever process, and by e-mail unless they chose otherwise', async () => {
    const expiresAt = new Date(Date.now() + 86_400_000 / 2)
    await domain.db.update(credentials).set({ expiresAt, expirySource: 'set' }).where(eq(credentials.id, credential))
    const outbox = createOutbox({ webhook: true, email: true })
    const give = () => createReminders({ ...domain, deployment: 'managed', outbox, origin: null }).give(going)
    await Promise.all([give(), give(), give()])
    expect(await told(domain.ada)).toEqual(['credential.expiring'])
    const channels = async () => (await domain.db.select().from(deliveries)).map(({ channel }) => channel).toSorted()
    expect(await channels()).toEqual(['email', 'webhook'])
    expect(await domain.db.select().from(notifications).where(sql`pending`)).toEqual([])
    await domain.choices.save(domain.ada, [])
    await domain.db.delete(deliveries)
    const later = new Date(Date.now() + 86_400_000)
    const then = createReminders({ ...domain, deployment: 'managed', outbox, origin: null, now: async () => later })
    await then.give(going)
    expect(await told(domain.ada)).toEqual(['credential.expired', 'credential.expiring'])
    expect(await channels()).toEqual(['webhook'])
  })

  it('is told that an edit waits for them, once, until it is decided', async () => {
    const edit = editOf()
    const editId = await tryEdit(domain, domain.ada, credential, edit)
    expect((await domain.inbox.list(domain.ada)).rows).toMatchObject([
      { event: 'edit.waiting', path: `/credentials/${credential}/proven-edits/${editId}` },
    ])
    await createTrialRows(domain.db).finish(editId)
    expect(await told(domain.ada)).toEqual(['edit.waiting'])
    await domain.vault.discardEdit(domain.ada, credential, editId)
    expect(await told(domain.ada)).toEqual([])
  })

  it('is told of an edit whose process died while it was tried', async () => {
    const edit = editOf()
    const outcome = await domain.saving.edit(domain.ada, credential, { ...edit, signIn: true })
    if (outcome.kind !== 'proving') throw new Error(outcome.kind)
    await domain.db.update(provenEdits).set({ heartbeatAt: new Date(Date.now() - 60_000) })
    const rows = createTrialRows(domain.db)
    await Promise.all([rows.endSilent(), rows.endSilent()])
    expect(await told(domain.ada)).toEqual(['edit.waiting'])
  })
})

const going = new AbortController().signal

describe('Who gets something shared', () => {
  it('is told so, each time anew, and who shares it is not', async () => {
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'editor')
    await domain.sharing.remove(domain.ada, connection, domain.ben.id)
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'consumer')
    await domain.credentialSharing.share(domain.ada, credential, domain.ben.email)
    expect(await told(domain.ben)).toEqual(['credential.shared', 'connection.shared', 'connection.shared'])
    expect(await told(domain.ada)).toEqual([])
  })

  it('is told nothing where the sharing was refused', async () => {
    await expect(domain.sharing.share(domain.eve, connection, domain.ben.email, 'editor')).rejects.toThrow()
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'editor')
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'editor')
    expect(await told(domain.ben)).toEqual(['connection.shared'])
  })
})

/** A store with room for all. */
const roomy = { reserve: async () => true }

describe('Who makes a snapshot', () => {
  const failed = { status: 'failed', code: null, message: 'No.', diagnosis: null } as const
  const cancelled = { ...failed, status: 'cancelled' } as const
  const imported = { rows: 1_200, bytes: 4, columns: [{ name: 'id', type: 'INTEGER' }] }
  const rows = () => createVersionRows(domain.db, roomy)
  const complete = (versionId: string) => {
    const { organizationId } = domain.ada
    return rows().complete({ organizationId, datasetId: '', versionId, file: '' }, imported)
  }

  async function running(more: Partial<typeof datasetVersions.$inferInsert> = {}, deletedAt: Date | null = null) {
    const { id: ownerId, organizationId } = domain.ada
    const [datasetId, versionId] = [newId(), newId()]
    const source = { kind: 'table', schema: 'public', table: 't' } as const
    await domain.db
      .insert(datasets)
      .values({ id: datasetId, organizationId, ownerId, name: 'Orders', source, deletedAt })
    await domain.db.insert(datasetVersions).values({
      ...{ id: versionId, organizationId, datasetId, number: 1, status: 'running', createdBy: ownerId, runId: newId() },
      ...{ accountName: 'reader', startedAt: new Date(), heartbeatAt: new Date(), ...more },
    })
    return versionId
  }
  const began = (secondsAgo: number) => ({ startedAt: new Date(Date.now() - secondsAgo * 1_000) })

  it('is told when it is ready only where that took longer than a minute', async () => {
    await complete(await running(began(50)))
    expect(await told(domain.ada)).toEqual([])
    await complete(await running(began(70)))
    expect((await domain.inbox.list(domain.ada)).rows.map(({ sentence }) => sentence)).toEqual([
      'Version 1 of the dataset "Orders" is ready, with 1,200 rows.',
    ])
  })

  it('is told that it failed, and not again by whoever comes later', async () => {
    const id = await running()
    await Promise.all([rows().end(id, failed, true), rows().end(id, failed, true), complete(id)])
    await rows().end(id, cancelled, true)
    const [{ status } = { status: null }] = await domain.db
      .select()
      .from(datasetVersions)
      .where(eq(datasetVersions.id, id))
    expect(await told(domain.ada)).toEqual(status === 'failed' ? ['snapshot.failed'] : [])
  })

  it('is told that its process died, by one of those that notice', async () => {
    await running({ heartbeatAt: new Date(Date.now() - 60_000) })
    await Promise.all(Array.from({ length: 4 }, () => rows().endSilent()))
    expect(await told(domain.ada)).toEqual(['snapshot.failed'])
  })

  it('is told that somebody else cancelled it, and not what they cancelled themselves', async () => {
    await rows().end(await running({ cancelRequestedBy: domain.ada.id }), cancelled, true)
    await rows().end(await running(), cancelled, true)
    expect(await told(domain.ada)).toEqual([])
    await rows().end(await running({ cancelRequestedBy: domain.ben.id }), cancelled, true)
    expect((await domain.inbox.list(domain.ada)).rows[0]?.sentence).toBe(
      'Ben cancelled version 1 of the dataset "Orders".',
    )
  })

  it('is told, and the webhook with them, also where they are not the owner', async () => {
    await complete(await running(began(70)))
    await rows().end(await running({ createdBy: domain.ben.id }), failed, true)
    await rows().end(await running({ cancelRequestedBy: domain.ben.id }), cancelled, true)
    expect(await told(domain.ben)).toEqual(['snapshot.failed'])
    const where = {
      datasetId: expect.any(String),
      url: expect.stringMatching(/^https:\/\/keyward\.example\.com\/catalog\//),
    }
    expect(await heardByWebhook(domain)).toEqual([
      {
        event: 'snapshot.finished',
        body: {
          ...{ ...where, owner: domain.ada.name, version: 1, rows: 1_200 },
          sentence: 'Version 1 of the dataset "Orders" is ready, with 1,200 rows.',
        },
      },
      {
        event: 'snapshot.failed',
        body: {
          ...{ owner: domain.ben.name, version: 1, rows: 0, datasetId: where.datasetId },
          // Nobody shared it with Ben.
          ...{ url: null, sentence: 'Version 1 of a dataset could not be made.' },
        },
      },
    ])
  })

  it('is told nothing of a deleted dataset', async () => {
    await rows().end(await running({}, new Date()), failed, true)
    expect(await told(domain.ada)).toEqual([])
  })
})

describe('Who set a schedule', () => {
  const queue = { send: async () => {}, done: async () => {} }

  async function scheduled(trigger: 'schedule' | 'by hand', versionId: string | null = null) {
    const { id: ownerId, organizationId } = domain.ada
    const [datasetId, scheduleId, id] = [newId(), newId(), newId()]
    const source = { kind: 'table', schema: 'public', table: 't' } as const
    await domain.db.insert(datasets).values({ id: datasetId, organizationId, ownerId, name: 'Nightly', source })
    await domain.db.insert(schedules).values({
      ...{ id: scheduleId, organizationId, datasetId, setBy: ownerId, rule: {}, timeZone: 'UTC', catchUp: 'skip' },
      nextAt: new Date(),
    })
    const its = { id, scheduleId, dueAt: new Date(), trigger, state: 'waiting', versionId } as const
    const [run] = await domain.db.insert(scheduleRuns).values(its).returning()
    if (run === undefined) throw new Error('no run')
    return { run, schedule: { id: scheduleId, datasetId } }
  }
  const settling = () => createSettling({ ...domain, queue } as never)

  it('is told once what failed or was missed, and that it was disabled, by however many processes', async () => {
    const failed = await scheduled('schedule')
    await Promise.all([1, 2].map(() => settling().failed(failed.run, {} as never, 'No.')))
    const missed = await scheduled('schedule')
    await Promise.all([1, 2].map(() => settling().missed(missed.run, {} as never, 'No.', null)))
    await settling().missed((await scheduled('by hand')).run, {} as never, 'No.', null)
    await Promise.all([1, 2].map(() => settling().disable(missed.schedule, 'No.')))
    expect(await told(domain.ada)).toEqual(['schedule.disabled', 'schedule.missed', 'schedule.failed'])
  })

  it('is not told of the versions of its runs as well', async () => {
    const versionId = newId()
    const { schedule } = await scheduled('schedule', versionId)
    const { id: createdBy, organizationId } = domain.ada
    await domain.db.insert(datasetVersions).values({
      ...{ id: versionId, organizationId, datasetId: schedule.datasetId, number: 1, status: 'running', createdBy },
      ...{ runId: newId(), accountName: 'reader', startedAt: new Date(Date.now() - 90_000), heartbeatAt: new Date() },
    })
    const failed = { status: 'failed', code: null, message: 'No.', diagnosis: null } as const
    await createVersionRows(domain.db, roomy).end(versionId, failed, true)
    expect(await told(domain.ada)).toEqual([])
  })
})

describe('Who loses what they import with', () => {
  it('is told who ended it', async () => {
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'consumer')
    const { id: ownerId, organizationId } = domain.ben
    const [datasetId, versionId] = [newId(), newId()]
    const source = { kind: 'table', schema: 'public', table: 't' } as const
    await domain.db
      .insert(datasets)
      .values({ id: datasetId, organizationId, ownerId, name: 'Mine', source, connectionId: connection })
    await domain.db.insert(datasetVersions).values({
      ...{ id: versionId, organizationId, datasetId, number: 1, status: 'running', createdBy: ownerId, runId: newId() },
      ...{ accountName: 'reader', heartbeatAt: new Date() },
    })
    await domain.sharing.remove(domain.ada, connection, domain.ben.id)
    const cancelled = { status: 'cancelled', code: null, message: 'Cancelled.', diagnosis: null } as const
    await createVersionRows(domain.db, roomy).end(versionId, cancelled, true)
    expect((await domain.inbox.list(domain.ben)).rows[0]?.sentence).toBe(
      'Ada cancelled version 1 of the dataset "Mine".',
    )
  })
})
