import { writeFileSync } from 'node:fs'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Job, Outcome } from '../../connector/driver.ts'
import { TooBusy } from '../../connector/driver.ts'
import { auditEntries } from '../../db/schema/audit.ts'
import { connections } from '../../db/schema/connections.ts'
import { paths } from '../../paths.ts'
import { Secret } from '../../secrets/secret.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { type Html, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let connection: string
let credential: string
let jobs: { operation: string; password: string }[]
let answers: (job: Job) => Outcome<unknown>

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  connection = await addConnection(app, app.ada)
  credential = await storedFor(connection, 'Reporting')
  app.connector.run = async (job) => {
    jobs.push({ operation: job.operation, password: job.credential.fields.password?.expose().toString() ?? '' })
    for (const secret of Object.values(job.credential.fields)) secret.wipe()
    return answers(job as Job) as never
  }
})
afterAll(() => app.close())

beforeEach(() => {
  jobs = []
  answers = shop
})

describe('GET /catalog', () => {
  test('before there is anything, says what a dataset is and leads to the next step', async () => {
    const { html, status } = await ada.get(paths.catalog())
    expect([status, textOf(html, 'h1')]).toEqual([200, 'Catalog'])
    expect(linkTo(html, paths.addData())).toBe('Add from data connection')
  })

  test('signed out, leads to the sign-in page', async () => {
    expect((await app.client().get(paths.catalog())).location).toBe('/login?next=%2Fcatalog')
  })

  test('as a fragment, is the document’s main', async () => {
    const [document, fragment] = [await ada.get(paths.catalog()), await ada.fragment(paths.catalog())]
    expect(document.html.querySelector('main h1')?.textContent).toBe(fragment.html.querySelector('h1')?.textContent)
    expect(fragment.text).not.toMatch(/<html/)
  })
})

describe('GET /catalog/add', () => {
  test('shows the connections of the actor and asks no data store', async () => {
    const { html } = await ada.get(paths.addData())
    expect(textsOf(html, 'button.account .account-name')).toEqual(['Sales'])
    expect(jobs).toEqual([])
  })

  test('for somebody without connections, leads to adding one', async () => {
    const { html } = await (await app.signInAs(app.ben)).get(paths.addData())
    expect(linkTo(html, paths.newConnection())).toBe('+ Add connection')
  })

  test('with a connection whose only account is the default, skips the picker and names it', async () => {
    const { html } = await ada.get(paths.addData({ connection }))
    expect(textOf(html, '.subtitle')).toMatch(/as Reporting, change$/)
    expect(textsOf(html, '.tabs button')).toEqual(['Schemas', 'Tables', 'SQL query'])
    expect(jobs).toEqual([])
  })

  test('with change, shows the picker; with different, the form', async () => {
    const picker = await ada.get(paths.addData({ connection, account: 'choose' }))
    expect(textOf(picker.html, 'button.account')).toMatch(/^Reporting/)
    expect(picker.text).toContain('Use different account')
    const form = await ada.get(paths.addData({ connection, account: 'different' }))
    expect(form.html.querySelector('input[type=password]')).not.toBeNull()
    expect(textsOf(form.html, 'label')).toContain('Securely save credentials')
  })

  test('where stored credentials are off, offers typed ones only', async () => {
    await app.features.except(app.root, app.ada.organizationId, 'stored_credentials', app.ada.id, false)
    const { html } = await ada.get(paths.addData({ connection }))
    await app.features.except(app.root, app.ada.organizationId, 'stored_credentials', app.ada.id, null)
    expect(html.querySelector('input[type=password]')).not.toBeNull()
    expect(textsOf(html, 'label')).not.toContain('Securely save credentials')
  })

  test('with somebody else’s connection, is the same as one that is not there', async () => {
    const ben = await app.signInAs(app.ben)
    const foreign = await ben.get(paths.addData({ connection }))
    const missing = await ben.get(paths.addData({ connection: '00000000-0000-4000-8000-000000000000' }))
    expect([foreign.status, textOf(foreign.html, 'main')]).toEqual([404, textOf(missing.html, 'main')])
    expect((await ben.get(paths.addData({ connection: 'x' }))).status).toBe(404)
  })
})

describe('POST /catalog/add', () => {
  test('with a connection, goes on with its only account at once', async () => {
    const { html } = await ada.post(paths.addData(), { connection })
    expect(textsOf(html, 'ul[aria-label=Schemas] .account-name')).toEqual(['public', '<b>"x"'])
    expect(jobs).toEqual([{ operation: 'listSchemas', password: 'stored secret' }])
  })

  test('with a schema, lists its tables; what was chosen in another stays chosen', async () => {
    const other = table('archive', 'old')
    const { html } = await ada.post(at(), {
      account: credential,
      open: 'public',
      item: [other, table('public', 'orders')],
    })
    expect(textsOf(html, 'legend')).toEqual(['Tables in public', 'Chosen from other schemas'])
    expect(checkedItems(html)).toEqual([table('public', 'orders'), other])
    expect(textsOf(html, 'fieldset label')).toEqual(['customers', 'orders', 'spending (view)', 'archive.old'])
  })

  test('with the tab Tables and no schema yet, takes public', async () => {
    const { html } = await ada.post(at(), { account: credential, intent: 'tables' })
    expect(textOf(html, 'legend')).toBe('Tables in public')
    expect(jobs.map(({ operation }) => operation)).toEqual(['listSchemas', 'listTables'])
  })

  test('says that not all are listed, where the data store says so or a list is as long as one may be', async () => {
    const title = (html: Html) => textOf(html, '.notice-warning strong')
    const open = () => ada.post(at(), { account: credential, open: 'public' })
    expect(title((await open()).html)).toBe('')
    answers = () => ({ ...signedIn, value: { tables: [], isPartial: true } })
    expect(title((await open()).html)).toBe('Not all tables are listed.')
    answers = () => ({ ...signedIn, value: { schemas: Array(10_000).fill('s') } })
    const { html } = await ada.post(at(), { account: credential, intent: 'schemas' })
    expect(title(html)).toBe('Not all schemas are listed.')
  })

  test('with the tab SQL query, keeps the chosen tables and asks nothing', async () => {
    const { html } = await ada.post(at(), {
      account: credential,
      intent: 'query',
      item: table('a', 'b'),
      query: 'select 1',
    })
    expect(html.querySelector('input[type=hidden][name=item]')?.getAttribute('value')).toBe(table('a', 'b'))
    expect(textOf(html, 'textarea')).toBe('select 1')
    expect(jobs).toEqual([])
  })

  test('with Preview, shows rows with NULL told apart', async () => {
    const { html, status } = await ada.post(at(), {
      account: credential,
      tab: 'query',
      intent: 'preview',
      query: 'select 1',
    })
    expect(status).toBe(200)
    expect(textsOf(html, 'td')).toEqual(['1', 'NULL', ''])
    expect(textOf(html, 'td .muted')).toBe('NULL')
  })

  test('with Preview of a query that the target refuses, says what it said and keeps the query', async () => {
    answers = () => refused
    const typed = { account: credential, tab: 'query', intent: 'preview', query: 'select broken' }
    const { html, status } = await ada.post(at(), typed)
    expect(status).toBe(422)
    expect(textOf(html, 'title')).toMatch(/^Error: /)
    expect(textOf(html, '.error-summary')).toContain('The server refused this username and password.')
    expect(textOf(html, 'textarea')).toBe('select broken')
  })

  test('with Preview of a query that the server does not understand, says so at the field in the server’s words', async () => {
    const failed = { state: 'failed', code: 'protocol.unexpected', sentence: 'Not understood.', nextStep: 'Check it.' }
    const rung = { name: 'read', milliseconds: 1, detail: 'syntax error at or near "<frm>"', ...failed }
    answers = () => ({ ok: false, code: 'protocol.unexpected', diagnosis: [rung] }) as Outcome<unknown>
    const typed = { account: credential, tab: 'query', intent: 'preview', query: 'select 1 <frm> x' }
    const { html } = await ada.post(at(), typed)
    expect(textOf(html, '.field-error')).toBe('Error: Not understood. Check it.')
    expect(textOf(html, 'form pre')).toBe('syntax error at or near "<frm>"')
    expect(html.querySelector('.ladder')).toBeNull()
  })

  test('with Preview and no query, asks for one', async () => {
    const { html, status } = await ada.post(at(), { account: credential, tab: 'query', intent: 'preview', query: ' ' })
    expect([status, textOf(html, '.field-error')]).toEqual([422, 'Error: Enter a query.'])
    expect(jobs).toEqual([])
  })

  test('with Create snapshot and nothing chosen, asks for a table; with a wrong limit, names the range', async () => {
    const nothing = { account: credential, tab: 'tables', schema: 'public', intent: 'create', rowLimit: 'many' }
    const { html, status } = await ada.post(at(), nothing)
    expect(status).toBe(422)
    expect(textsOf(html, '.error-summary li')).toEqual([
      'Choose at least one table.',
      'The row limit is not a whole number from 1 to 2,147,483,647. Leave it blank to take every row.',
    ])
    for (const link of html.querySelectorAll('.error-summary a')) {
      expect(html.querySelector(link.getAttribute('href') ?? 'none')).not.toBeNull()
    }
  })

  test('with Create snapshot of one table, leads to its page, which shows its rows', async () => {
    const { location } = await ada.post(at(), { ...create, item: table('public', 'orders'), rowLimit: '1,000' })
    expect(location).toMatch(/^\/catalog\/[0-9a-f-]{36}$/)
    await app.catalog.snapshots.idle()
    const { html } = await ada.get(location ?? '')
    expect(textOf(html, 'h1')).toBe('orders')
    expect(textOf(html, '.facts')).toContain('1,000')
    expect(textOf(html, '#versions tbody')).toContain('completed')
  })

  test('with Create snapshot of two tables, leads to the catalog, which lists both', async () => {
    const item = [table('public', 'customers'), table('public', '<script>alert(1)</script>')]
    const { location } = await ada.post(at(), { ...create, item })
    expect(location).toMatch(/^\/catalog\/additions\//)
    await app.catalog.snapshots.idle()
    const { html, text } = await ada.get('/catalog')
    expect(textsOf(html, 'tbody th a')).toEqual(expect.arrayContaining(['customers', '<script>alert(1)</script>']))
    expect(text).not.toContain('<script>alert')
  })

  test('with somebody else’s account, is 404, recorded, and asks no data store', async () => {
    const ben = await app.signInAs(app.ben)
    const bens = await addConnection(app, app.ben, 'Of Ben')
    const foreign = { account: credential, item: table('a', 'b') }
    for (const step of [create, { open: 'public' }, { intent: 'query' }, {}]) {
      const answer = await ben.post(paths.addData({ connection: bens }), { ...step, ...foreign })
      expect(answer.status).toBe(404)
    }
    expect(jobs).toEqual([])
    const denied = (await app.db.select().from(auditEntries)).filter(({ outcome }) => outcome === 'denied')
    expect(denied.slice(-4)).toMatchObject(
      Array(4).fill({ action: 'credential.use', actorId: app.ben.id, resourceId: credential }),
    )
  })

  test('when Keyward is too busy, says when to come back', async () => {
    answers = () => {
      throw new TooBusy(7)
    }
    const answer = await ada.post(at(), { account: credential })
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '7'])
  })
})

describe('POST /catalog/add with a different account', () => {
  const typed = { type: 'basic', username: 'ada', password: 'typed  secret ', 'sign-in': 'once' }

  test('that is not saved, is used for each step, is never in a page, and is wiped', async () => {
    const first = await ada.post(at(), typed)
    expect(textOf(first.html, '.subtitle')).toMatch(/as ada, change$/)
    const held = first.html.querySelector('input[name=held]')?.getAttribute('value') ?? ''
    const second = await ada.post(at(), { held, open: 'public' })
    const third = await ada.post(at(), { held, tab: 'tables', intent: 'create', item: table('public', 'orders') })
    expect(third.status).toBe(303)
    await app.catalog.snapshots.idle()
    expect(jobs.map(({ password }) => password)).toEqual(Array(3).fill('typed  secret '))
    for (const page of [first, second]) expect(page.text).not.toContain('typed  secret')
    const after = await ada.post(at(), { held, open: 'public' })
    expect([after.status, after.text.includes('not held any more')]).toEqual([422, true])
  })

  test('goes to no other destination than it was typed for, also by its handle on another connection', async () => {
    const moving = await addConnection(app, app.ada, 'Moving')
    const other = await addConnection(app, app.ada, 'Elsewhere', 'other.example.com')
    const page = await ada.post(paths.addData({ connection: moving }), typed)
    const held = page.html.querySelector('input[name=held]')?.getAttribute('value') ?? ''
    const parameters = { host: 'moved.example.com', port: '5432', database: 'sales', tls: 'verify-full' }
    await app.db.update(connections).set({ parameters }).where(eq(connections.id, moving))
    jobs = []
    for (const connectionId of [moving, other]) {
      const { status, text } = await ada.post(paths.addData({ connection: connectionId }), { held, open: 'public' })
      expect([status, text.includes('since these credentials were typed'), jobs]).toEqual([422, true, []])
    }
    const failed = (await app.db.select().from(auditEntries)).filter(({ outcome }) => outcome === 'failed')
    expect(failed.map(({ resourceId }) => resourceId)).toEqual(expect.arrayContaining([moving, other]))
  })

  test('whose handle another person sends, is asked for again', async () => {
    const { html } = await ada.post(at(), typed)
    const held = html.querySelector('input[name=held]')?.getAttribute('value') ?? ''
    const ben = await app.signInAs(app.ben)
    const bens = await addConnection(app, app.ben, 'Also of Ben')
    jobs = []
    const answer = await ben.post(paths.addData({ connection: bens }), { held, item: table('a', 'b') })
    expect([answer.status, jobs]).toEqual([422, []])
    // What was chosen is kept while the credentials are typed again.
    expect(answer.html.querySelector('input[name=item]')?.getAttribute('value')).toBe(table('a', 'b'))
  })

  test('that the target refuses, shows the ladder, keeps the username and not the password', async () => {
    answers = () => refused
    const { html, status, text } = await ada.post(at(), typed)
    expect(status).toBe(422)
    expect(html.querySelector('.ladder')).not.toBeNull()
    expect(html.querySelector('input[name=username]')?.getAttribute('value')).toBe('ada')
    expect(html.querySelector('input[name=password]')?.hasAttribute('value')).toBe(false)
    expect(text).not.toContain('typed  secret')
  })

  test('without a password, asks for it and asks no data store', async () => {
    const { html, status } = await ada.post(at(), { ...typed, password: '' })
    expect([status, textOf(html, '.field-error')]).toEqual([422, 'Error: Enter a password.'])
    expect(jobs).toEqual([])
  })

  test('that is to be saved, is signed in with, stored, associated and used', async () => {
    const fresh = await addConnection(app, app.ada, 'Fresh')
    const { html } = await ada.post(paths.addData({ connection: fresh }), {
      ...typed,
      'sign-in': 'save',
      save: 'on',
      name: 'Kept',
    })
    expect(jobs.map(({ operation }) => operation)).toEqual(['signIn', 'listSchemas'])
    expect(textOf(html, '.subtitle')).toMatch(/as Kept, change$/)
    expect(html.querySelector('input[name=held]')).toBeNull()
    expect((await app.use.accounts(app.ada, fresh)).map(({ name }) => name)).toEqual(['Kept'])
  })
})

describe('every step', () => {
  test('records each use of an account with its purpose', async () => {
    await ada.post(at(), { account: credential })
    await ada.post(at(), { account: credential, tab: 'query', intent: 'preview', query: 'select 1' })
    const entries = await app.db.select().from(auditEntries)
    const purposes = entries.filter(({ action }) => action === 'credential.use').map(({ purpose }) => purpose)
    expect(purposes).toEqual(expect.arrayContaining(['browse', 'preview', 'snapshot of a dataset']))
  })
})

const create = { tab: 'tables', schema: 'public', intent: 'create' } as const

function at(): string {
  return paths.addData({ connection })
}

function table(schema: string, name: string): string {
  return JSON.stringify([schema, name])
}

function linkTo(html: Html, href: string): string {
  return textOf(html, `main a[href="${href}"]`)
}

function checkedItems(html: Html): string[] {
  return [...html.querySelectorAll('input[name=item][checked]')].map((input) => input.getAttribute('value') ?? '')
}

async function storedFor(connectionId: string, name: string): Promise<string> {
  const fields = { username: new Secret('reader'), password: new Secret('stored secret') }
  const stored = await app.vault.create(app.ada, {
    type: 'basic',
    name,
    description: '',
    fields,
    connectionIds: [connectionId],
  })
  if (!stored.ok) throw new Error(stored.error)
  return stored.id
}

/** A data store with a few names that need care. */
function shop(job: Job): Outcome<unknown> {
  const ok = (value: unknown) => ({ ...signedIn, value }) as Outcome<unknown>
  const schema = 'public'
  switch (job.operation) {
    case 'listSchemas':
      return ok({ schemas: ['public', '<b>"x"'] })
    case 'listTables':
      return ok({
        tables: [
          { schema, name: 'customers', type: 'table' },
          { schema, name: 'orders', type: 'table' },
          { schema, name: 'spending', type: 'view' },
        ],
      })
    case 'preview': {
      const columns = ['a', 'b', 'c'].map((name) => ({ name, type: 'VARCHAR' }))
      return ok({ columns, rows: [['1', null, '']] })
    }
    case 'import': {
      const { file } = job.input as { file: string }
      writeFileSync(file, 'PAR1')
      return ok({ rows: 1, bytes: 4, columns: [] })
    }
    default:
      return ok({ serverVersion: '18' })
  }
}
