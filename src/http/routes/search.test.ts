import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../db/new-id.ts'
import { datasets, datasetVersions } from '../../db/schema/catalog.ts'
import { indexDataset } from '../../search/documents.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection } from '../../testing/domain.ts'
import { textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ben: Client
let dataset: string
let connection: string

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
  connection = await addConnection(app, app.ada, 'Orders place', 'orders.example.com')
  dataset = await addDataset('Orders of 2024', ['order_id', 'customer'])
  await ada.post('/credentials/new', {
    type: 'basic',
    name: 'Order desk',
    username: 'orders_ro',
    password: 'hunter2 hunter2',
  })
})
afterAll(() => app.close())

async function addDataset(name: string, columns: readonly string[] = []): Promise<string> {
  const { id: ownerId, organizationId } = app.ada
  const id = newId()
  const source = { kind: 'table', schema: 'public', table: 't' } as const
  await app.db.transaction(async (tx) => {
    await tx.insert(datasets).values({ id, organizationId, ownerId, name, source, connectionId: connection })
    await tx.insert(datasetVersions).values({
      ...{
        id: newId(),
        organizationId,
        datasetId: id,
        number: 1,
        status: 'completed',
        createdBy: ownerId,
        runId: newId(),
      },
      ...{ accountName: 'reader', columns: columns.map((column) => ({ name: column, type: 'VARCHAR' })) },
    })
    await indexDataset(tx, id)
  })
  return id
}

const search = (client: Client, text: string) => client.get(`/search?q=${encodeURIComponent(text)}`)

describe('GET /search', () => {
  test('groups what it finds, each a link, and keeps the text in the box of the top bar', async () => {
    const { status, html } = await search(ada, 'ORDER')
    expect(status).toBe(200)
    expect(textsOf(html, '#found h2')).toEqual(['Datasets 1', 'Columns 1', 'Data connections 1', 'Credentials 1'])
    const links = [...html.querySelectorAll('#found a')].map((link) => link.getAttribute('href'))
    expect(links).toEqual([
      `/catalog/${dataset}`,
      `/catalog/${dataset}`,
      `/connections/${connection}`,
      expect.stringMatching(/^\/credentials\/[0-9a-f-]{36}$/),
    ])
    expect(textsOf(html, '#found a')).toEqual([
      'Orders of 2024 Orders place',
      'order_id in Orders of 2024',
      'Orders place PostgreSQL · postgresql://orders.example.com:5432/sales',
      'Order desk orders_ro',
    ])
    expect(html.querySelector('#site-search')?.getAttribute('value')).toBe('ORDER')
    expect(html.querySelector('title')?.textContent).toBe('Search for ORDER · Keyward')
    expect(textOf(html, 'main .subtitle')).toBe('4 found for "ORDER".')
  })

  test('finds nothing of it for somebody else, and never a secret', async () => {
    expect(textOf((await search(ben, 'order')).html, '#found h2')).toBe('Nothing found')
    expect(textOf((await search(ada, 'hunter2')).html, '#found h2')).toBe('Nothing found')
  })

  test.each([
    ['', 'What are you looking for?'],
    ['   ', 'What are you looking for?'],
    ['o', 'Too short'],
    ['o'.repeat(401), 'Too long'],
    ['o'.repeat(400), 'Nothing found'],
    ['%%%', 'Nothing found'],
    ['<script>alert(1)</script>', 'Nothing found'],
    ["' or 1=1 --", 'Nothing found'],
    ['\u0001\t', 'What are you looking for?'],
    ['\u202e\ud800𝕏', 'Nothing found'],
  ])('for %j says: %s', async (text, heading) => {
    const { status, html } = await ada.get(`/search?q=${encodeURIComponent(text.toWellFormed())}`)
    expect(status).toBe(200)
    expect(textOf(html, '#found h2')).toBe(heading)
  })

  test('shows odd names as text', async () => {
    const odd = '<img src=x onerror=alert(1)> & "quotes" \u202e'
    await addDataset(odd)
    const { html, text } = await search(ada, '<img src')
    expect(html.querySelector('#found img')).toBeNull()
    expect(textOf(html, '#found .found-name')).toBe(odd.trim())
    expect(text).not.toContain('<img src=x')
  })

  test('of more than ten leads to the list that has them all', async () => {
    for (let index = 0; index < 12; index++) await addConnection(app, app.ada, `Depot ${index}`, 'depot.example.com')
    const { html } = await search(ada, 'dépot')
    expect(html.querySelectorAll('#found a')).toHaveLength(11)
    const all = [...html.querySelectorAll('#found a')].at(-1)
    expect(all?.textContent).toBe('All 12 data connections')
    const list = await ada.get(all?.getAttribute('href') ?? '')
    expect(textsOf(list.html, 'main a').filter((name) => name.startsWith('Depot'))).toHaveLength(12)
  })

  test('sent as a fragment is the main of the document', async () => {
    const whole = await search(ada, 'order')
    const part = await ada.fragment('/search?q=order')
    expect(part.html.querySelector('#found')?.outerHTML).toBe(whole.html.querySelector('#found')?.outerHTML)
  })

  test('signed out leads to the sign-in page and comes back with the text', async () => {
    const answer = await app.client().get('/search?q=orders')
    expect(answer.status).toBe(303)
    expect(answer.location).toContain(encodeURIComponent('/search?q=orders'))
  })

  test('with stored credentials off mentions none', async () => {
    await app.features.change(app.root, app.root.organizationId, 'stored_credentials', false)
    const page = await ada.get('/search')
    expect(textOf(page.html, 'main')).not.toContain('redentials')
    expect(textsOf((await search(ada, 'order')).html, '#found h2')).toEqual([
      'Datasets 1',
      'Columns 1',
      'Data connections 1',
    ])
    await app.features.change(app.root, app.root.organizationId, 'stored_credentials', true)
  })
})
