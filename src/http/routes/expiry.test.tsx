import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ExpiryBadge } from '../../../views/credentials/expiry-state.tsx'
import { associations, credentials } from '../../db/schema/credentials.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, signedIn } from '../../testing/domain.ts'
import { formValues, textOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let connection: string
let account: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(async () => {
  count += 1
  app.connector.next = signedIn
  connection = await addConnection(app, app.ada, `Sales ${count}`)
  const form = { type: 'basic', name: `One ${count}`, username: 'u', password: 'a good one', connection }
  account = (await ada.post('/credentials/new', { ...form, intent: 'save' })).location?.split('/').at(-1) ?? ''
})

const page = () => `/credentials/${account}/expiry`
const detail = () => `/credentials/${account}`
const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

async function stored() {
  const { expiresAt, expirySource } = credentials
  const [row] = await app.db.select({ expiresAt, expirySource }).from(credentials).where(eq(credentials.id, account))
  return row
}

describe('The expiry of a credential', () => {
  test('is unknown until it is set, and is then in its facts until the end of that day, with a link to change it', async () => {
    const before = await ada.get(detail())
    expect(textOf(before.html, 'main')).toContain('ExpiresNot known · Set expiry')
    const { html } = await ada.get(page())
    expect(formValues(html)).toEqual({ shown: '', date: '', zone: 'UTC' })
    const day = dayIn(100)
    const saved = await ada.post(page(), { ...formValues(html), date: day })
    expect([saved.status, saved.location]).toEqual([303, detail()])
    expect(await stored()).toEqual({ expiresAt: new Date(`${day}T23:59:59.000Z`), expirySource: 'set' })
    const after = await ada.get(detail())
    expect(textOf(after.html, '[role=status], .flash')).toContain('Expiry saved')
    expect(textOf(after.html, 'main')).toContain(`Expires${day} 23:59:59 UTC, as set by hand`)
    expect(after.html.querySelector(`main a[href="${page()}"]`)?.textContent).toBe('Change expiry')
    expect(after.html.querySelector('main .notice')).toBeNull()
    expect(formValues((await ada.get(page())).html)).toMatchObject({ date: day, shown: day })
  })

  test('in another time zone is the end of the day there, and is not filled in as if it were one of UTC', async () => {
    const day = dayIn(100)
    await ada.post(page(), { date: day, zone: 'Asia/Tokyo' })
    expect((await stored())?.expiresAt).toEqual(new Date(`${day}T14:59:59.000Z`))
    const { html } = await ada.get(page())
    expect(formValues(html).date).toBe('')
    expect(textOf(html, 'main')).toContain(`ends on ${day} 14:59:59 UTC, as set by hand`)
  })

  test.each([
    ['nothing', {}, 'Enter a date, or choose No expiry.'],
    ['a day that is over', { date: '2020-01-31' }, 'That date is over. Choose one that is still to come.'],
    ['a day too far away', { date: '2099-01-31' }, 'That date is more than 10 years away. Choose an earlier one.'],
    ['no day', { date: '2027-02-30' }, 'Enter a date, such as 2027-01-31.'],
    ['a date and none', { date: '2027-05-05', none: 'on' }, 'Choose either a date or no expiry.'],
    ['a zone of nowhere', { date: '2027-05-05', zone: 'Mars' }, 'Choose a time zone.'],
  ])('with %s typed is refused with what was typed', async (_what, form: Record<string, string>, sentence) => {
    const answer = await ada.post(page(), form)
    expect([answer.status, textOf(answer.html, '.error-summary li')]).toEqual([422, sentence])
    expect(textOf(answer.html, 'title')).toContain('Error: ')
    expect(formValues(answer.html).date).toBe(form.date ?? '')
    expect(await stored()).toEqual({ expiresAt: null, expirySource: null })
  })

  test('that is learned is shown as what the data store says, can be set by hand instead, and be gone back to', async () => {
    const until = new Date(`${dayIn(5)}T12:00:00.000Z`)
    app.connector.next = { ...signedIn, ok: true, value: { serverVersion: 'x', expiresAt: until.toISOString() } }
    await ada.post(`/connections/${connection}/sign-ins/new`, { account })
    const its = `as PostgreSQL says on Sales ${count}`
    const learned = await ada.get(detail())
    expect(textOf(learned.html, '.notice strong')).toMatch(/^These credentials expire in [56] days$/)
    expect(textOf(learned.html, '.facts')).toMatch(new RegExp(`12:00:00 UTC, ${its} expires in [56] days`))
    const form = await ada.get(page())
    expect([formValues(form.html).date, textOf(form.html, 'main')]).toEqual(['', expect.stringContaining(its)])
    await ada.post(page(), { none: 'on' })
    expect(await stored()).toEqual({ expiresAt: null, expirySource: 'set' })
    const over = await ada.get(page())
    expect(formValues(over.html)).toMatchObject({ none: 'on' })
    expect(textOf(over.html, 'section')).toContain(`PostgreSQL says on Sales ${count} that this account ends on`)
    await ada.post(page(), { intent: 'as learned' })
    expect(await stored()).toEqual({ expiresAt: until, expirySource: 'learned' })
  })

  test('that was set can be taken back with No expiry although the form still has the date', async () => {
    await ada.post(page(), { date: dayIn(50) })
    const { html } = await ada.get(page())
    const shown = formValues(html, 'main form:not(.form-button)')
    expect((await ada.post(page(), { ...shown, none: 'on' })).status).toBe(303)
    expect(textOf((await ada.get(detail())).html, 'main')).toContain('ExpiresNever, as set by hand')
  })

  test('that is over is said on the page of the credential, with what to do', async () => {
    const expiresAt = new Date('2026-01-31T23:59:59.000Z')
    await app.db.update(credentials).set({ expiresAt, expirySource: 'learned' }).where(eq(credentials.id, account))
    await app.db.update(associations).set({ learnedExpiresAt: expiresAt }).where(eq(associations.credentialId, account))
    const { html } = await ada.get(detail())
    expect(textOf(html, '.notice strong')).toBe('These credentials have expired')
    expect(textOf(html, '.facts .badge')).toBe('expired')
    expect(html.querySelector('.notice a')?.getAttribute('href')).toBe(`${detail()}/edit`)
  })

  test('of somebody else is not found, and signed out it leads to the sign-in', async () => {
    for (const stranger of [app.ben, app.root, app.eve]) {
      const client = await app.signInAs(stranger)
      expect((await client.get(page())).status).toBe(404)
      for (const form of [{ date: dayIn(5) }, {}, { none: 'on' }]) {
        expect((await client.post(page(), form)).status).toBe(404)
      }
    }
    expect((await app.client().post(page(), { date: dayIn(5) })).location).toContain('/login')
    expect(await stored()).toEqual({ expiresAt: null, expirySource: null })
  })

  test('asked for as a part is the main of the whole page', async () => {
    const [whole, part] = [await ada.get(page()), await ada.fragment(page())]
    expect(textOf(part.html, 'h1')).toBe('Expiry')
    expect(textOf(whole.html, 'main')).toContain(textOf(part.html, 'form'))
  })
})

describe('ExpiryBadge', () => {
  const now = new Date('2026-11-24T12:00:00.000Z')
  test.each([
    ['2026-12-25T12:00:00.000Z', null],
    ['2026-12-24T12:00:00.000Z', 'expires in 30 days'],
    ['2026-11-25T12:00:00.000Z', 'expires in 1 day'],
    ['2026-11-24T12:00:01.000Z', 'expires in 1 day'],
    ['2026-11-24T12:00:00.000Z', 'expired'],
  ])('of %s says %s', (at, words) => {
    const html = <ExpiryBadge expiresAt={new Date(at)} now={now} />
    if (words === null) expect(String(html)).toBe('')
    else expect(String(html)).toContain(`>${words}<`)
  })
})
