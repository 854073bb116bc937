import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { UserActor } from '../../access/actor.ts'
import { newId } from '../../db/new-id.ts'
import { notificationChoices, notifications } from '../../db/schema/notifications.ts'
import { notify } from '../../notifications/notify.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import { type Client, fragmentHeaders } from '../../testing/client.ts'
import { addConnection } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ben: Client
let connection: string

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
  connection = await addConnection(app, app.ada, '<b>Sales</b> & "more"')
})
afterAll(() => app.close())
beforeEach(async () => {
  await app.db.delete(notifications)
  await app.db.delete(notificationChoices)
})

async function tell(user: UserActor, times = 1): Promise<void> {
  const { id: userId, organizationId } = user
  const told = { event: 'connection.shared', about: { type: 'connection', id: connection }, byId: app.root.id } as const
  const details = { role: 'editor' }
  for (let time = 0; time < times; time++) {
    await app.db.transaction((tx) => notify(tx, { organizationId, userId, ...told, details }))
  }
}

const idOfOne = async () => (await app.db.select().from(notifications))[0]?.id ?? ''
const bell = async (client: Client) => (await client.get('/activity')).html.querySelector('.bell')

describe('The bell', () => {
  test('says in words how many are unread, on every page, and has no number where none is', async () => {
    expect((await bell(ada))?.getAttribute('aria-label')).toBe('Notifications, none unread')
    expect((await bell(ada))?.textContent?.trim()).toBe('')
    await tell(app.ada, 3)
    expect((await bell(ada))?.getAttribute('aria-label')).toBe('Notifications, 3 unread')
    expect((await bell(ada))?.textContent?.trim()).toBe('3')
    expect((await bell(ben))?.getAttribute('aria-label')).toBe('Notifications, none unread')
    await tell(app.ada, 97)
    expect((await bell(ada))?.getAttribute('aria-label')).toBe('Notifications, more than 99 unread')
    expect((await bell(ada))?.textContent?.trim()).toBe('99+')
  })

  test('is as it is now in what answers a partial request, and is not there signed out', async () => {
    await tell(app.ada)
    const { html } = await ada.get('/activity', { headers: fragmentHeaders })
    const update = html.querySelector('hx-partial[hx-target="#bell"] a')
    expect(update?.getAttribute('aria-label')).toBe('Notifications, 1 unread')
    expect((await app.client().get('/login')).html.querySelector('.bell')).toBeNull()
  })
})

describe('GET /notifications', () => {
  test('with nothing, says what will be there', async () => {
    const { status, html } = await ada.get('/notifications')
    expect(status).toBe(200)
    expect(textOf(html, 'main h2')).toBe('Nothing to tell you')
    expect(textsOf(html, 'main button')).toEqual([])
  })

  test('shows what happened, with names as text, a link, and ways to mark it as read', async () => {
    await tell(app.ada)
    const { html } = await ada.get('/notifications')
    const link = html.querySelector('main .relation a')
    expect(link?.textContent).toBe('Root shared the data connection "<b>Sales</b> & "more"" with you, as an editor.')
    expect(link?.getAttribute('href')).toBe(`/connections/${connection}`)
    expect(textsOf(html, 'main button')).toEqual(['Mark all as read', 'Mark as read'])
    expect(html.querySelector('main .relation button')?.getAttribute('aria-label')).toBe(
      `Mark as read: ${link?.textContent}`,
    )
  })

  test('of what its reader may not see, has neither name nor link, and says so', async () => {
    await tell(app.ben)
    const { html } = await ben.get('/notifications')
    expect(html.querySelector('main .relation a')).toBeNull()
    expect(textOf(html, 'main .relation')).toContain('Root shared a data connection with you')
    expect(textOf(html, 'main .relation')).toContain('It is gone, or you may not see it any more.')
    expect(textOf(html, 'main')).not.toContain('Sales')
  })

  test('has pages of 50', async () => {
    await tell(app.ada, 60)
    const first = await ada.get('/notifications')
    expect(first.html.querySelectorAll('.relation')).toHaveLength(50)
    const next = first.html.querySelector('a[rel=next]')?.getAttribute('href') ?? ''
    const second = await ada.get(next)
    expect(second.html.querySelectorAll('.relation')).toHaveLength(10)
    expect(second.html.querySelector('a[rel=prev]')?.getAttribute('href')).toBe('/notifications')
    expect((await ada.get('/notifications?after=nonsense')).html.querySelectorAll('.relation')).toHaveLength(50)
  })

  test('changes nothing', async () => {
    await tell(app.ada)
    await ada.get('/notifications')
    expect((await app.db.select().from(notifications))[0]?.readAt).toBeNull()
  })
})

describe('POST /notifications/:id/reading', () => {
  test('marks one as read', async () => {
    await tell(app.ada, 2)
    const answer = await ada.post(`/notifications/${await idOfOne()}/reading`, {})
    expect([answer.status, answer.location]).toEqual([303, '/notifications'])
    const { html } = await ada.get('/notifications')
    expect(textsOf(html, '.badge')).toEqual(['new'])
    expect(html.querySelectorAll('.relation')).toHaveLength(2)
    expect(html.querySelector('.bell')?.getAttribute('aria-label')).toBe('Notifications, 1 unread')
  })

  test("of somebody else's answers as for none", async () => {
    await tell(app.ada)
    expect((await ben.post(`/notifications/${await idOfOne()}/reading`, {})).status).toBe(404)
    expect((await ben.post(`/notifications/${newId()}/reading`, {})).status).toBe(404)
    expect((await ben.post('/notifications/nonsense/reading', {})).status).toBe(404)
    expect((await app.db.select().from(notifications))[0]?.readAt).toBeNull()
  })
})

describe('POST /notifications/reading', () => {
  test('marks all as read that were on the page, and says so', async () => {
    await tell(app.ada, 2)
    const { html } = await ada.get('/notifications')
    await tell(app.ada)
    const answer = await ada.post('/notifications/reading', formValues(html))
    expect([answer.status, answer.location]).toEqual([303, '/notifications'])
    const after = await ada.get('/notifications')
    expect(textOf(after.html, '#flash')).toBe('Marked as read.')
    expect(textsOf(after.html, '.badge')).toEqual(['new'])
  })

  test('without a valid mark, or with one of somebody else, marks nothing', async () => {
    await tell(app.ada)
    expect((await ada.post('/notifications/reading', {})).status).toBe(404)
    expect((await ada.post('/notifications/reading', { newest: 'all' })).status).toBe(404)
    expect((await ben.post('/notifications/reading', { newest: await idOfOne() })).status).toBe(303)
    expect((await app.db.select().from(notifications))[0]?.readAt).toBeNull()
  })
})

describe('/account/notifications', () => {
  const checked = async (client: Client) =>
    [...(await client.get('/account/notifications')).html.querySelectorAll('input[name=topic][checked]')].map((input) =>
      input.getAttribute('value'),
    )

  test('shows what goes by e-mail and keeps what is chosen, for oneself alone', async () => {
    expect(await checked(ada)).toEqual(['expiry', 'pauses', 'schedules', 'drift'])
    const answer = await ada.post('/account/notifications', { topic: 'sharing' })
    expect([answer.status, answer.location]).toEqual([303, '/account/notifications'])
    expect(await checked(ada)).toEqual(['sharing'])
    expect(await checked(ben)).toEqual(['expiry', 'pauses', 'schedules', 'drift'])
    await ada.post('/account/notifications', {})
    expect(await checked(ada)).toEqual([])
  })

  test('with a topic that there is not, passes it over', async () => {
    expect((await ada.post('/account/notifications', { topic: '__proto__' })).status).toBe(303)
    expect(await checked(ada)).toEqual([])
  })
})

test('Signed out, every page of notifications leads to the sign-in page', async () => {
  for (const path of ['/notifications', '/account/notifications']) {
    const answer = await app.client().get(path)
    expect(answer.status).toBe(303)
    expect(answer.location).toMatch(/^\/login/)
  }
})
