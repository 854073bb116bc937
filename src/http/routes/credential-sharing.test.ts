import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection } from '../../testing/domain.ts'
import { pathOf } from '../../testing/every-route.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ben: Client
let path: string
let id: string
let connectionId: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
})
afterAll(() => app.close())

beforeEach(async () => {
  connectionId = await addConnection(app, app.ada, `Sales ${++count}`)
  await app.sharing.share(app.ada, connectionId, app.ben.email, 'consumer')
  const fields = { username: new Secret('sealed-username'), password: new Secret('a password') }
  const account = { type: 'basic', name: `Reporting ${count}`, description: '', fields, connectionIds: [connectionId] }
  const made = await app.vault.create(app.ada, account)
  if (!made.ok) throw new Error(made.error)
  id = made.id
  path = `/credentials/${id}`
})

const share = (email = app.ben.email) => ada.post(`${path}/sharing`, { email })
const removal = (whom = app.ben) => `${path}/sharing/${whom.id}/removal`
const testPage = () => `/connections/${connectionId}/sign-ins/new`

describe('/credentials/:id/sharing', () => {
  it('alone says so and offers the form; with someone lists them and says what that means', async () => {
    const { html } = await ada.get(`${path}/sharing`)
    expect(textOf(html, '.empty-state h3')).toBe('Not shared yet')
    expect(formValues(html, 'form[aria-label="Share for use"]')).toEqual({ email: '' })
    expect((await share()).location).toBe(`${path}/sharing`)
    const listed = await ada.get(`${path}/sharing`)
    expect(textOf(listed.html, '.flash')).toContain('Shared. They can use these credentials')
    expect(textsOf(listed.html, '.relation-name')).toEqual(['Ben'])
    expect(textsOf(listed.html, '.relation .actions a')).toEqual(['Remove Ben'])
    expect(textOf((await ada.get(path)).html, '.facts')).toMatch(/Shared with ?1 person/)
  })

  it('with an address of nobody, of oneself and of someone who has it, keeps it and says what to do', async () => {
    const unknown = await share('nobody@example.com')
    expect(unknown.status).toBe(422)
    expect(textOf(unknown.html, 'title')).toMatch(/^Error: /)
    expect(unknown.html.querySelector('.error-summary a')?.getAttribute('href')).toBe('#field-email')
    expect(formValues(unknown.html, 'form[aria-label="Share for use"]')).toEqual({ email: 'nobody@example.com' })
    expect(textOf((await share(app.ada.email)).html, '.error-summary')).toContain('your own address')
    await share()
    expect(textOf((await share()).html, '.error-summary')).toContain('Ben may use these credentials already')
    expect(textOf((await share(app.eve.email)).html, '.error-summary')).toContain('Nobody in your organization')
  })
})

describe('Whom a credential is shared with', () => {
  it('finds on every address of it what is on the address of nothing', async () => {
    await share()
    const routes = app.app.table.filter(({ path: one }) => one.startsWith('/credentials/:id'))
    expect(routes.length).toBeGreaterThan(20)
    for (const route of routes) {
      const ids = { connectionId, userId: app.ben.id }
      const name = `${route.method} ${route.path}`
      const form = { email: app.root.email, revision: '1', name: 'Mine', connection: connectionId, password: 'x' }
      const ask = (address: string) => (route.method === 'GET' ? ben.get(address) : ben.post(address, form))
      const [theirs, nothing] = [await ask(pathOf(route, { id, ...ids })), await ask(pathOf(route, ids))]
      expect(theirs.status, name).toBe(404)
      expect(theirs.text, name).toBe(nothing.text)
    }
    expect(await app.credentialQueries.show(app.ada, id)).toMatchObject({ revision: 1, sharedWith: 1 })
    expect((await ben.post(`/connections/${connectionId}/credentials/new`, { credential: id })).status).toBe(404)
  })

  it('is offered it by name and owner, without its username, and uses it', async () => {
    await share()
    const page = await ben.get(testPage())
    expect(textsOf(page.html, '.account-name')).toEqual([`Reporting ${count} (Ada's)`])
    const jobs = app.connector.jobs.length
    const answer = await ben.post(testPage(), { account: id })
    expect(answer.status).toBe(303)
    expect(app.connector.jobs.length).toBe(jobs + 1)
    const shown = await ben.get(answer.location ?? '')
    expect(textOf(shown.html, 'h1')).toContain('Signed in to')
    const tab = await ben.get(`/connections/${connectionId}/credentials`)
    expect(textsOf(tab.html, '.relation-name')).toEqual([`Reporting ${count} (Ada's)`])
    expect(textsOf(tab.html, '.relation button')).toEqual(['Test'])
    const seen = [page, shown, tab, await ben.get('/credentials/shared'), await ben.get(`/connections/${connectionId}`)]
    for (const { text } of [...seen, await ben.get('/activity'), await ben.get('/credentials')]) {
      expect(text).not.toContain('sealed-username')
    }
    expect(textOf((await ada.get(`${path}/history?kind=uses`)).html, '#entries tbody tr')).toMatch(/Ben.*test.*allowed/)
  })

  it('sees it in a list with its owner and where it can be used', async () => {
    await share()
    const { html } = await ben.get('/credentials/shared')
    const row = textsOf(html, 'tbody tr').find((text) => text.includes(`Reporting ${count}`))
    expect(row).toMatch(/Ada ?Sales \d+ ?not lately/)
    const none = await (await app.signInAs(app.root)).get('/credentials/shared')
    expect(textOf(none.html, '.empty-state')).toContain('Nothing is shared with you')
    expect(textOf((await ben.get('/credentials')).html, '#panel')).toContain('Shared with you')
  })
})

describe('/credentials/shared/:id/return', () => {
  const back = () => `/credentials/shared/${id}/return`

  it('says what stops, and ends it: it is in no list of theirs any more, and its owner sees who gave it back', async () => {
    await share()
    const listed = await ben.get('/credentials/shared')
    const link = listed.html.querySelector(`a[href="${back()}"]`)
    expect(link?.getAttribute('aria-label')).toBe(`Give back Reporting ${count}`)
    const asked = await ben.get(back())
    expect(textOf(asked.html, 'h1')).toBe(`Give back Reporting ${count}`)
    expect(textsOf(asked.html, 'main li')).toContain('No dataset of yours was made with it.')
    const part = await ben.fragment(back())
    expect(part.text).not.toContain('<html')
    expect(textOf(part.html, 'h1')).toBe(`Give back Reporting ${count}`)
    expect(asked.text).not.toContain('sealed-username')
    expect((await ben.post(back())).location).toBe('/credentials/shared')
    const after = await ben.get('/credentials/shared')
    expect(textOf(after.html, '.flash')).toContain('Given back.')
    expect(textsOf(after.html, 'main')[0]).not.toContain(`Reporting ${count}`)
    expect(textsOf((await ben.get(testPage())).html, '.account-name')).toEqual([])
    const history = textsOf((await ada.get(`${path}/history?kind=changes`)).html, '#entries tbody tr')
    expect(history[0]).toMatch(/Ben/)
    expect(textOf((await ada.get(`${path}/sharing`)).html, '.empty-state h3')).toBe('Not shared yet')
  })

  it('asked for by anyone but its receiver, its owner too, is the page of nothing', async () => {
    await share()
    const nothing = '/credentials/shared/01900000-0000-7000-8000-000000000000/return'
    for (const actor of [app.ada, app.root, app.eve]) {
      const client = await app.signInAs(actor)
      for (const [theirs, none] of [
        [await client.get(back()), await client.get(nothing)],
        [await client.post(back()), await client.post(nothing)],
      ] as const) {
        expect(theirs.status, actor.name).toBe(404)
        expect(theirs.text, actor.name).toBe(none.text)
      }
    }
    expect((await app.credentialSharing.people(app.ada, id)).map(({ name }) => name)).toEqual(['Ben'])
    await ben.post(back())
    expect((await ben.post(back())).status).toBe(404)
    expect((await ben.get(back())).status).toBe(404)
  })
})

describe('/credentials/:id/sharing/:userId/removal', () => {
  it('says what stops, and ends it: the next use is refused in words, recorded, and dials nobody', async () => {
    await share()
    await ben.post(testPage(), { account: id })
    const asked = await ada.get(removal())
    expect(textOf(asked.html, 'h1')).toBe('Remove Ben')
    expect(textsOf(asked.html, 'main li')).toContain('No dataset of theirs was made with it.')
    expect((await ada.post(removal())).location).toBe(`${path}/sharing`)
    const jobs = app.connector.jobs.length
    const random = '01900000-0000-7000-8000-000000000000'
    for (const [address, form] of [
      [testPage(), {}],
      [`/catalog/add?connection=${connectionId}`, { intent: 'tables' }],
      [`/catalog/add?connection=${connectionId}`, { intent: 'create', tab: 'tables', item: '["public","t"]' }],
    ] as const) {
      const [refused, nothing] = [
        await ben.post(address, { ...form, account: id }),
        await ben.post(address, { ...form, account: random }),
      ]
      expect([address, refused.status]).toEqual([address, 404])
      expect(textOf(refused.html, 'main')).toContain('you may not use it any more, so nothing was sent')
      expect(refused.text).toBe(nothing.text)
    }
    expect(app.connector.jobs.length).toBe(jobs)
    const listed = await ada.get(`${path}/history?kind=uses`)
    const rows = textsOf(listed.html, '#entries tbody tr')
    expect(rows.filter((row) => row.includes('denied'))).toHaveLength(3)
    expect((await ada.post(removal())).status).toBe(404)
    expect((await ada.get(removal(app.root))).status).toBe(404)
  })
})
