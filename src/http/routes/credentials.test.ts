import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { credentialTypes } from '../../credentials/types/registry.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'
import { makeKeyPair, serviceAccountKey } from '../../testing/keys.ts'

let app: TestApp
let ada: Client
let count = 0
const password = 'canary-4d1e1bd1e0f84a5c9d7a'

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(() => {
  count += 1
  app.connector.next = signedIn
  app.connector.jobs.length = 0
})

const filled = (more: Record<string, string> = {}) => ({
  type: 'basic',
  name: `Account ${count}`,
  username: 'reporting',
  password,
  ...more,
})

/** Stores one through the form and returns its page's path. */
async function stored(more: Record<string, string> = {}): Promise<string> {
  const answer = await ada.post('/credentials/new', filled(more))
  if (answer.location === null) throw new Error(textsOf(answer.html, '.error-summary').join(' '))
  return answer.location
}

describe('GET /credentials', () => {
  it('without any, says what credentials are for and offers to add them', async () => {
    const ben = await app.signInAs(app.ben)
    const { html } = await ben.get('/credentials')
    expect(textOf(html, '.empty-state h2')).toBe('No credentials yet')
    expect(textsOf(html, 'a').filter((text) => text === '+ Add new credentials')).toHaveLength(1)
  })

  it('lists the own ones by name, finds them by a part of name or username, and keeps pages of 50 apart', async () => {
    const eve = await app.signInAs(app.eve)
    for (let number = 0; number < 53; number++) {
      const name = `Account ${String(number).padStart(2, '0')}`
      await eve.post('/credentials/new', { type: 'basic', name, username: `user${number}`, password })
    }
    const first = await eve.get('/credentials')
    const names = textsOf(first.html, '.list-row-name')
    expect(names).toEqual(Array.from({ length: 50 }, (_, number) => `Account ${String(number).padStart(2, '0')}`))
    const next = first.html.querySelector('a[rel=next]')?.getAttribute('href') ?? ''
    expect(textsOf((await eve.get(next)).html, '.list-row-name')).toEqual(['Account 50', 'Account 51', 'Account 52'])
    expect(textsOf((await eve.get('/credentials?q=USER7')).html, '.list-row-name')).toEqual(['Account 07'])
    expect(textsOf((await eve.get('/credentials?q=nothing%25')).html, '.panel-empty')).toEqual([
      'No credentials found.',
    ])
    for (const sort of ['used', 'created', 'name']) {
      const seen: string[] = []
      for (let path: string | null = `/credentials?sort=${sort}`; path !== null; ) {
        const page = await eve.get(path)
        seen.push(...textsOf(page.html, '.list-row-name'))
        path = page.html.querySelector('a[rel=next]')?.getAttribute('href') ?? null
      }
      expect(new Set(seen).size, sort).toBe(53)
      expect(seen.length, sort).toBe(53)
    }
    expect((await eve.get('/credentials?after=made-up&sort=used')).status).toBe(200)
  })

  it('as a fragment equals the main of the document, selected or not', async () => {
    const path = await stored()
    for (const page of [
      '/credentials',
      path,
      '/credentials/new',
      '/credentials/new?type=gcp',
      `${path}/edit`,
      `${path}/deletion`,
    ]) {
      const [whole, part] = [await ada.get(page), await ada.fragment(page)]
      const inside = whole.html.querySelector('#main')?.innerHTML ?? ''
      expect(part.text.replace(/<title>.*?<\/title>/, ''), page).toContain(
        inside
          .replace(/<title>.*?<\/title>/, '')
          .trim()
          .slice(0, 400),
      )
      expect(part.text).not.toContain('<html')
    }
  })
})

describe('POST /credentials/new', () => {
  it('without a connection stores and says that nothing was proven', async () => {
    const path = await stored()
    const { html, text } = await ada.get(path)
    expect(textOf(html, '.flash')).toBe('Saved. Nothing was proven: no data connection yet.')
    expect(textOf(html, 'h1')).toBe(`Account ${count}`)
    expect(text).not.toContain(password)
    expect(app.connector.jobs).toEqual([])
  })

  it('with a connection signs in first, then stores and associates it', async () => {
    const connection = await addConnection(app, app.ada, `Sales ${count}`)
    const path = await stored({ connection })
    expect(app.connector.jobs).toMatchObject([{ secrets: { username: 'reporting', password } }])
    const { html } = await ada.get(path)
    expect(textOf(html, '.flash')).toBe('Saved. The sign-in worked.')
    expect(textOf(html, '.relation')).toContain('postgresql://db.example.com:5432/sales · TLS verified')
    expect(textOf(html, '.relation')).toContain('signed in')
  })

  it('refused by the target stores nothing, shows the ladder, keeps what was typed except the secret', async () => {
    const connection = await addConnection(app, app.ada, `Sales ${count}`)
    app.connector.next = refused
    const answer = await ada.post('/credentials/new', filled({ connection }))
    expect(answer.status).toBe(422)
    expect(textOf(answer.html, 'title')).toMatch(/^Error: /)
    expect(textOf(answer.html, '.rung-failed')).toContain('The server refused this username and password.')
    expect(formValues(answer.html)).toMatchObject({
      name: `Account ${count}`,
      username: 'reporting',
      password: '',
      connection,
    })
    expect(answer.text).not.toContain(password)
    expect(textsOf(answer.html, 'main button')).toContain('Save without signing in')
    expect((await ada.get(`/credentials?q=Account+${count}`)).text).toContain('No credentials found.')
    const saved = await ada.post('/credentials/new', filled({ connection, intent: 'save' }))
    expect(saved.status).toBe(303)
    expect(textOf((await ada.get(saved.location ?? '')).html, '.flash')).toBe(
      'Saved without signing in. Nothing was proven.',
    )
  })

  it('with nothing filled in names every field, in order, each linked', async () => {
    const { html, status } = await ada.post('/credentials/new', {})
    expect(status).toBe(422)
    expect(textsOf(html, '.error-summary li')).toEqual([
      'Enter an account name.',
      'Enter a username.',
      'Enter a password.',
    ])
    for (const link of html.querySelectorAll('.error-summary a')) {
      expect(html.querySelector(link.getAttribute('href') ?? ''), link.getAttribute('href') ?? '').not.toBeNull()
    }
  })

  it('with a description that is too long says so and keeps it, here and in an edit', async () => {
    const description = 'é'.repeat(501)
    const path = await stored()
    const form = formValues((await ada.get(`${path}/edit`)).html)
    for (const answer of [
      await ada.post('/credentials/new', filled({ name: 'Long-winded', description })),
      await ada.post(`${path}/edit`, { ...form, description }),
    ]) {
      expect(answer.status).toBe(422)
      expect(textsOf(answer.html, '.error-summary li')).toEqual([
        'Description must be 500 characters or fewer. Shorten it.',
      ])
      expect(answer.html.querySelector('[name=description]')?.getAttribute('value')).toBe(description)
    }
    expect((await ada.post(`${path}/edit`, { ...form, description: 'é'.repeat(500) })).location).toBe(path)
  })

  it('with a name that is taken says so before anything is tried', async () => {
    const connection = await addConnection(app, app.ada, `Sales ${count}`)
    await stored()
    const { html, status } = await ada.post('/credentials/new', filled({ connection, name: ` account ${count} ` }))
    expect(status).toBe(422)
    expect(textOf(html, '.error-summary')).toContain('Choose another name.')
    expect(app.connector.jobs).toEqual([])
  })

  it('C1 with the connection of someone else answers 404 and dials nothing', async () => {
    const foreign = await addConnection(app, app.ben, `Bens ${count}`)
    for (const more of [{ connection: foreign }, { connection: foreign, intent: 'save' }, { connection: 'nonsense' }]) {
      expect((await ada.post('/credentials/new', filled(more))).status).toBe(404)
    }
    expect(app.connector.jobs).toEqual([])
  })
})

describe('/credentials/:id/edit', () => {
  it('posted back as rendered keeps the sealed version', async () => {
    const path = await stored()
    const form = await ada.get(`${path}/edit`)
    expect(formValues(form.html)).toMatchObject({ name: `Account ${count}`, username: 'reporting', password: '' })
    expect(form.text).not.toContain(password)
    const answer = await ada.post(`${path}/edit`, formValues(form.html))
    expect(answer.location).toBe(path)
    const { html } = await ada.get(path)
    expect(textOf(html, '.facts')).toMatch(/Version\s*1/)
  })

  it('with a new password leads to a proven edit and changes nothing before that is applied', async () => {
    const connection = await addConnection(app, app.ada, `Sales ${count}`)
    const path = await stored({ connection })
    const typed = { revision: '1', name: `Account ${count}`, username: 'other', password: 'next-canary-secret' }
    const answer = await ada.post(`${path}/edit`, typed)
    expect(answer.location).toMatch(new RegExp(`^${path}/proven-edits/[0-9a-f-]{36}$`))
    await app.provenEdits.idle()
    expect(app.connector.jobs.map(({ secrets }) => secrets)).toContainEqual({
      username: 'other',
      password: 'next-canary-secret',
    })
    expect(textOf((await ada.get(path)).html, '.facts')).toMatch(/Version\s*1/)
    expect((await ada.post(`${answer.location}/application`)).location).toBe(path)
    expect(textOf((await ada.get(path)).html, '.facts')).toMatch(/Version\s*2/)
  })

  it('saved without signing in takes effect at once and tries nothing', async () => {
    const connection = await addConnection(app, app.ada, `Sales ${count}`)
    const path = await stored({ connection })
    app.connector.jobs.length = 0
    const form = await ada.get(`${path}/edit`)
    expect(textsOf(form.html, 'main button')).toContain('Save without signing in')
    const typed = { ...formValues(form.html), password: 'next-canary-secret', intent: 'save' }
    expect((await ada.post(`${path}/edit`, typed)).location).toBe(path)
    const { html } = await ada.get(path)
    expect(textOf(html, '.flash')).toBe('Saved without signing in. Nothing was proven.')
    expect(textOf(html, '.facts')).toMatch(/Version\s*2/)
    expect(app.connector.jobs).toEqual([])
  })

  it('with a stale revision answers 409 with both sides, and saving again wins', async () => {
    const path = await stored()
    await ada.post(`${path}/edit`, { revision: '1', name: `First ${count}`, username: 'first', password: '' })
    const late = await ada.post(`${path}/edit`, {
      revision: '1',
      name: `Second ${count}`,
      username: 'second',
      password: 'typed',
    })
    expect(late.status).toBe(409)
    expect(textsOf(late.html, 'tbody tr')).toEqual(
      [`Account name First ${count} Second ${count}`, 'Username first second', 'Description'].map((row) =>
        expect.stringContaining(row.split(' ')[0] ?? ''),
      ),
    )
    expect(late.text).toContain(`First ${count}`)
    expect(late.text).not.toContain('value="typed"')
    const again = await ada.post(`${path}/edit`, formValues(late.html))
    expect(again.status).toBe(303)
    expect(textOf((await ada.get(path)).html, 'h1')).toBe(`Second ${count}`)
  })

  it('S8 a mask in place of the password is refused', async () => {
    const path = await stored()
    const answer = await ada.post(`${path}/edit`, {
      revision: '1',
      name: `Account ${count}`,
      username: 'reporting',
      password: '••••••••',
    })
    expect(answer.status).toBe(422)
    expect(textOf(answer.html, '.error-summary')).toContain('looks like a mask')
    expect(textOf(answer.html, '.error-summary')).not.toContain('leave the field blank')
  })
})

describe('/credentials/:id/deletion', () => {
  it('lists what would stop working, and deletes on confirmation', async () => {
    const connection = await addConnection(app, app.ada, `Sales ${count}`)
    const path = await stored({ connection })
    const page = await ada.get(`${path}/deletion`)
    expect(textOf(page.html, 'main')).toContain(`Signing in to Sales ${count} with this account`)
    expect(textsOf(page.html, 'main button')).toContain('Delete credentials')
    expect((await ada.post(`${path}/deletion`)).location).toBe('/credentials')
    expect((await ada.get(path)).status).toBe(404)
  })
})

describe('with stored credentials off', () => {
  it('every page of Credentials management answers 403 with the reason', async () => {
    const path = await stored()
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', false)
    try {
      for (const page of ['/credentials', '/credentials/new', path, `${path}/edit`, `${path}/deletion`]) {
        const answer = await ada.get(page)
        expect([answer.status, page]).toEqual([403, page])
        expect(answer.text).toContain('Stored credentials are switched off here.')
      }
      expect((await ada.post('/credentials/new', filled())).status).toBe(403)
      expect((await ada.post(`${path}/deletion`)).status).toBe(403)
    } finally {
      await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', true)
    }
    expect((await ada.get(path)).status).toBe(200)
  })
})

describe('credentials of other types', () => {
  const { privateKey } = makeKeyPair('correct horse battery')
  const keyPair = { type: 'snowflake_key_pair_user_account', user: 'LOADER', passphrase: 'correct horse battery' }

  /** Posts a form in parts, as a browser does where a file may be chosen. */
  function postParts(path: string, form: Record<string, string>, files: Record<string, string> = {}) {
    const body = new FormData()
    for (const [name, value] of Object.entries(form)) body.append(name, value)
    for (const [name, text] of Object.entries(files)) body.append(name, new Blob([text]), 'a file')
    return ada.send(path, { method: 'POST', body, headers: { Origin: 'http://localhost' } })
  }

  it('are chosen from first, and each form has its fields, with a file beside what has several lines', async () => {
    const types = await ada.get('/credentials/new')
    expect(textOf(types.html, '.breadcrumbs [aria-current]')).toBe(textOf(types.html, 'h1'))
    expect(textsOf(types.html, '.choice-name')).toContain('Snowflake key pair')
    expect(types.html.querySelectorAll('.choice-list a')).toHaveLength(credentialTypes.length)
    for (const type of credentialTypes) {
      const { html } = await ada.get(`/credentials/new?type=${type.id}`)
      for (const field of type.fields) expect(html.querySelectorAll(`[name=${field.id}]`), field.id).toHaveLength(1)
      const files = type.fields.filter((field) => field.kind === 'multiline').map((field) => `file-${field.id}`)
      const inputs = [...html.querySelectorAll('input[type=file]')].map((input) => input.getAttribute('name'))
      expect(inputs).toEqual(files)
      const form = html.querySelector('main form')
      expect(form?.getAttribute('enctype') ?? null).toBe(files.length > 0 ? 'multipart/form-data' : null)
    }
  })

  it('are stored from a key that was pasted in one line, and seal it as it was', async () => {
    const pasted = { ...keyPair, name: 'Loader', privateKeyStr: privateKey.trim().replaceAll('\n', '\\n') }
    const answer = await postParts('/credentials/new', pasted)
    expect(answer.status, textsOf(answer.html, '.error-summary').join(' ')).toBe(303)
    const page = await ada.get(answer.location ?? '')
    expect(page.text).toContain('Snowflake key pair')
    expect(page.text).toContain('LOADER')
    expect(page.text).not.toContain('PRIVATE KEY')
    const edit = await ada.get(`${answer.location}/edit`)
    expect(edit.html.querySelector('textarea')?.textContent).toBe('')
    expect(edit.text).not.toContain('correct horse')
    expect(edit.html.querySelector('[name=clear-passphrase]')).not.toBeNull()
  })

  it('take a file, tell what is wrong with it, and refuse a field that is typed and chosen', async () => {
    const gcp = { type: 'gcp', name: 'Bucket' }
    const refusedFor = async (form: Record<string, string>, file: string) => {
      const answer = await postParts('/credentials/new', form, { 'file-gcpKey': file })
      expect(answer.status).toBe(422)
      expect(answer.text).not.toContain('hunter2')
      return textsOf(answer.html, '.error-summary').join(' ')
    }
    expect(await refusedFor(gcp, `{"hunter2": 1}`)).toContain('has no type')
    expect(await refusedFor(gcp, `hunter2${'x'.repeat(65_536)}`)).toContain('larger than 64 KiB')
    expect(await refusedFor({ ...gcp, gcpKey: serviceAccountKey() }, serviceAccountKey())).toContain('not both')
    const answer = await postParts('/credentials/new', gcp, { 'file-gcpKey': serviceAccountKey() })
    expect(answer.status).toBe(303)
    const page = await ada.get(answer.location ?? '')
    expect(page.text).not.toContain('iam.gserviceaccount.com')
    expect(page.text).not.toContain('<dt>Username')
  })

  it('edited with everything blank, stay the version they were; a field alone can be changed or cleared', async () => {
    const app = {
      type: 'azure_service_principal',
      clientId: 'app',
      clientSecret: 'secret-of-app',
      azureTenantId: 'example.com',
    }
    const { location } = await postParts('/credentials/new', { ...app, name: 'Application' })
    const edit = async (form: Record<string, string>) => {
      const { html } = await ada.get(`${location}/edit`)
      const { status } = await ada.post(`${location}/edit`, { ...formValues(html), ...form })
      expect(status).toBe(303)
      return textOf((await ada.get(location ?? '')).html, 'dl')
    }
    expect(await edit({ name: 'Renamed' })).toMatch(/Version\s*1$/)
    expect(await edit({ azureTenantId: 'other.example.com' })).toMatch(/Version\s*2$/)
    expect((await ada.get(`${location}/edit`)).text).not.toContain('other.example.com')
  })

  it('are offered for no connection that cannot sign in with them, and refused where asked for by hand', async () => {
    const connection = await addConnection(app, app.ada, `PostgreSQL ${count}`)
    const made = await postParts('/credentials/new', { type: 'bearer', name: `Token ${count}`, token: 'abc-def-ghi' })
    const id = made.location?.split('/').at(-1) ?? ''
    expect((await ada.get(`/credentials/new?type=bearer`)).text).not.toContain(`PostgreSQL ${count}`)
    expect((await ada.get(`${made.location}/associations/new`)).text).not.toContain(`PostgreSQL ${count}`)
    expect((await ada.get(`/connections/${connection}/credentials/new`)).text).not.toContain(`Token ${count}`)
    const token = { type: 'bearer', token: 'abc-def-ghi' }
    for (const [path, form] of [
      [`/credentials/${id}/associations/new`, { connection }],
      [`/connections/${connection}/credentials/new`, { credential: id }],
      ['/credentials/new', { ...token, name: `Other ${count}`, connection }],
      ['/credentials/new', { ...token, name: `Other ${count}`, connection, intent: 'save' }],
      [`/connections/${connection}/sign-ins/new`, { ...token, intent: 'sign-in' }],
    ] as const) {
      const answer = await ada.post(path, form)
      expect(answer.status, path).toBe(422)
      expect(answer.text).toContain('cannot sign in with credentials of this type')
    }
    expect(app.connector.jobs).toEqual([])
    expect((await ada.get('/credentials')).text).not.toContain(`Other ${count}`)
  })
})
