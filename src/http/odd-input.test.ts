import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../testing/app.ts'
import type { Client } from '../testing/client.ts'
import { addConnection, signedIn } from '../testing/domain.ts'
import { pathOf } from '../testing/every-route.ts'

let app: TestApp
let root: Client
let ids: Readonly<Record<string, string>>

beforeAll(async () => {
  app = await testApp()
  root = await app.signInAs(app.root)
  const connectionId = await addConnection(app, app.root)
  const account = { name: 'Reporting', type: 'basic', username: 'u', password: 'p', connection: connectionId }
  const made = await root.post('/credentials/new', account)
  const [dataset = ''] = await app.catalog.datasets.create(app.root, {
    connectionId,
    account: { kind: 'typed', type: 'basic', fields: {} },
    items: [{ name: 'Orders', source: { kind: 'table', schema: 'public', table: 'orders' } }],
    rowLimit: null,
  })
  const credentialId = made.location?.split('/').at(-1) ?? ''
  ids = { credentials: credentialId, connections: connectionId, catalog: dataset, connectionId }
})
afterAll(() => app.close())

const odd = ['a\0b', '{"a":1}', '-1e400', '99999999999999999999', 'x'.repeat(5_000)]
const parameters = 'q after before page connection account driver type sort from different as next token'.split(' ')

test('a table whose name has half a character, which no column takes, is left out', async () => {
  app.connector.next = { ...signedIn, value: { schemas: [], tables: [] } } as never
  const chosen = { tab: 'tables', account: ids.credentials ?? '', intent: 'create', item: '["\\ud800","t"]' }
  const { status, text } = await root.post(`/catalog/add?connection=${ids.connectionId}`, chosen)
  expect([status, text.includes('Choose at least one table.')]).toEqual([422, true])
  app.connector.next = signedIn
})

test('every page, asked for with odd text in every parameter, answers below 500', async () => {
  for (const path of pathsOf('GET')) {
    for (const text of odd) {
      const search = new URLSearchParams(parameters.map((name): [string, string] => [name, text]))
      expect((await root.get(`${path}?${search}`)).status, `${path} ${text.slice(0, 20)}`).toBeLessThan(500)
    }
  }
})

const valid = {
  name: 'Odd',
  type: 'basic',
  username: 'u',
  password: 'p',
  host: 'db.example.com',
  port: '5432',
  database: 'd',
  tls: 'disable',
  revision: '1',
  email: 'ada@example.com',
  organization: 'O',
  tab: 'query',
  query: 'select 1',
  dataset: 'D',
}
const others = 'description connection credential account held item rowLimit destination user from taken intent'.split(
  ' ',
)

test('every form, sent with a NUL in one field after the other, answers below 500', async () => {
  // Those that end what the others need are in the next test.
  for (const path of pathsOf('POST').filter((one) => !/deletion|disabling|cancellation/.test(one))) {
    for (const field of [...Object.keys(valid), ...others]) {
      const { status } = await root.post(path, { ...valid, [field]: 'a\0b' })
      expect(status, `${path} ${field}`).toBeLessThan(500)
    }
  }
}, 120_000)

test('every form, sent with odd text in all fields, answers below 500', async () => {
  for (const path of pathsOf('POST')) {
    for (const text of odd) {
      const all = [...Object.keys(valid), ...others].map((name) => [name, text])
      expect((await root.post(path, Object.fromEntries(all))).status, `${path} ${text.slice(0, 20)}`).toBeLessThan(500)
    }
  }
}, 60_000)

function pathsOf(method: string): string[] {
  const table = app.app.table.filter((route) => route.method === method && route.path !== '/logout')
  return table.map((route) => pathOf(route, { ...ids, id: ids[route.path.split('/')[1] ?? ''] ?? '' }))
}
