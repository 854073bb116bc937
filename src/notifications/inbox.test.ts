import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import { newId } from '../db/new-id.ts'
import { datasets } from '../db/schema/catalog.ts'
import { notifications } from '../db/schema/notifications.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import type { NotificationEvent } from './events.ts'
import { createInbox } from './inbox.ts'
import { type Notice, notify, withdraw } from './notify.ts'
import { mostCounted, unreadSql } from './unread.ts'

let domain: TestDomain
let connection: string

beforeAll(async () => {
  domain = await testDomain()
  connection = await addConnection(domain, domain.ada, 'Sales')
})
afterAll(() => domain.close())
beforeEach(() => domain.db.delete(notifications))

type Given = Partial<Notice<NotificationEvent>>

/** Tells somebody that a connection was shared with them, unless told otherwise. */
function tell(user: UserActor, given: Given = {}): Promise<boolean> {
  const { id: userId, organizationId } = user
  const shared = {
    event: 'connection.shared',
    about: { type: 'connection', id: connection },
    details: { role: 'editor' },
  }
  return domain.db.transaction((tx) => notify(tx, { organizationId, userId, ...shared, ...given } as never))
}

const sentences = async (user: UserActor) => (await domain.inbox.list(user)).rows.map(({ sentence }) => sentence)

async function unread(user: UserActor): Promise<number> {
  const { rows } = await domain.db.execute<{ unread: number }>(sql`select ${unreadSql(user.id)} as unread`)
  return rows[0]?.unread ?? Number.NaN
}

describe('A notification', () => {
  it('with a key is told each person once, however many tell it at once', async () => {
    const tries = Array.from({ length: 8 }, () => tell(domain.ada, { key: 'the same' }))
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
    expect(await tell(domain.ben, { key: 'the same' })).toBe(true)
    expect(await sentences(domain.ada)).toHaveLength(1)
    expect(await tell(domain.ada, { key: 'another' })).toBe(true)
    expect(await tell(domain.ada)).toBe(true)
    expect(await tell(domain.ada)).toBe(true)
  })

  it('of what somebody did themselves is not told', async () => {
    expect(await tell(domain.ada, { byId: domain.ada.id })).toBe(false)
    expect(await sentences(domain.ada)).toEqual([])
  })

  it('is not told when the transaction that tells it fails', async () => {
    const { id: userId, organizationId } = domain.ada
    const failing = domain.db.transaction(async (tx) => {
      const about = { type: 'connection', id: connection } as const
      await notify(tx, { organizationId, userId, event: 'credential.shared', about, details: {} })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await sentences(domain.ada)).toEqual([])
  })

  it('that does not matter any more is taken back, and no other', async () => {
    await tell(domain.ada, { key: 'over' })
    await tell(domain.ada, { key: 'not over' })
    const about = { type: 'connection', id: connection } as const
    await domain.db.transaction((tx) => withdraw(tx, 'connection.shared', about, 'over'))
    expect(await sentences(domain.ada)).toHaveLength(1)
  })

  it('of an event of a later version is passed over', async () => {
    await tell(domain.ada, { event: 'planet.shared' as never })
    expect(await sentences(domain.ada)).toEqual([])
  })
})

describe('The list', () => {
  it('has what is unread first, each the newest first, in pages that a cursor joins', async () => {
    for (let index = 0; index < 120; index++)
      await tell(domain.ada, { event: 'snapshot.failed', details: { version: index } })
    const all = await domain.db.select().from(notifications)
    const read = all.filter((_, index) => index % 2 === 0)
    for (const { id } of read) await domain.inbox.read(domain.ada, id)
    const first = await domain.inbox.list(domain.ada)
    expect(first.rows).toHaveLength(50)
    const second = await domain.inbox.list(domain.ada, first.next ?? '')
    const third = await domain.inbox.list(domain.ada, second.next ?? '')
    expect(third.next).toBeNull()
    const rows = [...first.rows, ...second.rows, ...third.rows]
    expect(new Set(rows.map(({ id }) => id)).size).toBe(120)
    expect(rows.map((row) => row.unread)).toEqual([...Array(60).fill(true), ...Array(60).fill(false)])
    for (const part of [rows.slice(0, 60), rows.slice(60)]) {
      const ids = part.map(({ id }) => id)
      expect(ids).toEqual(ids.toSorted().reverse())
    }
    expect([first.newest, third.newest]).toEqual([rows[0]?.id, rows[0]?.id])
  })

  it.each(['nonsense', 'u', `x${newId()}`, "u' or 1=1"])(
    'after the cursor %j begins at the beginning',
    async (after) => {
      await tell(domain.ada)
      expect((await domain.inbox.list(domain.ada, after)).rows).toHaveLength(1)
    },
  )

  it('is of nobody else', async () => {
    await tell(domain.ada)
    for (const stranger of [domain.ben, domain.root, domain.eve]) expect(await sentences(stranger)).toEqual([])
  })

  it('names things and people as they are called now', async () => {
    await tell(domain.ada, { byId: domain.ben.id })
    const [row] = (await domain.inbox.list(domain.ada)).rows
    expect(row).toMatchObject({
      sentence: 'Ben shared the data connection "Sales" with you, as an editor.',
      path: `/connections/${connection}`,
      unread: true,
    })
  })

  it('neither names nor links what its reader may not see, or what is gone', async () => {
    await tell(domain.ben, { byId: domain.ada.id })
    expect((await domain.inbox.list(domain.ben)).rows[0]).toMatchObject({
      sentence: 'Ada shared a data connection with you, as an editor.',
      path: null,
    })
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'editor')
    expect((await sentences(domain.ben)).every((sentence) => sentence.includes('"Sales"'))).toBe(true)
    await domain.sharing.remove(domain.ada, connection, domain.ben.id)
    expect((await sentences(domain.ben)).some((sentence) => sentence.includes('Sales'))).toBe(false)
    await tell(domain.ada, { event: 'dataset.drifted', about: { type: 'dataset', id: newId() }, details: drift })
    expect((await domain.inbox.list(domain.ada)).rows[0]).toMatchObject({
      sentence: 'Columns of a dataset differ in version 3: 1 added, 2 removed.',
      path: null,
    })
  })

  it('leads who owns credentials to them, and whom they are shared with to the list of those', async () => {
    const fields = { username: new Secret('u'), password: new Secret('p') }
    const made = await domain.vault.create(domain.ada, {
      ...{ type: 'basic', name: 'Reporting', description: '', fields, connectionIds: [] },
    })
    if (!made.ok) throw new Error('not made')
    await domain.credentialSharing.share(domain.ada, made.id, domain.ben.email)
    expect((await domain.inbox.list(domain.ben)).rows[0]).toMatchObject({
      sentence: 'Ada lets you use the credentials "Reporting".',
      path: '/credentials/shared',
    })
    await tell(domain.ada, { event: 'credential.paused', about: { type: 'credential', id: made.id }, details: {} })
    expect((await domain.inbox.list(domain.ada)).rows[0]?.path).toBe(`/credentials/${made.id}`)
    await domain.credentialSharing.unshare(domain.ada, made.id, domain.ben.id)
    expect((await domain.inbox.list(domain.ben)).rows[0]).toMatchObject({
      sentence: 'Ada lets you use some credentials.',
      path: null,
    })
    await domain.features.change(domain.root, domain.root.organizationId, 'stored_credentials', false)
    expect((await domain.inbox.list(domain.ada)).rows[0]?.path).toBeNull()
    await domain.features.change(domain.root, domain.root.organizationId, 'stored_credentials', true)
  })

  it('says of a schedule that it was turned off, also in a row of an earlier version', async () => {
    const about = { type: 'dataset', id: newId() } as const
    for (const details of [{ failures: null }, {}]) {
      await tell(domain.ada, { event: 'schedule.disabled', about, details: details as never })
    }
    const sentence = 'The schedule of a dataset was turned off.'
    expect(await sentences(domain.ada)).toEqual([sentence, sentence])
  })

  it('neither names nor links a deleted dataset', async () => {
    const id = newId()
    const { id: ownerId, organizationId } = domain.ada
    const source = { kind: 'table', schema: 'public', table: 't' } as const
    await domain.db.insert(datasets).values({ id, organizationId, ownerId, name: 'Orders', source })
    await tell(domain.ada, { event: 'snapshot.failed', about: { type: 'dataset', id }, details: { version: 2 } })
    expect(await sentences(domain.ada)).toEqual(['Version 2 of the dataset "Orders" could not be made.'])
    await domain.db.update(datasets).set({ deletedAt: new Date() }).where(eq(datasets.id, id))
    expect(await sentences(domain.ada)).toEqual(['Version 2 of a dataset could not be made.'])
  })
})

const drift = { version: 3, added: 1, removed: 2, changed: 0 }

describe('Reading', () => {
  it('one counts it no more, and reading it again changes nothing', async () => {
    await tell(domain.ada)
    await tell(domain.ada)
    expect(await unread(domain.ada)).toBe(2)
    const [row] = await domain.db.select().from(notifications)
    await domain.inbox.read(domain.ada, row?.id ?? '')
    expect(await unread(domain.ada)).toBe(1)
    const [before] = await domain.db
      .select()
      .from(notifications)
      .where(eq(notifications.id, row?.id ?? ''))
    await domain.inbox.read(domain.ada, row?.id ?? '')
    const [after] = await domain.db
      .select()
      .from(notifications)
      .where(eq(notifications.id, row?.id ?? ''))
    expect(after).toEqual(before)
  })

  it("somebody else's, or none, is not found and changes nothing", async () => {
    await tell(domain.ada)
    const [row] = await domain.db.select().from(notifications)
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      await expect(domain.inbox.read(stranger, row?.id ?? '')).rejects.toThrow(NotFound)
      expect(await domain.inbox.readAll(stranger, row?.id ?? '')).toBe(0)
    }
    await expect(domain.inbox.read(domain.ada, newId())).rejects.toThrow(NotFound)
    expect(await unread(domain.ada)).toBe(1)
  })

  it('all leaves what came after the page was made', async () => {
    await tell(domain.ada)
    await tell(domain.ada)
    const { newest } = await domain.inbox.list(domain.ada)
    await tell(domain.ada)
    expect(await domain.inbox.readAll(domain.ada, newest ?? '')).toBe(2)
    expect(await unread(domain.ada)).toBe(1)
  })

  it('is counted up to a hundred', async () => {
    for (let index = 0; index < mostCounted + 5; index++) await tell(domain.ada)
    expect(await unread(domain.ada)).toBe(mostCounted + 1)
  })
})

describe('After 90 days', () => {
  it('notifications are forgotten, read or not, and no day sooner', async () => {
    await tell(domain.ada)
    const madeDaysAgo = (days: number) =>
      domain.db.update(notifications).set({ createdAt: sql`now() - make_interval(days => ${days}::int)` })
    await madeDaysAgo(89)
    await domain.inbox.sweep()
    expect(await sentences(domain.ada)).toHaveLength(1)
    await madeDaysAgo(91)
    await domain.inbox.sweep()
    expect(await sentences(domain.ada)).toEqual([])
  })

  it('by the clock of the database: a process whose own is 100 days ahead forgets nothing', async () => {
    await tell(domain.ada)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 100 * 86_400_000 })
    try {
      await createInbox({ ...domain, deployment: 'managed' }).sweep()
    } finally {
      vi.useRealTimers()
    }
    expect(await unread(domain.ada)).toBe(1)
  })
})
