import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { notificationChoices, notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { Secret } from '../secrets/secret.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
import { createCourier } from './courier.ts'
import { textOf } from './email.ts'
import type { Topic } from './events.ts'
import { notify } from './notify.ts'
import { createOutbox } from './outbox.ts'

let domain: TestDomain
let credential: string
let bens: string
const outbox = createOutbox({ webhook: true, email: true })
const origin = 'https://keyward.example.com'

beforeAll(async () => {
  domain = await testDomain()
  credential = await credentialOf(domain.ada, 'Reporting "2024"')
  bens = await credentialOf(domain.ben, "Ben's")
})
afterAll(() => domain.close())
beforeEach(async () => {
  await domain.db.delete(notifications)
  await domain.db.delete(deliveries)
  await domain.db.delete(notificationChoices)
  await domain.db.update(users).set({ disabledAt: null })
})

const courier = () => createCourier({ db: domain.db, deployment: 'managed', outbox, origin })

async function credentialOf(owner: UserActor, name: string): Promise<string> {
  const fields = { username: new Secret('reader'), password: new Secret('a password nobody guesses') }
  const made = await domain.vault.create(owner, { type: 'basic', name, description: '', fields, connectionIds: [] })
  if (!made.ok) throw new Error('not made')
  return made.id
}

function tellOfPause(user: UserActor, id = credential): Promise<boolean> {
  const { id: userId, organizationId } = user
  const about = { type: 'credential', id } as const
  return domain.db.transaction((tx) =>
    notify(tx, { organizationId, userId, event: 'credential.paused', about, details: {} }),
  )
}

function tellOfShare(user: UserActor): Promise<boolean> {
  const { id: userId, organizationId } = user
  const told = {
    event: 'credential.shared',
    about: { type: 'credential', id: credential },
    byId: domain.root.id,
  } as const
  return domain.db.transaction((tx) => notify(tx, { organizationId, userId, ...told, details: {} }))
}

async function sent() {
  const rows = await domain.db.select().from(deliveries)
  return rows
    .map(({ channel, recipient, event }) => `${channel} ${recipient ?? ''} ${event}`.replace(/ +/, ' '))
    .toSorted()
}

const choose = (user: UserActor, topics: readonly Topic[]) => domain.choices.save(user, topics)

describe('The courier', () => {
  it('hands each over once, of however many processes at once', async () => {
    for (let index = 0; index < 20; index++) await tellOfPause(domain.ada)
    const counts = await Promise.all(Array.from({ length: 6 }, () => courier().next()))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20)
    const all = await sent()
    expect(all.filter((line) => line.startsWith('email'))).toHaveLength(20)
    expect(all.filter((line) => line.startsWith('webhook'))).toHaveLength(20)
    expect(await courier().next()).toBe(0)
  })

  it('sends what happens while nobody looks, and what a person chose', async () => {
    await tellOfPause(domain.ada)
    await tellOfShare(domain.ada)
    await courier().next()
    expect(await sent()).toEqual([`email ${domain.ada.email} credential.paused`, 'webhook credential.paused'])
    await domain.db.delete(deliveries)
    await choose(domain.ada, ['sharing'])
    await tellOfPause(domain.ada)
    await tellOfShare(domain.ada)
    await tellOfPause(domain.ben, bens)
    await courier().next()
    expect((await sent()).filter((line) => line.startsWith('email'))).toEqual(
      [`email ${domain.ada.email} credential.shared`, `email ${domain.ben.email} credential.paused`].toSorted(),
    )
  })

  it('says in an e-mail what happened, where to look and how to get less', async () => {
    await tellOfPause(domain.ada)
    await courier().next()
    const message = (await domain.db.select().from(deliveries)).find(({ channel }) => channel === 'email')
    if (message === undefined) throw new Error('nothing was sent')
    const { subject, text } = textOf(message)
    expect(subject).toBe(
      'A data store refused the credentials "Reporting "2024"". Nothing uses them by itself until one sign-in with them is let in',
    )
    expect(text).toContain(`${origin}/credentials/${credential}\n`)
    expect(text).toContain(`${origin}/account/notifications\n`)
    expect(JSON.stringify(message)).not.toContain('a password nobody guesses')
    expect(JSON.stringify(message)).not.toContain('reader')
  })

  it('names nothing that its reader may not see, and sends no e-mail of it', async () => {
    await tellOfPause(domain.ben)
    await courier().next()
    const text = JSON.stringify(await domain.db.select().from(deliveries))
    expect(text).not.toContain('2024')
    expect(text).toContain('A data store refused some credentials.')
    expect(await sent()).toEqual(['webhook credential.paused'])
  })

  it('sends no e-mail to who is disabled and is done with it, while the webhook hears of it', async () => {
    await tellOfPause(domain.ada)
    await tellOfShare(domain.ada)
    await domain.db.update(users).set({ disabledAt: new Date() })
    expect(await courier().next()).toBe(2)
    expect(await sent()).toEqual(['webhook credential.paused'])
    expect(await courier().next()).toBe(0)
  })

  it('without mail server and webhook is done with it, and sends nothing of it later', async () => {
    await tellOfPause(domain.ada)
    const quiet = createOutbox({ webhook: false, email: false })
    expect(await createCourier({ db: domain.db, deployment: 'managed', outbox: quiet, origin }).next()).toBe(1)
    expect(await courier().next()).toBe(0)
    expect(await sent()).toEqual([])
  })
})

describe('Choices', () => {
  it('are those of everybody until somebody chooses, then theirs alone', async () => {
    const mine = async (user: UserActor) =>
      (await domain.choices.list(user)).filter(({ email }) => email).map(({ topic }) => topic)
    expect(await mine(domain.ada)).toEqual(['expiry', 'pauses', 'schedules', 'drift'])
    await choose(domain.ada, ['edits', 'expiry'])
    expect(await mine(domain.ada)).toEqual(['expiry', 'edits'])
    expect(await mine(domain.ben)).toEqual(['expiry', 'pauses', 'schedules', 'drift'])
    await choose(domain.ada, [])
    expect(await mine(domain.ada)).toEqual([])
  })

  it('of what is no topic are passed over', async () => {
    await domain.choices.save(domain.ada, ['constructor', 'finished', ''])
    expect((await domain.choices.list(domain.ada)).filter(({ email }) => email)).toHaveLength(1)
  })
})
