import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { failedRung, ladder } from '../../connector/diagnosis.ts'
import { TooBusy } from '../../connector/driver.ts'
import { auditEntries } from '../../db/schema/audit.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let count = 0
let connection: string
const password = 'canary-f0f84a5c9d7a4d1e1bd1'

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(async () => {
  count += 1
  app.connector.next = signedIn
  app.connector.jobs.length = 0
  connection = await addConnection(app, app.ada, `Sales ${count}`)
})

const page = () => `/connections/${connection}/sign-ins/new`
const typed = (more: Record<string, string> = {}) => ({
  type: 'basic',
  username: 'reporting',
  password,
  intent: 'sign-in',
  ...more,
})
const uses = () =>
  app.db
    .select()
    .from(auditEntries)
    .where(and(eq(auditEntries.action, 'connection.use'), eq(auditEntries.resourceId, connection)))

describe('Test connection', () => {
  it('without stored accounts asks for credentials; with some offers them, the default first', async () => {
    expect(Object.keys(formValues((await ada.get(page())).html))).toEqual(
      expect.arrayContaining(['username', 'password']),
    )
    for (const name of ['One', 'Two']) {
      await ada.post('/credentials/new', { ...typed(), name: `${name} ${count}`, connection, intent: 'save' })
    }
    const { html } = await ada.get(page())
    expect(textsOf(html, '.account-name')).toEqual([`One ${count}`, `Two ${count}`])
    expect(textsOf(html, 'main a')).toContain('Use different account')
    const different = await ada.get(`${page()}?different=yes`)
    expect(textsOf(different.html, 'main button')).toEqual(['Sign in', 'Save and sign in'])
    expect(textOf(different.html, 'main')).toContain('Securely save credentials')
  })

  it('a stored account signs in at once and shows the ladder', async () => {
    const stored = await ada.post('/credentials/new', { ...typed(), name: `One ${count}`, connection, intent: 'save' })
    const account = stored.location?.split('/').at(-1) ?? ''
    const answer = await ada.post(page(), { account })
    const { html } = await ada.get(answer.location ?? '')
    expect(textOf(html, 'h1')).toBe(`Signed in to Sales ${count}`)
    expect(html.querySelectorAll('.rung')).toHaveLength(7)
    expect(app.connector.jobs).toMatchObject([{ secrets: { username: 'reporting', password } }])
  })

  it('typed credentials are used once and forgotten, and the use is in the ledger', async () => {
    app.connector.next = refused
    const answer = await ada.post(page(), typed())
    const result = await ada.get(answer.location ?? '')
    expect(textOf(result.html, 'title')).toBe(`Error: Sign-in to Sales ${count} failed · Keyward`)
    expect(textOf(result.html, '.notice')).toContain('Check both and try again.')
    expect(textOf(result.html, 'main')).toContain('as reporting')
    expect(result.text).not.toContain(password)
    expect((await ada.get('/credentials')).text).not.toContain(`on Sales ${count}`)
    expect(await uses()).toMatchObject([{ outcome: 'allowed', purpose: 'test', details: { account: 'typed' } }])
  })

  it('that the rules refuse leads an administrator to them, and nobody else', async () => {
    app.connector.next = {
      ok: false,
      code: 'policy.refused',
      diagnosis: ladder([], failedRung('policy', 'policy.refused')),
    }
    const root = await app.signInAs(app.root)
    const own = await addConnection(app, app.root, `Refused ${count}`)
    const linked = await Promise.all(
      [[ada, page()] as const, [root, `/connections/${own}/sign-ins/new`] as const].map(async ([who, path]) => {
        const { html } = await who.get((await who.post(path, typed())).location ?? '')
        return html.querySelector('main a[href="/admin/egress"]') !== null
      }),
    )
    expect(linked).toEqual([false, true])
  })

  it('with "Securely save credentials" stores them after a good sign-in, under the name typed or one made from both', async () => {
    const named = await ada.post(page(), typed({ save: 'on', name: `Kept ${count}` }))
    expect(named.location).toBe(`/connections/${connection}/credentials`)
    await ada.post(page(), typed({ save: 'on', username: 'other' }))
    const { html } = await ada.get(`/connections/${connection}/credentials`)
    expect(textsOf(html, '.relation-name a').sort()).toEqual([`Kept ${count}`, `other on Sales ${count}`])
    expect(textOf(html, '.relation')).toContain('signed in')
    const listed = await ada.get(`/credentials?q=${encodeURIComponent(`Kept ${count}`)}`)
    expect(textOf(listed.html, '.list-row-meta')).toContain('not used since it was stored · signed in')
  })

  it('with it and a refusal stores nothing, keeps what was typed, and offers to save without signing in', async () => {
    app.connector.next = refused
    const answer = await ada.post(page(), typed({ save: 'on', name: `Kept ${count}` }))
    expect(answer.status).toBe(422)
    expect(formValues(answer.html)).toMatchObject({
      username: 'reporting',
      password: '',
      name: `Kept ${count}`,
      save: 'on',
    })
    expect(answer.text).not.toContain(password)
    expect(textsOf(answer.html, 'main button')).toContain('Save without signing in')
    const saved = await ada.post(page(), typed({ save: 'on', name: `Kept ${count}`, intent: 'save' }))
    expect(saved.location).toBe(`/connections/${connection}/credentials`)
  })

  it('with nothing typed says what is missing', async () => {
    for (const more of [{}, { save: 'on' }]) {
      const { status, html } = await ada.post(page(), { type: 'basic', intent: 'sign-in', ...more })
      expect(status).toBe(422)
      expect(textsOf(html, '.error-summary li')).toEqual(
        expect.arrayContaining(['Enter a username.', 'Enter a password.']),
      )
    }
  })

  it('when Keyward is too busy answers 429 and keeps what was typed, the secret aside, to be sent again', async () => {
    const { run } = app.connector
    app.connector.run = async () => {
      throw new TooBusy(5)
    }
    const answer = await ada.post(page(), typed({ save: 'on', name: `Kept ${count}`, intent: 'save-and-sign-in' }))
    const inPart = await ada.post(page(), typed(), { headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial' } })
    app.connector.run = run
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '5'])
    const form = answer.html.querySelector('main form')
    expect(form?.getAttribute('action')).toBe(page())
    expect(formValues(answer.html)).toMatchObject({ username: 'reporting', name: `Kept ${count}`, save: 'on' })
    expect(answer.text).not.toContain(password)
    // Sent again as it is, the form comes back and asks for the secret alone.
    const again = await ada.post(page(), formValues(answer.html))
    expect(textsOf(again.html, '.error-summary li')).toEqual(['Enter a password.'])
    expect(formValues(again.html)).toMatchObject({ username: 'reporting', name: `Kept ${count}`, save: 'on' })
    expect([inPart.status, inPart.headers.get('HX-Retarget')]).toEqual([429, '#flash'])
    expect(textOf(inPart.html, '[role=alert]')).not.toBe('')
  })

  it('C1 with the account or the connection of someone else answers 404 and dials nothing', async () => {
    const stored = await ada.post('/credentials/new', { ...typed(), name: `One ${count}`, connection, intent: 'save' })
    const account = stored.location?.split('/').at(-1) ?? ''
    const foreign = await addConnection(app, app.ben, `Bens ${count}`)
    const ben = await app.signInAs(app.ben)
    app.connector.jobs.length = 0
    expect((await ben.post(`/connections/${foreign}/sign-ins/new`, { account })).status).toBe(404)
    expect((await ben.post(page(), typed())).status).toBe(404)
    expect((await ben.post(page(), { account })).status).toBe(404)
    expect((await ada.post(page(), { account: 'nonsense' })).status).toBe(404)
    expect(app.connector.jobs).toEqual([])
    expect((await uses()).filter((entry) => entry.outcome === 'denied').length).toBeGreaterThan(0)
  })

  it('the diagnosis of someone else is not found, one of another connection neither', async () => {
    const answer = await ada.post(page(), typed())
    const other = await addConnection(app, app.ada, `Other ${count}`)
    const id = answer.location?.split('/').at(-1)
    expect((await ada.get(`/connections/${other}/sign-ins/${id}`)).status).toBe(404)
    expect((await (await app.signInAs(app.ben)).get(answer.location ?? '')).status).toBe(404)
  })

  it('with stored credentials off typed ones still work, and nothing offers to save', async () => {
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', false)
    try {
      const { text } = await ada.get(page())
      expect(text).not.toContain('Securely save')
      expect((await ada.post(page(), typed())).status).toBe(303)
      expect((await ada.post(page(), typed({ save: 'on' }))).status).toBe(403)
    } finally {
      await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', true)
    }
  })
})
