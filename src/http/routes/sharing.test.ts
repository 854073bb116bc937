import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ben: Client
let path: string
let id: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
})
afterAll(() => app.close())
beforeEach(async () => {
  count += 1
  id = await addConnection(app, app.ada, `Sales ${count}`)
  path = `/connections/${id}`
})

const share = (role: string) => ada.post(`${path}/sharing`, { email: app.ben.email, role })
const role = () => `${path}/sharing/${app.ben.id}/role`
const removal = (whom = app.ben) => `${path}/sharing/${whom.id}/removal`

describe('/connections/:id/sharing', () => {
  it('alone says so and offers the form; with someone lists them with their role', async () => {
    const { html } = await ada.get(`${path}/sharing`)
    expect(textOf(html, '.empty-state h3')).toBe('Not shared yet')
    expect(formValues(html)).toEqual({ email: '', role: 'consumer' })
    expect(textOf(html, 'main')).toContain('Sharing a data connection never shares credentials')
    const answer = await share('editor')
    expect(answer.location).toBe(`${path}/sharing`)
    const listed = await ada.get(`${path}/sharing`)
    expect(textOf(listed.html, '.flash')).toBe('Shared. They use this data connection with credentials of their own.')
    expect(textsOf(listed.html, '.relation-name')).toEqual(['Ada you', 'Ben'])
    expect(textsOf(listed.html, '.relation .relation-line')[1]).toContain('Editor · ben')
    expect(textsOf(listed.html, '.relation .actions a')).toEqual(['Change role of Ben', 'Remove Ben'])
  })

  it('with an address of nobody and without a role, keeps what was typed and says what to do', async () => {
    const unknown = await ada.post(`${path}/sharing`, { email: 'nobody@example.com', role: 'editor' })
    expect(unknown.status).toBe(422)
    expect(textOf(unknown.html, 'title')).toMatch(/^Error: /)
    expect(unknown.html.querySelector('.error-summary a')?.getAttribute('href')).toBe('#field-email')
    expect(formValues(unknown.html)).toEqual({ email: 'nobody@example.com', role: 'editor' })
    expect(textOf((await share('')).html, '.error-summary')).toContain('Choose a role.')
  })

  it('is read by all who see the connection, and changed by owners alone; strangers find nothing', async () => {
    for (const page of ['sharing', 'activity']) expect((await ben.get(`${path}/${page}`)).status).toBe(404)
    await share('consumer')
    expect(textOf((await ben.get(path)).html, 'main')).toContain('You have not signed in yet.')
    const { html, status } = await ben.get(`${path}/sharing`)
    expect([status, html.querySelector('main form')]).toEqual([200, null])
    expect(textsOf(html, '.relation .actions a')).toEqual(['Leave'])
    for (const forbidden of [`${path}/edit`, `${path}/deletion`, `${path}/sharing`, role(), removal(app.ada)]) {
      const answer = await ben.post(forbidden, { email: app.root.email, role: 'owner' })
      expect([forbidden, answer.status]).toEqual([forbidden, 403])
      expect(textOf(answer.html, 'main')).toContain('Ask one of its owners.')
    }
    for (const forbidden of [`${path}/edit`, `${path}/deletion`, role(), removal(app.ada)]) {
      expect([forbidden, (await ben.get(forbidden)).status]).toEqual([forbidden, 403])
    }
    expect((await ada.get(path)).status).toBe(200)
  })

  it('every page as a fragment has the same content as the document', async () => {
    await share('consumer')
    for (const page of [`${path}/sharing`, `${path}/activity`, role(), removal()]) {
      const [whole, part] = [await ada.get(page), await ada.fragment(page)]
      expect([whole.status, part.status]).toEqual([200, 200])
      expect(textOf(whole.html, 'main h1')).toBe(textOf(part.html, 'h1'))
      expect(part.text).not.toContain('<html')
    }
  })
})

describe('/connections/:id/sharing/:userId/role', () => {
  it('shows the present role and changes it; without one, and of who added it, changes nothing', async () => {
    await share('consumer')
    expect(formValues((await ada.get(role())).html)).toEqual({ role: 'consumer' })
    expect((await ada.post(role(), { role: 'owner' })).location).toBe(`${path}/sharing`)
    expect(textOf((await ben.get(`${path}/sharing`)).html, '.relation-list, .relations')).toContain('Owner · ben')
    expect(textOf((await ada.post(role(), {})).html, '.error-summary')).toContain('Choose a role.')
    expect((await ada.get(`${path}/sharing/${app.ada.id}/role`)).status).toBe(404)
    const first = await ben.post(`${path}/sharing/${app.ada.id}/role`, { role: 'consumer' })
    expect(first.status).toBe(422)
    expect(textOf(first.html, '.error-summary')).toContain('stays its owner')
    expect((await ada.get(`${path}/sharing/${app.root.id}/role`)).status).toBe(404)
  })
})

describe('/connections/:id/sharing/:userId/removal', () => {
  it('counts what stops, then takes the connection away; its use is answered as that of nothing', async () => {
    await share('consumer')
    const account = { type: 'basic', name: `Bens ${count}`, username: 'u', password: 'a good one' }
    const stored = await ben.post('/credentials/new', { ...account, connection: id, intent: 'save' })
    expect(textOf((await ada.get(`${path}/credentials`)).html, 'main')).toContain('1 credential of somebody else')
    const asked = await ada.get(removal())
    expect(textOf(asked.html, 'h1')).toBe('Remove Ben')
    expect(textsOf(asked.html, 'main li').slice(-2)).toEqual([
      '1 credential stays with them and loses its association with it.',
      'No dataset of theirs came from it.',
    ])
    expect((await ada.post(removal())).location).toBe(`${path}/sharing`)
    expect((await ben.get(path)).status).toBe(404)
    expect(textOf((await ben.get(stored.location ?? '')).html, '.empty-state h3')).toBe('No connections')
    const used = await ben.post(`${path}/sign-ins/new`, { account: stored.location?.split('/').at(-1) ?? '' })
    expect(used.status).toBe(404)
    expect(textOf(used.html, 'main')).toContain('or you do not have access to it')
    expect((await ada.post(removal())).status).toBe(404)
  })

  it('of oneself, leaves and leads to the list; who added it cannot', async () => {
    await share('consumer')
    expect(textOf((await ben.get(removal())).html, 'h1')).toBe(`Leave Sales ${count}`)
    expect((await ben.post(removal())).location).toBe('/connections')
    expect((await ben.get(path)).status).toBe(404)
    expect((await ada.get(removal(app.ada))).status).toBe(404)
    expect(textOf((await ada.post(removal(app.ada))).html, '.error-summary')).toContain('stays its owner')
  })
})

describe('/connections/:id/activity', () => {
  it('lists all for owners and editors, their own for consumers, a page at a time', async () => {
    await share('consumer')
    const rows = async (client: Client) => textsOf((await client.get(`${path}/activity`)).html, 'tbody th')
    expect(await rows(ben)).toEqual([])
    expect(textOf((await ben.get(`${path}/activity`)).html, '.empty-state h3')).toBe('Nothing yet')
    await ben.post(`${path}/sign-ins/new`, { type: 'basic', username: 'u', password: 'p', intent: 'sign-in' })
    expect(await rows(ben)).toEqual(['Use a data connection'])
    expect(await rows(ada)).toEqual(['Use a data connection', 'Share a data connection', 'Add a data connection'])
    expect(textOf((await ada.get(`${path}/activity`)).html, 'tbody')).toContain('Ben (consumer)')
    await ada.post(role(), { role: 'editor' })
    expect(await rows(ben)).toHaveLength(4)
    for (let n = 0; n < 50; n++) await ada.post(role(), { role: n % 2 === 0 ? 'consumer' : 'editor' })
    const first = await ada.get(`${path}/activity`)
    expect(first.html.querySelectorAll('tbody tr')).toHaveLength(50)
    const next = first.html.querySelector('nav[aria-label="Pages of activity"] a')?.getAttribute('href') ?? ''
    expect(textsOf((await ada.get(next)).html, 'tbody th').at(-1)).toBe('Add a data connection')
  })
})

describe('A destination changed by an editor', () => {
  it('says how many accounts of others stop, and each owner confirms with their own password', async () => {
    await share('editor')
    const account = { type: 'basic', name: `Adas ${count}`, username: 'u', password: 'a good one' }
    await ada.post('/credentials/new', { ...account, connection: id, intent: 'save' })
    const form = formValues((await ben.get(`${path}/edit`)).html)
    const asked = await ben.post(`${path}/edit`, { ...form, host: 'new.example.com' })
    expect(asked.status).toBe(422)
    expect(textOf(asked.html, '.notice')).toContain('1 account of other people')
    expect(asked.text).not.toContain(`Adas ${count}`)
    expect((await ben.post(`${path}/edit`, formValues(asked.html))).location).toBe(path)
    expect(textOf((await ada.get(`${path}/credentials`)).html, '.relation')).toContain('destination changed')
  })
})
