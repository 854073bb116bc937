import { expect, vi } from 'vitest'
import type { CommandOutcome, StartedServer } from '../../src/testing/server.ts'
import type { Form, Page, Recorder } from '../journeys/recorder.ts'
import type { Account, Store } from '../journeys/store.ts'

/** What happens to the canaries is told with these. */
export type Stage = {
  readonly server: StartedServer
  readonly store: Store
  readonly recorder: Recorder
  /** A name that is no secret, given to things on the way. */
  readonly control: string
  /** Makes a new secret that is looked for afterwards. */
  canary(name: string): string
  /** Has a table missing meanwhile, so that Keyward fails. */
  breakTable(during: () => Promise<void>): Promise<void>
}

/** Sets Keyward up and stores, uses, mistypes and leaks secrets in every way there is. Resolves to what commands said. */
export async function actOut(stage: Stage): Promise<readonly CommandOutcome[]> {
  const login = { email: 'ada@example.com', password: stage.canary('password of the administrator') }
  await setUp(stage, login)
  const connection = await addConnections(stage)
  const ids = await storeCredentials(stage, connection)
  await useThem(stage, connection, ids)
  await beRefused(stage, connection, ids)
  await typeThem(stage, connection)
  await failInside(stage, ids)
  await sendNonsense(stage)
  const told = await command(stage)
  await signInAgain(stage, login)
  await openEveryPage(stage, connection, ids)
  return told
}

async function setUp({ recorder, server, canary }: Stage, login: Form): Promise<void> {
  const { pathname, search } = new URL(server.setupAddress ?? '')
  const person = { ...login, name: 'Ada', organization: 'Acme', 'stored-credentials': 'on' }
  const refused = await recorder.post(pathname + search, {
    ...person,
    email: 'nobody',
    password: canary('refused setup'),
  })
  expect(refused.status).toBe(422)
  expect((await recorder.post(pathname + search, person)).status).toBe(200)
}

async function addConnections({ recorder, store, canary, control }: Stage): Promise<string> {
  const path = '/connections/new?driver=postgresql'
  const where = { host: store.host, port: String(store.port), database: store.database, tls: 'disable' }
  const page = await recorder.post(path, { ...where, name: control })
  const id = idIn(page, /\/connections\/([0-9a-f-]{36})\/edit/)
  for (let number = 0; number < 10; number++) {
    const password = encodeURIComponent(canary('in a pasted address'))
    const address = `postgresql://someone:${password}@${store.host}:${store.port}/pasted${number}?sslmode=disable`
    const filled = await recorder.post(path, { intent: 'paste', address: number % 2 ? address : `jdbc:${address}` })
    const taken = filled.html.querySelector('[name=taken]')?.getAttribute('value') ?? ''
    if (number > 7) continue
    const save: Form = number < 5 ? { save: 'on', account: `pasted ${number}` } : {}
    await recorder.post(path, { ...where, name: `Pasted ${number}`, taken, ...save })
  }
  const secret = () => encodeURIComponent(canary('in an address that cannot be read'))
  const broken = [
    `postgresql://someone:${secret()}@host:port/db`,
    `mysql://someone:${secret()}@host/db`,
    `jdbc:postgresql://host/db?user=someone&password=${secret()}`,
    `postgresql://host/db?password=${secret()}&sslmode=nonsense`,
    `someone:${secret()}@host`,
    `postgresql://some one:${secret()}@[::1/db`,
  ]
  for (const address of broken) await recorder.post(path, { intent: 'paste', address })
  return id
}

type Stored = { readonly used: readonly string[]; readonly all: readonly string[] }

async function storeCredentials(stage: Stage, connection: string): Promise<Stored> {
  const { recorder, canary, control } = stage
  const used: string[] = []
  for (let number = 0; number < 12; number++) {
    const account = await stage.store.addReader(canary('password of a real account'))
    const page = await recorder.post('/credentials/new', { ...formOf(account, `used ${number}`), connection })
    used.push(idIn(page, /\/credentials\/([0-9a-f-]{36})\/edit/))
    expect(page.text).toContain('The sign-in worked')
  }
  const store = async (number: number) => {
    const account = { username: `user ${number}`, password: canary('stored without proof') }
    const associated: Form = number % 4 === 0 ? { connection, intent: 'save' } : {}
    const name = number === 0 ? `${control} stored` : `stored ${number}`
    const page = await recorder.post('/credentials/new', { ...formOf(account, name), ...associated })
    return idIn(page, /\/credentials\/([0-9a-f-]{36})\/edit/)
  }
  const all = [...used]
  for (let number = 0; number < 240; number += 4)
    all.push(...(await Promise.all([0, 1, 2, 3].map((more) => store(number + more)))))
  return { used, all }
}

async function useThem(stage: Stage, connection: string, ids: Stored): Promise<void> {
  const { recorder } = stage
  for (const account of ids.used) {
    const tested = await recorder.post(`/connections/${connection}/sign-ins/new`, { account })
    expect(tested.text).toContain('Signed in to')
  }
  const [account = ''] = ids.used
  const add = `/catalog/add?connection=${connection}`
  await recorder.post(add, { account, intent: 'schemas' })
  await recorder.post(add, { account, open: 'public' })
  const made = await recorder.post(add, { account, tab: 'tables', intent: 'create', item: '["public","customers"]' })
  await finished(recorder, idIn(made, /\/catalog\/([0-9a-f-]{36})\/deletion/))
}

async function beRefused(stage: Stage, connection: string, ids: Stored): Promise<void> {
  const { recorder, canary, store } = stage
  const [id = ''] = ids.used
  const typed = (name: string) => ({ username: store.reader.username, password: canary(name) })
  const post = (form: Form) => recorder.post('/credentials/new', { type: 'basic', ...form })
  for (let number = 0; number < 8; number++) {
    expect((await post({ ...typed('wrong'), name: `wrong ${number}`, connection })).status).toBe(422)
  }
  await post({ ...typed('without a name'), name: '' })
  await post({ ...typed('under a name that is taken'), name: 'used 0' })
  await post({ ...typed('under a long name'), name: 'n'.repeat(300) })
  await post({ ...typed('without a username'), name: 'x', username: '' })
  await post({ ...typed('of a connection of nobody'), name: 'lost', connection: crypto.randomUUID() })
  await post({ ...typed('too long'), name: 'long', password: canary('far too long').padEnd(200_000, 'x') })
  const edit = `/credentials/${id}/edit`
  expect((await recorder.post(edit, { ...typed('stale'), name: 'used 0', revision: '99' })).status).toBe(409)
  const tried = await recorder.post(edit, { ...typed('a wrong edit'), name: 'used 0', revision: '1' })
  expect(tried.text).toContain('Edit of used 0')
  const isOver = async () => expect((await recorder.get(tried.path)).text).not.toContain('http-equiv="refresh"')
  await vi.waitFor(isOver, { timeout: 30_000, interval: 100 })
  await recorder.post(`${tried.path}/discarding`, {})
  await recorder.post(edit, { ...typed('an edit nobody decides on'), name: 'used 0', revision: '1' })
  const last = ids.all.at(-1) ?? ''
  for (const revision of ['1', '2', '3']) {
    await recorder.post(`/credentials/${last}/edit`, { ...typed('edited'), name: 'edited', revision })
  }
  await recorder.post(`/credentials/${crypto.randomUUID()}/edit`, typed('of nobody'))
}

async function typeThem({ recorder, canary, store }: Stage, connection: string): Promise<void> {
  const signIns = `/connections/${connection}/sign-ins/new`
  const add = `/catalog/add?connection=${connection}`
  for (let number = 0; number < 6; number++) {
    const right = number % 2 === 0
    const account = right ? await store.addReader(canary('typed')) : { ...store.reader, password: canary('mistyped') }
    await recorder.post(signIns, { ...account, type: 'basic', intent: 'sign-in' })
    const looked = await recorder.post(add, { ...account, type: 'basic', 'sign-in': 'once' })
    const held = looked.html.querySelector('[name=held]')?.getAttribute('value') ?? ''
    await recorder.post(add, { held, tab: 'query', intent: 'preview', query: 'select * from orders' })
    await recorder.post(add, { held, tab: 'query', intent: 'preview', query: 'select wrong' })
    if (number > 0) continue
    const made = await recorder.post(add, { held, tab: 'tables', intent: 'create', item: '["public","orders"]' })
    await finished(recorder, idIn(made, /\/catalog\/([0-9a-f-]{36})\/deletion/))
  }
  const account = await store.addReader(canary('typed and saved'))
  await recorder.post(signIns, { ...account, type: 'basic', save: 'on', name: 'typed', intent: 'save-and-sign-in' })
  const mistyped = { ...account, password: canary('mistyped and not saved') }
  await recorder.post(signIns, { ...mistyped, type: 'basic', save: 'on', name: 'no', intent: 'save-and-sign-in' })
}

async function failInside({ recorder, canary, breakTable }: Stage, ids: Stored): Promise<void> {
  await breakTable(async () => {
    for (let number = 0; number < 3; number++) {
      const account = { username: 'someone', password: canary('stored while a table is missing') }
      expect((await recorder.post('/credentials/new', formOf(account, `broken ${number}`))).status).toBe(500)
    }
    const [id = ''] = ids.used
    const edit = {
      name: 'used 0',
      username: 'someone',
      password: canary('edited while a table is missing'),
      revision: '1',
    }
    await recorder.post(`/credentials/${id}/edit`, { ...edit, intent: 'save' })
  })
}

async function sendNonsense({ recorder, canary }: Stage): Promise<void> {
  const path = '/credentials/new'
  const urlencoded = { 'Content-Type': 'application/x-www-form-urlencoded' }
  await recorder.send(path, JSON.stringify({ password: canary('JSON') }), { 'Content-Type': 'application/json' })
  await recorder.send(path, `name=%E0%A4%A&password=${canary('bad escapes')}%`, urlencoded)
  await recorder.send(path, `password=${canary('oversized')}`.padEnd(1_060_000, 'x'), urlencoded)
  await recorder.send(path, `--x\r\nbroken ${canary('broken multipart')}`, {
    'Content-Type': 'multipart/form-data; boundary=x',
  })
  const upload = new FormData()
  upload.set('password', new Blob([canary('a file')]), 'password.txt')
  upload.set('name', 'file')
  await recorder.send(path, upload)
  await recorder.send(path, `password=${canary('another site')}`, { ...urlencoded, Origin: 'https://evil.example' })
  await recorder.post('/no-such-page', { password: canary('wrong address') })
  await recorder.get(`/login?password=${encodeURIComponent(canary('query'))}`)
  await recorder.get(`/${encodeURIComponent(canary('path'))}`)
}

async function command({ server, canary }: Stage): Promise<readonly CommandOutcome[]> {
  const create = ['user', 'create', '--email', 'ben@example.com', '--name', 'Ben', '--password-stdin']
  const told = [
    await server.command(create, `${canary('password of a new user')}\n`),
    await server.command(create, `${canary('password of a user who is there')}\n`),
    await server.command(['user', 'password', 'ben@example.com', '--password-stdin'], `${canary('new password')}\n`),
    await server.command(['user', 'password', 'nobody@example.com', '--password-stdin'], `${canary('of nobody')}\n`),
    await server.command(['audit', 'verify']),
    await server.command(['key', 'verify']),
    await server.command(['doctor']),
  ]
  expect(told.map(({ status }) => status)).toEqual([0, 1, 0, 3, 0, 0, 0])
  return told
}

async function signInAgain({ recorder, canary }: Stage, login: Form): Promise<void> {
  await recorder.post('/account/password', { current: canary('wrong own password'), password: canary('unused') })
  await recorder.post('/logout', {})
  for (let number = 0; number < 3; number++)
    await recorder.post('/login', { ...login, password: canary('wrong sign-in') })
  expect((await recorder.post('/login', login)).status).toBe(200)
}

async function openEveryPage({ recorder }: Stage, connection: string, ids: Stored): Promise<void> {
  const credential = (id: string) =>
    ['', '/edit', '/deletion', '/associations/new', '/history', '/history.csv', '/sharing'].map(
      (part) => `/credentials/${id}${part}`,
    )
  const parts = ['', '/edit', '/deletion', '/credentials', '/credentials/new', '/datasets', '/sign-ins/new']
  const pages = [
    ...[
      '/',
      '/credentials',
      '/credentials/shared',
      '/connections',
      '/catalog',
      '/activity',
      '/admin/features',
      '/admin/users',
      '/up',
      '/ready',
    ],
    ...parts.map((part) => `/connections/${connection}${part}`),
    ...ids.used.flatMap(credential),
    ...ids.all.slice(-20).flatMap(credential),
  ]
  for (const page of pages) await recorder.get(page)
}

async function finished(recorder: Recorder, id: string): Promise<void> {
  const look = async () => {
    const { html } = await recorder.get(`/catalog/${id}`)
    expect(html.querySelector('#versions')?.textContent).toContain('completed')
  }
  await vi.waitFor(look, { timeout: 60_000, interval: 200 })
}

function formOf(account: Account, name: string): Form {
  return { type: 'basic', name, ...account }
}

function idIn(page: Page, pattern: RegExp): string {
  const [, id] = pattern.exec(page.text) ?? []
  if (id === undefined)
    throw new Error(`There is no ${pattern} in the answer ${page.status}: ${page.text.slice(0, 2000)}`)
  return id
}
