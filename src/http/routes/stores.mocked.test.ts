import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Driver } from '../../connector/driver.ts'
import { connections } from '../../db/schema/connections.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection } from '../../testing/domain.ts'
import { textOf, textsOf } from '../../testing/html.ts'

// Beside the real ones, one driver without its library and one that was not tried with a real server.
vi.mock('../../connector/registry.ts', async (original) => {
  const { drivers } = await original<{ drivers: readonly Driver[] }>()
  const [first] = drivers
  const more = [
    { ...first, id: 'frostbite', label: 'Frostbite', library: 'keyward-no-such-library' },
    { ...first, id: 'granite', label: 'Granite', summary: 'Slabs and 100% rock', isVerified: false },
  ]
  const all = [...drivers, ...more]
  return { drivers: all, driver: (id: string) => all.find((one) => one.id === id) }
})

let app: TestApp
let ada: Client

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())

describe('GET /connections/new', () => {
  it('shows every store with what it is, those that were not tried with a real server as previews', async () => {
    const { html } = await ada.get('/connections/new')
    expect(textsOf(html, '.store-grid a .store-name')).toEqual(
      expect.arrayContaining(['PostgreSQL', 'Granite preview']),
    )
    expect(textOf(html, '.store-grid a[href$="driver=granite"]')).toContain('Slabs and 100% rock')
  })

  it('shows a store whose library is missing as what it is, with the command that installs it, and no link', async () => {
    const { html } = await ada.get('/connections/new')
    expect(textOf(html, '.store-missing')).toContain('Frostbite')
    expect(textOf(html, '.store-missing code')).toBe('npm install keyward-no-such-library')
    expect(html.querySelector('a[href*="frostbite"]')).toBeNull()
  })

  it('searched, shows what has every word, and a way back where nothing has', async () => {
    const found = await ada.get('/connections/new?q=ROCK+slabs')
    expect(textsOf(found.html, '.store-grid .store-name')).toEqual(['Granite preview'])
    expect(found.html.querySelector('main [name="q"]')?.getAttribute('value')).toBe('ROCK slabs')
    const none = await ada.get('/connections/new?q=%3Cb%3Enothing')
    expect(textOf(none.html, '.empty-state h2')).toBe('No data store found')
    expect(none.text).not.toContain('<b>nothing')
  })

  it('as a fragment has the same content as the document', async () => {
    for (const page of ['/connections/new?q=granite', '/connections/new?driver=frostbite']) {
      const [whole, part] = [await ada.get(page), await ada.fragment(page)]
      expect(textsOf(part.html, 'h1, a, button, code'), page).toEqual(
        textsOf(whole.html, '#main h1, #main a, #main button, #main code'),
      )
    }
  })
})

describe('A driver without its library', () => {
  const address = '/connections/new?driver=frostbite'

  it('has a page that says so instead of a form, and takes none', async () => {
    const { html, status } = await ada.get(address)
    expect([status, html.querySelector('main form')]).toEqual([200, null])
    expect(textOf(html, '.notice pre')).toBe('npm install keyward-no-such-library')
    const form = { name: 'Cold', host: 'h.example.com', database: 'd', tls: 'verify-full', port: '' }
    expect(textOf((await ada.post(address, form)).html, '.notice')).toContain('Keyward cannot use Frostbite here')
    expect(textOf((await ada.get('/connections')).html, 'main')).not.toContain('Cold')
  })

  it('says so on a connection of old, and a sign-in there fails as a fact, with nothing sent', async () => {
    const id = await addConnection(app, app.ada, 'Old')
    await app.db.update(connections).set({ driver: 'frostbite' })
    expect(textOf((await ada.get(`/connections/${id}`)).html, '.notice pre')).toContain('npm install')
    app.connector.jobs.length = 0
    const form = { type: 'basic', username: 'u', password: 'canary-5a0c', intent: 'once' }
    const answer = await ada.post(`/connections/${id}/sign-ins/new`, form)
    const page = await ada.get(answer.location ?? '')
    expect([page.status, textOf(page.html, 'h1')]).toEqual([200, 'Sign-in to Old failed'])
    expect(textOf(page.html, '.rung-failed')).toContain('the library keyward-no-such-library is not installed')
    expect(textOf(page.html, '.rung-failed')).toContain('"npm install keyward-no-such-library"')
    expect(app.connector.jobs).toEqual([])
  })
})
