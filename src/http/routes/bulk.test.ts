import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '../../access/actor.ts'
import { bulkJobs } from '../../db/schema/bulk-jobs.ts'
import { credentials } from '../../db/schema/credentials.ts'
import { Secret } from '../../secrets/secret.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ids: string[]

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ids = [await store(app.ada, 'Reporting'), await store(app.ada, '<b>Écoles</b>'), await store(app.ada, 'Writing')]
})
afterAll(() => app.close())

async function store(owner: UserActor, name: string): Promise<string> {
  const fields = { username: new Secret('reporting'), password: new Secret('correct horse') }
  const made = await app.vault.create(owner, { type: 'basic', name, description: '', fields, connectionIds: [] })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

const checked = (html: Awaited<ReturnType<Client['get']>>['html']) =>
  [...html.querySelectorAll('.list-row input[checked]')].map((input) => input.getAttribute('value'))

async function jobOf(action: string, some = ids): Promise<string> {
  const answer = await ada.post('/credentials/bulk', { action, id: some })
  expect([answer.status, answer.location]).toEqual([303, expect.stringMatching(/^\/credentials\/bulk\/[0-9a-f-]{36}$/)])
  return answer.location ?? ''
}

describe('/credentials', () => {
  it('has a checkbox for each row where they are selected, and a filter for what needs attention', async () => {
    await app.db
      .update(credentials)
      .set({ pausedAt: new Date() })
      .where(eq(credentials.id, ids[2] ?? ''))
    const plain = await ada.get('/credentials?q=ing')
    expect(plain.html.querySelectorAll('.list-row input')).toHaveLength(0)
    const select = [...plain.html.querySelectorAll('a')].find(
      (link) => link.getAttribute('aria-label') === 'Select several',
    )
    expect(select?.getAttribute('href')).toBe('/credentials?q=ing&select=yes')
    const { html } = await ada.get('/credentials?select=yes')
    expect([...html.querySelectorAll('.list-row input')].map((box) => box.getAttribute('aria-label'))).toEqual([
      'Select <b>Écoles</b>',
      'Select Reporting',
      'Select Writing',
    ])
    const filtered = await ada.get('/credentials?attention=refused')
    expect(textsOf(filtered.html, '.list-row-name')).toEqual(['Writing'])
    expect(textsOf(filtered.html, '.list-row-badges')).toEqual(['refused'])
    expect(textsOf((await ada.get('/credentials?q=ecoles&sort=expires')).html, '.list-row-name')).toEqual([
      '<b>Écoles</b>',
    ])
    expect((await ada.get('/credentials?attention=nonsense')).html.querySelectorAll('.list-row')).toHaveLength(3)
  })
})

describe('POST /credentials/bulk', () => {
  it('without a choice, says what to do and keeps the search', async () => {
    const answer = await ada.post('/credentials/bulk', { action: 'delete', q: 'writ', sort: 'used' })
    expect([answer.status, textOf(answer.html, 'title')]).toEqual([422, expect.stringMatching(/^Error: /)])
    expect(textOf(answer.html, '.error-summary')).toContain('Select at least one account')
    expect(formValues(answer.html, '.bulk')).toMatchObject({ q: 'writ', sort: 'used' })
    expect(textsOf(answer.html, '.list-row-name')).toEqual(['Writing'])
  })

  it('without an action, keeps what was selected', async () => {
    const answer = await ada.post('/credentials/bulk', { id: ids.slice(0, 2) })
    expect(answer.status).toBe(422)
    expect(textOf(answer.html, '.error-summary')).toContain('Choose what to do')
    expect(checked(answer.html).sort()).toEqual(ids.slice(0, 2).sort())
  })

  it("with somebody else's id, or with what is no id, answers 404 and chooses nothing", async () => {
    const bens = await store(app.ben, 'Of Ben')
    const before = await app.db.$count(bulkJobs)
    for (const id of [bens, 'not-an-id']) {
      const answer = await ada.post('/credentials/bulk', { action: 'delete', id: [ids[0] ?? '', id] })
      expect([answer.status, answer.text.includes('Of Ben')]).toEqual([404, false])
    }
    expect(await app.db.$count(bulkJobs)).toBe(before)
  })

  it('of all that match, ignores the boxes', async () => {
    const form = { action: 'test', all: 'on', q: 'writ', id: ids[0] ?? '' }
    const { html } = await ada.open((await ada.post('/credentials/bulk', form)).location ?? '')
    expect(textOf(html, 'h1')).toBe('Test 1 account')
    expect(textsOf(html, '#chosen th a, section th a')).toContain('Writing')
  })

  it('read by GET, leads back to the list', async () => {
    const answer = await ada.get('/credentials/bulk')
    expect([answer.status, answer.location]).toEqual([303, '/credentials'])
  })
})

describe('/credentials/bulk/:id', () => {
  it('lists what would happen, names shown as text, the same in a fragment; to strangers it is not there', async () => {
    const path = await jobOf('delete')
    const { html } = await ada.get(path)
    expect(textOf(html, 'h1')).toBe('Delete 3 accounts')
    expect(textOf(html, 'main')).toContain('This cannot be undone.')
    expect(textOf(html, 'main')).toContain('<b>Écoles</b>')
    expect(html.querySelector('main b')).toBeNull()
    const fragment = await ada.fragment(path)
    expect(textOf(fragment.html, 'body')).toContain(textOf(html, '#chosen'))
    for (const stranger of [app.ben, app.root, app.eve]) {
      const client = await app.signInAs(stranger)
      expect((await client.get(path)).status).toBe(404)
      expect((await client.post(path, { intent: 'confirm' })).status).toBe(404)
      expect((await client.post(`${path}/cancellation`)).status).toBe(404)
    }
  })

  it('of a transfer, asks for the new owner first and keeps what was typed', async () => {
    const path = await jobOf('transfer')
    expect(textsOf((await ada.get(path)).html, 'main form button')).toEqual(['Look what would happen'])
    const unknown = await ada.post(path, { intent: 'owner', email: 'nobody@example.com' })
    expect(unknown.status).toBe(422)
    expect(formValues(unknown.html)).toMatchObject({ email: 'nobody@example.com' })
    expect((await ada.post(path, { intent: 'owner', email: app.ben.email })).status).toBe(303)
    const { html } = await ada.get(path)
    expect(textsOf(html, 'main form button')).toEqual(['Look again', 'Transfer 3 accounts'])
  })

  it.each(['', '2027-02-31', '2000-01-01', 'tomorrow'])(
    'of an expiry, with %j as its date, asks again',
    async (date) => {
      const answer = await ada.post(await jobOf('expiry'), { intent: 'confirm', date })
      expect([answer.status, formValues(answer.html).date]).toEqual([422, date])
      expect(answer.html.querySelector('.error-summary a')?.getAttribute('href')).toBe('#field-date')
    },
  )

  it('cancelled, says that nothing was attempted', async () => {
    const path = await jobOf('delete')
    expect((await ada.post(`${path}/cancellation`)).location).toBe(path)
    expect(textOf((await ada.get(path)).html, '[role=status]')).toBe('0 done, 0 failed, 3 not attempted.')
  })

  it('confirmed, does it and says what came of each', async () => {
    const [first = '', ...rest] = ids
    const path = await jobOf('delete')
    await app.vault.delete(app.ada, first)
    expect((await ada.post(path, { intent: 'confirm' })).location).toBe(path)
    await app.bulk.runs.idle()
    const { html } = await ada.get(path)
    expect(textOf(html, '[role=status]')).toBe('2 done, 1 failed, 0 not attempted.')
    expect(textOf(html, 'main')).toContain('It is gone, or it is no longer yours.')
    expect(rest).toHaveLength(2)
    expect(textOf((await ada.get('/credentials')).html, 'main')).toContain('No credentials yet')
  })
})
