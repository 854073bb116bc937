import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { tableOf } from '../../src/http/routing.ts'
import { allRoutes, type RouteDependencies } from '../../src/routes.ts'
import { testPassword } from '../../src/testing/actors.ts'
import { pathOf } from '../../src/testing/every-route.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addPeople } from './people.ts'
import { createRecorder, type Form, type Page, type Recorder } from './recorder.ts'

/** Things of one person: a credential that is associated with a connection, and a dataset from it. */
type Belongings = {
  readonly browser: Recorder
  readonly credential: string
  readonly connection: string
  readonly dataset: string
  /** The dataset and another one, added together. */
  readonly addition: string
  readonly signIn: string
  /** A proven edit of the credential. */
  readonly edit: string
  /** What they were told of it. */
  readonly notification: string
  readonly user: string
  /** Of typed credentials, on the page of **Add from data connection**. */
  readonly held: string
}

let server: StartedServer
let target: Server
let dials = 0
let ada: Belongings
const strangers: { name: string; own: Belongings }[] = []

beforeAll(async () => {
  server = await startServer()
  target = createServer((socket) => {
    dials++
    socket.destroy()
  })
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  const acme = await addPeople(server)
  const other = await addPeople(server, 'Other')
  ada = await settle(await acme.member('Ada'))
  strangers.push({ name: 'someone of the same organization', own: await settle(await acme.member('Ben')) })
  strangers.push({ name: 'someone of another organization', own: await settle(await other.member('Eve')) })
  strangers.push({ name: 'the administrator', own: await settle(acme.root) })
})

afterAll(async () => {
  target?.close()
  await server?.stop()
})

describe('C1 an id of someone else', () => {
  test('in a path, answers 404 on every route, dials nobody and leaves a trace of what was tried', async () => {
    const routes = tableOf(allRoutes({ computing: {} } as unknown as RouteDependencies)).filter(({ path }) =>
      /:(id|\w+Id)\b/.test(path),
    )
    const ours = routes.filter(({ policy }) => policy !== 'administrator')
    expect(ours.length).toBeGreaterThan(25)
    const problems: string[] = []
    for (const { name, own } of strangers) {
      for (const { method, path } of ours) {
        for (const address of foreignPaths(path, own)) {
          const what = `${method} ${path} by ${name} (${address})`
          const ask = () => (method === 'GET' ? own.browser.get(address) : own.browser.post(address, likely))
          problems.push(...(await problemsOf(what, method === 'POST', ask)))
        }
      }
    }
    expect(problems).toEqual([])
  })

  test('in a form or a query, is answered as an id of nothing, dials nobody and leaves a trace', async () => {
    const problems: string[] = []
    for (const { name, own } of strangers) {
      for (const { what, ask } of foreignForms(own))
        problems.push(...(await problemsOf(`${what} by ${name}`, true, ask)))
    }
    expect(problems).toEqual([])
  })

  test('of typed credentials that are held, uses and stores nothing', async () => {
    for (const { own } of strangers) {
      const before = dials
      const looked = await own.browser.post(`/catalog/add?connection=${own.connection}`, {
        held: ada.held,
        open: 'public',
      })
      expect(looked.status).toBe(422)
      const add = {
        ...somewhere(own.connection.slice(-6)),
        taken: ada.held,
        save: 'on',
        account: `taken ${own.credential.slice(-6)}`,
      }
      await own.browser.post('/connections/new?driver=postgresql', add)
      expect((await own.browser.get('/credentials')).text).not.toContain('taken')
      expect(dials).toBe(before)
    }
  })

  test('leaves everything of its owner as it was', async () => {
    const { browser, connection, credential, dataset } = ada
    for (const path of [`/credentials/${credential}`, `/connections/${connection}`, `/catalog/${dataset}`]) {
      expect((await browser.get(path)).status).toBe(200)
    }
    expect((await browser.get(`/credentials/${credential}`)).text).toContain('Where ada is')
    const before = dials
    await browser.post(`/connections/${connection}/sign-ins/new`, { account: credential })
    expect(dials).toBe(before + 1)
  })
})

/** What a form anywhere might be sent, so that nothing stops at a missing field. */
const likely: Form = {
  ...{ type: 'basic', name: 'Stolen', username: 'someone', password: 'something', revision: '1', intent: 'save' },
  ...{ 'sign-in': 'once', destination: 'somewhere', confirmed: 'destination', datasets: 'delete' },
  ...{ email: 'somebody@example.com', role: 'owner' },
  ...{ every: 'day', at: '06:00', zone: 'UTC', catchUp: 'once' },
}

/** The route's address with Ada's ids: all of them, and each beside an id of the asking person's own. */
function foreignPaths(path: string, own: Belongings): string[] {
  const noun = path.split('/')[1]
  const of = (who: Belongings) => (path.startsWith('/catalog/additions/') ? who.addition : ownOf(who))
  const ownOf = (who: Belongings) =>
    ({
      ...{ credentials: who.credential, connections: who.connection, catalog: who.dataset },
      notifications: who.notification,
    })[noun ?? ''] ?? ''
  const rest = (who: Belongings) => ({
    connectionId: who.connection,
    signInId: who.signIn,
    userId: who.user,
    editId: who.edit,
  })
  const addresses = [pathOf({ path }, { id: of(ada), ...rest(ada) })]
  if (!/:\w+Id\b/.test(path)) return addresses
  return [
    ...addresses,
    pathOf({ path }, { id: of(own), ...rest(ada) }),
    pathOf({ path }, { id: of(ada), ...rest(own) }),
  ]
}

function foreignForms(own: Belongings): { what: string; ask: () => Promise<Page> }[] {
  const typed = { type: 'basic', username: 'someone', password: 'something' }
  const add = (connection: string) => `/catalog/add?connection=${connection}`
  const table = { tab: 'tables', item: '["public","customers"]', schema: 'public', query: 'select 1' }
  const intents: Form[] = [{ intent: 'schemas' }, { open: 'public' }, { intent: 'tables' }, { intent: 'create' }]
  const query: Form[] = [{ intent: 'preview' }, { intent: 'create' }].map((form) => ({ ...form, tab: 'query' }))
  const looks = [...intents.map((form) => ({ ...table, ...form })), ...query.map((form) => ({ ...table, ...form }))]
  const cases: [string, Form][] = [
    ['/credentials/bulk', { action: 'delete', id: ada.credential }],
    ['/credentials/new', { ...typed, name: 'With a connection', connection: ada.connection }],
    ['/credentials/new', { ...typed, name: 'With a connection', connection: ada.connection, intent: 'save' }],
    [`/credentials/${own.credential}/associations/new`, { connection: ada.connection }],
    [`/connections/${own.connection}/credentials/new`, { credential: ada.credential }],
    [`/connections/${own.connection}/sign-ins/new`, { account: ada.credential }],
    [`/catalog/${own.dataset}/versions/new`, { account: ada.credential }],
    [
      `/catalog/${own.dataset}/schedule`,
      { every: 'hour', minute: '7', zone: 'UTC', catchUp: 'once', account: ada.credential },
    ],
    ...looks.map((form): [string, Form] => [add(own.connection), { ...form, account: ada.credential }]),
    ...looks.map((form): [string, Form] => [add(ada.connection), { ...form, account: own.credential }]),
    ...looks.map((form): [string, Form] => [
      '/catalog/add',
      { ...form, connection: ada.connection, account: ada.credential },
    ]),
    [add(ada.connection), { ...typed, 'sign-in': 'once' }],
    [add(ada.connection), { ...typed, 'sign-in': 'save', save: 'on', name: 'Saved there' }],
  ]
  return cases.map(([path, form]) => ({
    what: `${path} ${JSON.stringify(form)}`,
    ask: () => own.browser.post(path, form),
  }))
}

/** Returns what was wrong with the answer, in a line each. */
async function problemsOf(what: string, traced: boolean, ask: () => Promise<Page>): Promise<string[]> {
  const [dialled, denied] = [dials, await denials()]
  const answer = await ask()
  return [
    answer.status === 404 ? [] : `${what}: answers ${answer.status}`,
    // A digest of a style sheet may spell anything.
    /ada/i.test(answer.text.replaceAll(/\/assets\/[^"]*/g, '')) ? `${what}: names Ada` : [],
    dials === dialled ? [] : `${what}: dials`,
    !traced || (await denials()) > denied ? [] : `${what}: leaves no trace`,
  ].flat()
}

async function denials(): Promise<number> {
  client ??= await connectToLedger()
  const { rows } = await client.query(`select count(*)::int as count from audit_entries where outcome = 'denied'`)
  return rows[0].count
}

let client: pg.Client | undefined

async function connectToLedger(): Promise<pg.Client> {
  const connected = new pg.Client({ connectionString: server.database?.ownerUrl })
  connected.on('error', () => {})
  await connected.connect()
  return connected
}

function somewhere(name: string) {
  const { port } = target.address() as AddressInfo
  return { name, host: '127.0.0.1', port: String(port), database: 'db', tls: 'disable' }
}

async function settle(user: UserActor): Promise<Belongings> {
  const browser = createRecorder(server.origin, () => {})
  await browser.post('/login', { email: user.email, password: testPassword })
  const name = user.name.toLowerCase()
  const made = await browser.post('/connections/new?driver=postgresql', somewhere(`Where ${name} is`))
  const connection = idIn(made, /\/connections\/([0-9a-f-]{36})\/edit/)
  const account = { type: 'basic', username: name, password: `of ${name}` }
  const stored = await browser.post('/credentials/new', { ...account, name, connection, intent: 'save' })
  const credential = idIn(stored, /\/credentials\/([0-9a-f-]{36})\/edit/)
  const tried = await browser.post(`/connections/${connection}/sign-ins/new`, { account: credential })
  const signIn = /sign-ins\/([0-9a-f-]{36})/.exec(tried.path)?.[1] ?? ''
  const create = {
    account: credential,
    tab: 'tables',
    intent: 'create',
    item: ['["public","customers"]', '["public","orders"]'],
  }
  const added = await browser.post(`/catalog/add?connection=${connection}`, create)
  const dataset = idIn(added, /href="\/catalog\/([0-9a-f-]{36})"/)
  const addition = /additions\/([0-9a-f-]{36})/.exec(added.path)?.[1] ?? ''
  // The snapshots dial in their own time; what is counted later must not be theirs.
  await until(async () => !(await browser.get(added.path)).text.includes('http-equiv="refresh"'))
  const address = `postgresql://${name}:held@127.0.0.1/db`
  const pasted = await browser.post('/connections/new?driver=postgresql', { intent: 'paste', address })
  const held = pasted.html.querySelector('[name=taken]')?.getAttribute('value') ?? ''
  const changed = { revision: '1', name, username: name, password: `another of ${name}` }
  const { path: editPath } = await browser.post(`/credentials/${credential}/edit`, changed)
  await until(async () => !(await browser.get(editPath)).text.includes('http-equiv="refresh"'))
  const edit = /proven-edits\/([0-9a-f-]{36})/.exec(editPath)?.[1] ?? ''
  const notification = idIn(await browser.get('/notifications'), /\/notifications\/([0-9a-f-]{36})\/reading/)
  const ids = { connection, credential, signIn, edit, dataset, addition, notification }
  return { browser, user: user.id, ...ids, held }
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 100))
}

function idIn(page: Page, pattern: RegExp): string {
  const [, id] = pattern.exec(page.text) ?? []
  if (id === undefined)
    throw new Error(`There is no ${pattern} in the answer ${page.status}: ${page.text.slice(0, 2000)}`)
  return id
}
