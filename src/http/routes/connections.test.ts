import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connections } from '../../db/schema/connections.ts'
import { testPassword } from '../../testing/actors.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let count = 0
const canary = 'canary-1bd0f84aa5c9d7a44d1e'
const add = '/connections/new?driver=postgresql'

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(() => {
  count += 1
})

const filled = (more: Record<string, string> = {}) => ({
  name: `Sales ${count}`,
  host: 'DB.example.com ',
  port: '',
  database: 'sales',
  tls: 'verify-full',
  ca: '',
  ...more,
})

async function added(more: Record<string, string> = {}): Promise<string> {
  const answer = await ada.post(add, filled(more))
  if (answer.location === null) throw new Error(textsOf(answer.html, '.error-summary').join(' '))
  return answer.location
}

async function storedOn(connection: string): Promise<string> {
  const id = connection.split('/').at(-1) ?? ''
  const form = {
    type: 'basic',
    name: `Account ${count}`,
    username: 'u',
    password: 'a good one',
    connection: id,
    intent: 'save',
  }
  return (await ada.post('/credentials/new', form)).location ?? ''
}

describe('GET /connections', () => {
  it('without any says so; with some shows name, store, destination and last sign-in, and searches names and hosts', async () => {
    const ben = await app.signInAs(app.ben)
    expect(textOf((await ben.get('/connections')).html, '.empty-state h2')).toBe('No data connections yet')
    await addConnection(app, app.ben, 'Warehouse', 'wh.example.com')
    await addConnection(app, app.ben, 'Shop', 'shop.example.com')
    const rows = textsOf((await ben.get('/connections')).html, 'tbody tr')
    expect(rows).toHaveLength(2)
    expect(rows[0]).toContain('postgresql://shop.example.com:5432/sales · TLS verified')
    expect(textsOf((await ben.get('/connections?q=WH.')).html, 'tbody th')).toEqual(['Warehouse'])
    expect(textOf((await ben.get('/connections?q=50%25')).html, 'main')).toContain('No data connections found.')
  })

  it('every page as a fragment has the same content as the document', async () => {
    const path = await added()
    const tabs = [
      path,
      `${path}/edit`,
      `${path}/deletion`,
      `${path}/credentials`,
      `${path}/credentials/new`,
      `${path}/datasets`,
      `${path}/health`,
      `${path}/sign-ins/new`,
    ]
    for (const page of ['/connections', '/connections/new', add, ...tabs]) {
      const [whole, part] = [await ada.get(page), await ada.fragment(page)]
      expect([whole.status, part.status], page).toEqual([200, 200])
      expect(textOf(part.html, 'h1'), page).toBe(textOf(whole.html, 'h1'))
      expect(textsOf(part.html, 'a, button, label'), page).toEqual(
        textsOf(whole.html, '#main a, #main button, #main label'),
      )
    }
  })
})

describe('POST /connections/new', () => {
  it('adds a connection with what was typed, trimmed, and the defaults', async () => {
    const path = await added()
    const { html } = await ada.get(path)
    expect(textOf(html, '.flash')).toBe('Data connection added.')
    expect(textOf(html, '.page-header')).toContain('postgresql://db.example.com:5432/sales · TLS verified')
  })

  it.each([
    [{ name: '' }, 'Enter a connection name.'],
    [{ host: '' }, 'Host is missing. Fill it in.'],
    [{ host: '/var/run/postgresql' }, ''],
    [{ host: 'a,b' }, ''],
    [{ port: '99999' }, ''],
    [{ tls: 'maybe' }, ''],
    [{ ca: 'not a certificate' }, ''],
  ])('%j is refused with a sentence, and nothing typed is lost', async (wrong, sentence) => {
    const { status, html } = await ada.post(add, filled(wrong))
    expect(status).toBe(422)
    expect(textOf(html, '.error-summary')).toContain(sentence)
    expect(textOf(html, '.error-summary li')).toMatch(/\.$/)
    expect(formValues(html, 'form[aria-label="PostgreSQL connection"], main form:not([aria-label])')).toMatchObject({
      database: 'sales',
    })
  })

  it('a name that is taken is refused', async () => {
    await added()
    const { status, html } = await ada.post(add, filled({ name: ` SALES ${count}` }))
    expect(status).toBe(422)
    expect(textOf(html, '.error-summary')).toContain('Choose another name.')
  })

  it('a pasted address fills the fields; what opens the store is taken out, never shown, and offered for storing', async () => {
    const address = `postgresql://report%40er:${canary}@db.example.com:6543/sales?sslmode=require&application_name=x`
    const page = await ada.post(add, { intent: 'paste', address })
    expect(page.status).toBe(200)
    expect(page.text).not.toContain(canary)
    const form = formValues(page.html, 'main form:not([aria-label])')
    expect(form).toMatchObject({ host: 'db.example.com', port: '6543', database: 'sales', tls: 'require', save: 'on' })
    expect(textOf(page.html, 'main')).toContain('not used: application_name')
    const answer = await ada.post(add, { ...form, name: `Pasted ${count}`, account: `Pasted account ${count}` })
    const credentials = await ada.get(`${answer.location}/credentials`)
    expect(textOf(credentials.html, '.flash')).toContain('and its credentials stored')
    expect(textOf(credentials.html, '.relation')).toContain(`Pasted account ${count}`)
    expect(textOf(credentials.html, '.relation')).toContain('report@er')
    const [found] = await app.db
      .select()
      .from(connections)
      .where(eq(connections.name, `Pasted ${count}`))
    expect(JSON.stringify(found)).not.toContain(canary)
  })

  it('S8 a masked password in an address, and one without a username, is not offered for storing', async () => {
    for (const account of ['u:***', 'u:•••••', `:${canary}`]) {
      const page = await ada.post(add, { intent: 'paste', address: `postgresql://${account}@h.example.com/d` })
      expect([page.status, page.html.querySelector('[name="taken"]')], account).toEqual([200, null])
    }
  })

  it('what was taken out of an address is forgotten for others, and when it is not saved', async () => {
    const page = await ada.post(add, { intent: 'paste', address: `postgresql://u:${canary}@h.example.com/d` })
    const { save: _, ...form } = formValues(page.html, 'main form:not([aria-label])')
    const ben = await app.signInAs(app.ben)
    const his = await ben.post(add, { ...form, save: 'on', name: `Theft ${count}`, account: 'Stolen' })
    expect(textOf((await ben.get(`${his.location}/credentials`)).html, '.empty-state h3')).toBe('No credentials')
    const mine = await ada.post(add, { ...form, name: `Unsaved ${count}` })
    expect(textOf((await ada.get(`${mine.location}/credentials`)).html, '.empty-state h3')).toBe('No credentials')
  })

  it('an address of another store fills in the form of that store; a secret that is no password is dropped with a word', async () => {
    const page = await ada.post('/connections/new?driver=postgresql', {
      intent: 'paste',
      address: `jdbc:redshift://h.example.com/d?ssl=true&sslpassword=${canary}&fetch=1`,
    })
    expect(formValues(page.html, 'main form:not([aria-label])')).toMatchObject({ port: '5439', tls: 'verify-full' })
    expect(textOf(page.html, 'main')).toContain('It was taken out and is not kept.')
    expect(textOf(page.html, 'main')).toContain('not used: 1 other.')
    expect(page.text).not.toContain(canary)
  })

  it('a parameter that was added comes with the form, is saved, shown, edited, and removed by clearing it', async () => {
    const typed = filled({ intent: 'add-parameter', parameter: 'searchPath', host: 'typed.example.com' })
    const page = await ada.post(add, typed)
    expect(page.status).toBe(200)
    const form = formValues(page.html, 'main form:not([aria-label])')
    expect(form).toMatchObject({ host: 'typed.example.com', name: `Sales ${count}`, searchPath: '' })
    expect(textsOf(page.html, '#parameter option, [name=parameter] option')).not.toContain('Search path')
    const { parameter: _, ...complete } = form
    const wrong = await ada.post(add, { ...complete, searchPath: 'x'.repeat(501) })
    expect([wrong.status, textOf(wrong.html, '.error-summary li')]).toEqual([
      422,
      expect.stringContaining('Search path'),
    ])
    const path = (await ada.post(add, { ...complete, searchPath: 'sales, public' })).location ?? ''
    expect(textOf((await ada.get(path)).html, '.facts')).toContain('Search pathsales, public')
    const edit = formValues((await ada.get(`${path}/edit`)).html)
    const more = await ada.post(`${path}/edit`, { ...edit, intent: 'add-parameter', parameter: 'statementSeconds' })
    expect(formValues(more.html)).toMatchObject({ searchPath: 'sales, public', statementSeconds: '' })
    const { parameter: __, ...edited } = formValues(more.html)
    const late = await ada.post(`${path}/edit`, { ...edited, statementSeconds: '0' })
    expect(textOf(late.html, '.error-summary li')).toContain('not between 1 and 86400')
    await ada.post(`${path}/edit`, { ...edited, searchPath: '', statementSeconds: '30' })
    const facts = textOf((await ada.get(path)).html, '.facts')
    expect(facts).toContain('Statement timeout in seconds30')
    expect(facts).not.toContain('Search path')
  })

  it('a parameter that is not on offer cannot be added', async () => {
    for (const parameter of ['sslmode', 'options', '__proto__', 'host', '']) {
      const page = await ada.post(add, filled({ intent: 'add-parameter', parameter, [parameter || 'x']: 'x' }))
      expect([page.status, page.html.querySelectorAll('[autofocus]').length], parameter).toEqual([200, 1])
      expect(page.html.querySelector('main form [name="sslmode"], main form [name="options"]')).toBeNull()
    }
  })

  it('a parameter added after an address was pasted keeps what was taken out of it', async () => {
    const pasted = await ada.post(add, { intent: 'paste', address: `postgresql://u:${canary}@h.example.com/d` })
    const form = formValues(pasted.html, 'main form:not([aria-label])')
    const page = await ada.post(add, { ...form, intent: 'add-parameter', parameter: 'searchPath' })
    expect(formValues(page.html, 'main form:not([aria-label])')).toMatchObject({
      taken: form.taken,
      account: form.account,
    })
  })

  it('an address pasted before a store was chosen opens the form of its store', async () => {
    const page = await ada.post('/connections/new', { intent: 'paste', address: `mysql://u:${canary}@h.example.com/d` })
    expect([page.status, textOf(page.html, 'h1')]).toEqual([200, 'Add MySQL connection'])
    expect(formValues(page.html, 'main form:not([aria-label])')).toMatchObject({ host: 'h.example.com', save: 'on' })
    expect(page.text).not.toContain(canary)
    const wrong = await ada.post('/connections/new', { intent: 'paste', address: `oracle://u:${canary}@h/d` })
    expect([wrong.status, textOf(wrong.html, 'h1')]).toEqual([422, 'Add connection'])
    expect(textOf(wrong.html, '.error-summary')).toContain('or choose a data store.')
    expect(wrong.text).not.toContain(canary)
  })

  it('an address in the search for a store is not shown again, and the page says where it belongs', async () => {
    const address = encodeURIComponent(`postgresql://u:${canary}@h.example.com/d`)
    const page = await ada.get(`/connections/new?q=${address}`)
    expect(textOf(page.html, '.error-summary')).toContain('Paste an address into the field below.')
    expect(page.html.querySelectorAll('.store').length).toBeGreaterThan(0)
    expect(page.text).not.toContain(canary)
  })

  it('an address that cannot be read is refused without showing it again', async () => {
    const { status, html, text } = await ada.post(add, { intent: 'paste', address: `oracle://u:${canary}@h/d` })
    expect(status).toBe(422)
    expect(textOf(html, '.error-summary')).toContain('Paste an address that starts with')
    expect(text).not.toContain(canary)
  })
})

describe('/connections/:id/edit', () => {
  it('a new name is saved at once; a stale revision gets 409 with both sides', async () => {
    const path = await added()
    const form = formValues((await ada.get(`${path}/edit`)).html)
    expect((await ada.post(`${path}/edit`, { ...form, name: `First ${count}` })).location).toBe(path)
    const late = await ada.post(`${path}/edit`, { ...form, name: `Second ${count}` })
    expect(late.status).toBe(409)
    expect(textOf(late.html, 'tbody')).toContain(`First ${count}`)
    expect((await ada.post(`${path}/edit`, formValues(late.html))).status).toBe(303)
    expect(textOf((await ada.get(path)).html, 'h1')).toBe(`Second ${count}`)
  })

  it('a destination change first says which accounts stop, then stops them until their owner confirms with a password', async () => {
    const path = await added()
    const credential = await storedOn(path)
    const form = formValues((await ada.get(`${path}/edit`)).html)
    const asked = await ada.post(`${path}/edit`, { ...form, host: 'new.example.com' })
    expect(asked.status).toBe(422)
    expect(textOf(asked.html, '.notice')).toContain(`Account ${count}`)
    expect(textOf((await ada.get(path)).html, '.page-header')).toContain('db.example.com')
    await ada.post(`${path}/edit`, formValues(asked.html))
    expect(textOf((await ada.get(path)).html, '.page-header')).toContain('new.example.com')
    expect(textOf((await ada.get(credential)).html, '.relation')).toContain('destination changed')
    expect(textOf((await ada.get('/credentials')).html, '.list-row-badges')).toBe('destination changed')

    const id = path.split('/').at(-1)
    app.connector.jobs.length = 0
    const tried = await ada.post(`${path}/sign-ins/new`, { account: credential.split('/').at(-1) ?? '' })
    expect(textOf((await ada.get(tried.location ?? '')).html, 'main')).toContain('destination changed')
    expect(app.connector.jobs).toEqual([])

    const confirm = `${credential}/associations/${id}/confirmation`
    const page = await ada.get(confirm)
    expect(textOf(page.html, '.facts')).toContain('new.example.com')
    expect((await ada.post(confirm, { ...formValues(page.html), password: 'not my password at all' })).status).toBe(422)
    expect(
      (await ada.post(confirm, { ...formValues(page.html), destination: 'elsewhere', password: testPassword })).status,
    ).toBe(409)
    expect((await ada.post(confirm, { ...formValues(page.html), password: testPassword })).location).toBe(credential)
    const again = await ada.post(`${path}/sign-ins/new`, { account: credential.split('/').at(-1) ?? '' })
    expect(app.connector.jobs).toMatchObject([{ job: { destination: { host: 'new.example.com' } } }])
    expect(textOf((await ada.get(again.location ?? '')).html, 'h1')).toContain('Signed in')
  })
})

describe('/connections/:id/deletion', () => {
  it('lists what depends on it and deletes it; credentials stay', async () => {
    const path = await added()
    const credential = await storedOn(path)
    expect(textOf((await ada.get(`${path}/deletion`)).html, 'main')).toContain(`Account ${count}`)
    expect((await ada.post(`${path}/deletion`)).location).toBe('/connections')
    expect((await ada.get(path)).status).toBe(404)
    expect(textOf((await ada.get(credential)).html, '.empty-state h3')).toBe('No connections')
  })
})

describe('/connections/:id/credentials', () => {
  it('adds a stored account, makes another one the default, and removes it with the way back here', async () => {
    const path = await added()
    const id = path.split('/').at(-1) ?? ''
    const names = [`First of ${count}`, `Second of ${count}`]
    const stored: string[] = []
    for (const name of names) {
      stored.push(
        (await ada.post('/credentials/new', { type: 'basic', name, username: 'u', password: 'a good one' })).location ??
          '',
      )
    }
    for (const credential of stored) {
      const answer = await ada.post(`${path}/credentials/new`, { credential: credential.split('/').at(-1) ?? '' })
      expect(answer.location).toBe(`${path}/credentials`)
    }
    await ada.post(`${stored[1]}/associations/${id}/default`, { from: 'connection' })
    expect(textsOf((await ada.get(`${path}/credentials`)).html, '.relation-name')).toEqual([
      `${names[1]} default`,
      names[0],
    ])
    expect((await ada.post(`${path}/credentials/new`, {})).status).toBe(422)
    const asked = await ada.get(`${stored[1]}/associations/${id}/removal?from=connection`)
    expect((await ada.post(`${stored[1]}/associations/${id}/removal`, formValues(asked.html))).location).toBe(
      `${stored[1]}/last-association`,
    )
  })

  it('credentials cannot be edited here: a line says where', async () => {
    const path = await added()
    await storedOn(path)
    const { html } = await ada.get(`${path}/credentials`)
    expect(textOf(html, '.hint')).toContain('edited in Credentials management')
    expect(textsOf(html, 'main a, main button').join()).not.toContain('Edit credentials')
  })
})

describe('/credentials/:id/last-association', () => {
  it('asks after the last association is removed, and keeps or deletes the credentials', async () => {
    const path = await added()
    const id = path.split('/').at(-1)
    const credential = await storedOn(path)
    const removed = await ada.post(`${credential}/associations/${id}/removal`)
    expect(removed.location).toBe(`${credential}/last-association`)
    const { html } = await ada.get(removed.location ?? '')
    expect(textOf(html, 'main')).toContain('This was the last associated connection. Delete the credentials too?')
    expect(textsOf(html, 'main button')).toEqual(['Delete credentials', 'Keep credentials without connections'])
    expect((await ada.post(`${credential}/last-association`, { intent: 'keep' })).location).toBe(credential)
    expect((await ada.get(credential)).status).toBe(200)
    expect((await ada.post(`${credential}/last-association`)).location).toBe('/credentials')
    expect((await ada.get(credential)).status).toBe(404)
  })
})
