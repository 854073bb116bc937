import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { createReminders } from '../credentials/reminders.ts'
import { newId } from '../db/new-id.ts'
import { credentials } from '../db/schema/credentials.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import { storedAccount } from '../testing/scheduling.ts'
import { createCourier } from './courier.ts'
import { createDeliveries } from './deliveries.ts'
import type { NotificationEvent } from './events.ts'
import { type Notice, notify, withdraw } from './notify.ts'
import { createOutbox } from './outbox.ts'

let domain: TestDomain
let connection: string
let credential: string
const going = new AbortController().signal
const outbox = createOutbox({ webhook: true, email: true })

beforeAll(async () => {
  domain = await testDomain()
  connection = await addConnection(domain, domain.ada, 'Sales')
  credential = await storedAccount(domain, domain.ada, connection, 'Reporting')
})
afterAll(() => domain.close())
beforeEach(async () => {
  await domain.db.delete(notifications)
  await domain.db.delete(deliveries)
  await domain.db.update(users).set({ disabledAt: null })
  for (const user of [domain.ada, domain.ben]) await domain.choices.save(user, ['sharing', 'pauses', 'edits', 'expiry'])
})

/** Tells somebody something of the credentials, and hands it over: an e-mail waits to be sent. */
async function handOver(user: UserActor, given: Partial<Notice<NotificationEvent>>): Promise<void> {
  const { id: userId, organizationId } = user
  const paused = { event: 'credential.paused', about: { type: 'credential', id: credential }, details: {} }
  await domain.db.transaction((tx) => notify(tx, { organizationId, userId, ...paused, ...given } as never))
  await createCourier({ ...domain, deployment: 'managed', outbox, origin: null }).next()
  expect(await domain.db.$count(deliveries, eq(deliveries.channel, 'email'))).toBe(1)
}

/** Sends the e-mails that are due; resolves with whom they went to. */
async function sent(): Promise<(string | null)[]> {
  const recipients: (string | null)[] = []
  const email = async ({ recipient }: { readonly recipient: string | null }) => {
    recipients.push(recipient)
    return null
  }
  const its = createDeliveries({ ...domain, deployment: 'managed', senders: { email } })
  while (await its.next('email', going));
  return recipients
}

const shared = { event: 'connection.shared', details: { role: 'consumer' } } as const

describe('An e-mail that waits to be sent', () => {
  it('is sent to who may still see what it is about', async () => {
    await handOver(domain.ada, {})
    expect(await sent()).toEqual([domain.ada.email])
  })

  it('is not sent to who was disabled since, and nothing is left of it', async () => {
    await handOver(domain.ada, {})
    await domain.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, domain.ada.id))
    expect(await sent()).toEqual([])
    expect(await domain.db.$count(deliveries, eq(deliveries.channel, 'email'))).toBe(0)
    await domain.db.update(users).set({ disabledAt: null })
    expect(await sent()).toEqual([])
  })

  it('is not sent to who may not see what it is about any more', async () => {
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'consumer')
    await domain.db.delete(notifications)
    await handOver(domain.ben, { ...shared, about: { type: 'connection', id: connection } })
    await domain.sharing.remove(domain.ada, connection, domain.ben.id)
    expect(await sent()).toEqual([])
  })

  it('is not sent where it does not matter any more', async () => {
    const about = { type: 'credential', id: credential } as const
    const editId = newId()
    await handOver(domain.ada, { event: 'edit.waiting', about, details: { editId, until: '' }, key: editId })
    await domain.db.transaction((tx) => withdraw(tx, 'edit.waiting', about, editId))
    expect(await sent()).toEqual([])
  })

  it('that reminds of an expiry, is not sent to who was disabled since', async () => {
    const its = { expiresAt: new Date(Date.now() + 3_600_000), expirySource: 'set' } as const
    await domain.db.update(credentials).set(its).where(eq(credentials.id, credential))
    const reminders = createReminders({ ...domain, deployment: 'managed', outbox, origin: null })
    expect(await reminders.give(going)).toBe(1)
    expect(await domain.db.$count(deliveries)).toBe(2)
    await domain.db.update(users).set({ disabledAt: new Date() })
    expect(await sent()).toEqual([])
    expect(await domain.db.$count(deliveries, eq(deliveries.channel, 'webhook'))).toBe(1)
  })

  it('of an earlier version of Keyward, which does not say what it is about, is sent', async () => {
    const { organizationId, email: recipient } = domain.ada
    const its = { id: newId(), organizationId, channel: 'email', event: 'credential.paused', recipient } as const
    await domain.db.insert(deliveries).values({ ...its, body: {}, nextAttemptAt: new Date(0) })
    await domain.db.update(users).set({ disabledAt: new Date() })
    expect(await sent()).toEqual([recipient])
  })
})
