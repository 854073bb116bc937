import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let ben: Client
let connection: string
let account: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
})
afterAll(() => app.close())
beforeEach(async () => {
  count += 1
  app.connector.next = signedIn
  connection = await addConnection(app, app.ada, `Sales ${count}`)
  const form = { type: 'basic', name: `Held ${count}`, username: 'u', password: 'a good one', connection }
  account = (await ada.post('/credentials/new', { ...form, intent: 'save' })).location?.split('/').at(-1) ?? ''
})

const detail = () => `/credentials/${account}`
const page = () => `${detail()}/maintenance`
const typed = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16)
const tryIt = () => ada.post(`/connections/${connection}/sign-ins/new`, { account })
const shownAfter = async (answer: { location: string | null }) => (await ada.get(answer.location ?? '')).html

describe('The maintenance window', () => {
  test('is set from a form that names its time zone, and is shown with the credential and in the list', async () => {
    const { html } = await ada.get(page())
    expect(formValues(html)).toMatchObject({ from: '', until: '' })
    expect(textsOf(html, 'label')).toEqual(['From (UTC) (optional)', 'Until (UTC)'])
    const until = typed(5)
    const saved = await ada.post(page(), { from: '', until })
    expect(saved.location).toBe(detail())
    const shown = await shownAfter(saved)
    expect(textOf(shown, '.notice')).toContain(`Until ${until.replace('T', ' ')}:00 UTC nothing uses these credentials`)
    expect(textOf(shown, '.list-row a[aria-current] .list-row-meta')).toContain('held, ends in 5 hours')
    expect(formValues((await ada.get(page())).html)).toMatchObject({ until })
    const picker = await ada.get(`/connections/${connection}/sign-ins/new`)
    expect(textOf(picker.html, '.account-meta')).toContain('what you start still signs in')
  })

  test('that is planned says from when, and can be taken back', async () => {
    await ada.post(page(), { from: typed(24), until: typed(48) })
    const { html } = await ada.get(detail())
    expect(textOf(html, '.notice')).toContain('A maintenance window is planned')
    expect(textOf((await ada.get(page())).html, '.notice button')).toBe('Take it back')
    const ended = await shownAfter(await ada.post(`${page()}/end`))
    expect([ended.querySelector('.notice'), textOf(ended, '#flash')]).toEqual([null, expect.stringContaining('ended')])
    expect(textOf(await shownAfter(await ada.post(`${page()}/end`)), '#flash')).toContain(
      'no maintenance window any more',
    )
  })

  test.each([
    ['', '', 'until', 'Enter a date and a time'],
    ['2027-02-31T10:00', typed(5), 'from', 'Enter a date and a time'],
    ['', '2020-01-01T10:00', 'until', 'That time is over'],
    ['', typed(31 * 24), 'until', '30 days at most'],
    ['tomorrow', '<b>', 'from', 'Enter a date and a time'],
  ])('from "%s" until "%s" is refused with what was typed kept', async (from, until, field, sentence) => {
    const answer = await ada.post(page(), { from, until })
    expect([answer.status, formValues(answer.html)]).toEqual([422, expect.objectContaining({ from, until })])
    expect(textsOf(answer.html, '.error-summary li').join()).toContain(sentence)
    expect(answer.html.querySelector(`#field-${field}`)?.getAttribute('aria-invalid')).toBe('true')
    expect(textOf(answer.html, 'title')).toContain('Error: ')
  })

  test('of somebody else is not found, signed out leads to the sign-in, without the feature there is none', async () => {
    for (const path of [page(), `${page()}/end`]) {
      expect((await ben.post(path, { from: '', until: typed(5) })).status).toBe(404)
      expect((await app.client().post(path)).location).toContain('/login')
    }
    expect((await ben.get(page())).status).toBe(404)
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', false)
    const off = await ada.get(page())
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', true)
    expect(off.status).toBe(403)
  })

  test('as a fragment equals the main of the document', async () => {
    const [whole, part] = [await ada.get(page()), await ada.fragment(page())]
    expect(part.text).not.toContain('<html')
    for (const shown of ['h1', 'p', 'label', 'button']) {
      expect(textsOf(part.html, shown)).toEqual(textsOf(whole.html, `main ${shown}`))
    }
  })
})

describe('Credentials that were refused', () => {
  test('say why nothing uses them by itself, in the list too, and a good sign-in ends that with what was missed', async () => {
    await ada.post(`/connections/${connection}/health`, { every: '60', account })
    app.connector.next = refused
    await tryIt()
    await app.looks.next(new AbortController().signal)
    const { html } = await ada.get(detail())
    expect(textOf(html, '.notice strong')).toBe(`Paused: refused by Sales ${count}`)
    expect(textOf(html, '.notice')).toContain('nothing uses these credentials by itself')
    expect(textsOf(html, '.list-row a[aria-current] .badge')).toEqual(['paused: refused'])
    expect(textOf(html, '#missed tbody tr')).toMatch(/health check.*Sales.*paused.*1.*still waiting/)
    const picker = await ada.get(`/connections/${connection}/sign-ins/new`)
    expect(textOf(picker.html, '.account-meta')).toContain('paused after a refusal')
    app.connector.next = signedIn
    expect(textOf(await shownAfter(await tryIt()), '#flash')).toContain('this sign-in ended that')
    const after = (await ada.get(detail())).html
    expect(after.querySelector('.notice')).toBeNull()
    expect(textOf(after, '#missed tbody tr')).toContain('gone on')
    expect(textsOf(after, '.list-row a[aria-current] .badge')).toEqual([])
  })

  test('and are edited without signing in, stay paused, and the page says so', async () => {
    app.connector.next = refused
    await tryIt()
    const form = { name: `Held ${count}`, username: 'u', password: 'another', revision: '1', intent: 'save' }
    const shown = await shownAfter(await ada.post(`${detail()}/edit`, form))
    expect(textOf(shown, '#flash')).toContain('stay paused until one sign-in with them works')
    expect(textOf(shown, '.notice strong')).toContain('Paused')
  })

  test('that somebody is trying, say so to who tries meanwhile, as the outcome of their sign-in', async () => {
    app.connector.next = refused
    await tryIt()
    const { run } = app.connector
    let meanwhile = ''
    app.connector.run = async (job, options) => {
      app.connector.run = run
      meanwhile = textOf(await shownAfter(await tryIt()), '.notice')
      return run(job, options)
    }
    await tryIt()
    expect(meanwhile).toContain('Someone is trying these credentials right now')
    expect(meanwhile).toContain('Try again in a minute.')
  })
})
