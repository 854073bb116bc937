import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connections } from '../../db/schema/connections.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ben: Client
let connection: string
let account: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
})
afterAll(() => app.close())
beforeEach(async () => {
  count += 1
  app.connector.next = signedIn
  connection = await addConnection(app, app.ada, `Sales ${count}`)
  const form = {
    type: 'basic',
    name: `One ${count}`,
    username: 'u',
    password: 'a good one',
    connection,
    intent: 'save',
  }
  account = (await ada.post('/credentials/new', form)).location?.split('/').at(-1) ?? ''
})

const page = () => `/connections/${connection}/health`
const check = () => app.looks.next(new AbortController().signal)

describe('Health checks', () => {
  test('of a connection without stored accounts say what is needed first', async () => {
    const bare = await addConnection(app, app.ada, `Bare ${count}`)
    expect(textOf((await ada.get(`/connections/${bare}/health`)).html, '.empty-state')).toContain('Add credentials')
  })

  test('are off until they are set, with the default account chosen, and can be turned off', async () => {
    const first = await ada.get(page())
    expect(formValues(first.html)).toMatchObject({ every: '', account })
    expect(textOf(first.html, 'main')).toContain('does not sign in by itself')
    expect((await ada.post(page(), { every: '360', account })).location).toBe(page())
    const { html } = await ada.get(page())
    expect(formValues(html)).toMatchObject({ every: '360', account })
    expect(textOf(html, 'main')).toContain('Keyward signs in every 6 hours')
    await ada.post(page(), { every: '', account })
    expect(textOf((await ada.get(page())).html, 'main')).toContain('does not sign in by itself')
  })

  test('with an interval or an account that is none of theirs are refused with the choice kept', async () => {
    const wrong = await ada.post(page(), { every: '7', account })
    expect([wrong.status, textOf(wrong.html, '.error-summary li')]).toEqual([422, 'Choose how often.'])
    const foreign = await ada.post(page(), { every: '60', account: connection })
    expect([foreign.status, formValues(foreign.html).every]).toEqual([422, '60'])
    expect(textOf(foreign.html, 'title')).toContain('Error: ')
    const [row] = await app.db.select().from(connections).where(eq(connections.id, connection))
    expect(row?.healthMinutes).toBeNull()
  })

  test('show a strip with each outcome, the same as a table, and the strip on the page of the connection', async () => {
    await ada.post(page(), { every: '60', account })
    expect(await check()).toBe(true)
    const { html } = await ada.get(page())
    expect(html.querySelector('.health-strip')?.getAttribute('aria-label')).toContain('1 signed in, 0 failed')
    expect(textsOf(html, 'rect title')[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: signed in$/)
    expect(textsOf(html, 'tbody tr')[0]).toMatch(/UTC.*signed in.*ms/)
    const own = await ada.get(`/connections/${connection}`)
    expect(own.html.querySelectorAll('.health-strip rect')).toHaveLength(1)
    const list = await ada.get('/connections')
    expect(textOf(list.html, 'main')).toContain('signed in')
  })

  test('whose account is paused say why and how to go on, and go on after a sign-in that works', async () => {
    await ada.post(page(), { every: '60', account })
    app.connector.next = refused
    await check()
    const { html } = await ada.get(page())
    expect(textOf(html, '.notice')).toContain('auth.refused')
    expect(textOf(html, '.notice a')).toBe(`One ${count}`)
    expect(textOf((await ada.get('/connections')).html, 'main')).toContain('health checks wait')
    app.connector.next = signedIn
    await ada.post(`/connections/${connection}/sign-ins/new`, { account })
    expect((await ada.get(page())).html.querySelector('.notice')).toBeNull()
    expect(textOf((await ada.get('/connections')).html, 'main')).not.toContain('health checks wait')
    expect(await check()).toBe(true)
  })

  test('of somebody else are not found, signed out lead to the sign-in, and without stored credentials there are none', async () => {
    expect((await ben.post(page(), { every: '60', account })).status).toBe(404)
    expect((await app.client().post(page())).location).toContain('/login')
    expect((await ben.get(page())).status).toBe(404)
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', false)
    const [off, own] = [await ada.get(page()), await ada.get(`/connections/${connection}`)]
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', true)
    expect([off.status, own.status, own.text.includes('Health checks')]).toEqual([403, 200, false])
  })
})
