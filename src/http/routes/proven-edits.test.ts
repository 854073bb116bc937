import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { credentials } from '../../db/schema/credentials.ts'
import { provenEdits } from '../../db/schema/proven-edits.ts'
import { answering } from '../../testing/answering.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { signedIn } from '../../testing/domain.ts'
import { type EditedAccount, editedAccount, good, mixed } from '../../testing/edited-account.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let account: EditedAccount
let path: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(async () => {
  account = await editedAccount(app, ++count)
  path = `/credentials/${account.id}`
})

/** Posts the form of the edit and waits until that has been tried; resolves with the address of its page. */
async function edited(more: Record<string, string> = {}): Promise<string> {
  const form = { ...formValues((await ada.get(`${path}/edit`)).html), username: 'writer', password: 'new', ...more }
  const answer = await ada.post(`${path}/edit`, form)
  if (answer.location === null) throw new Error(textsOf(answer.html, '.error-summary').join(' '))
  await app.provenEdits.idle()
  return answer.location
}

const buttons = async (page: string) => textsOf((await ada.get(page)).html, '#decide .button')
const version = async () => textOf((await ada.get(path)).html, '.facts').match(/Version\s*(\d+)/)?.[1]

describe('GET /credentials/:id/proven-edits/:editId', () => {
  it('says at a glance what works now, what would with the edit, what would stop, and why', async () => {
    const dataset = await account.addDataset(account.orders)
    answering(app, mixed)
    const page = await edited({ name: `Renamed ${count}` })
    const { html, text } = await ada.get(page)
    expect(textOf(html, 'h1')).toBe(`Edit of Reporting ${count}`)
    const notice = textOf(html, '.notice')
    expect(notice).toContain('1 of 2 connections works with the edit.')
    expect(notice).toContain(`signing in to Orders ${count}, and new snapshots of Rows ${count}`)
    const [head, onOrders, rows, onSales] = textsOf(html, '.trials tr')
    expect(head).toMatch(/Connection\s*Now\s*With the edit\s*Reason/)
    expect(onOrders).toMatch(/^Orders \d+ default.*works\s*fails\s*The server refused this username and password\./)
    expect(onOrders).toContain('Check both and try again.')
    expect(rows).toMatch(/works.*not run\s*Not run, because the sign-in failed\./)
    expect(onSales).toMatch(/^Sales \d+ default.*works\s*works\s*$/)
    expect(html.querySelector(`.trials a[href="/catalog/${dataset}"]`)).not.toBeNull()
    expect(textOf(html, '.facts')).toMatch(/reader → writer/)
    expect(text).not.toContain('value="new"')
    expect(await buttons(page)).toEqual(['Split', 'Try again', 'Apply anyway', 'Discard'])
  })

  it('with everything working offers to apply it first, and is found from the credential until then', async () => {
    answering(app, good)
    const page = await edited()
    expect(await buttons(page)).toEqual(['Apply', 'Discard'])
    expect((await ada.get(page)).html.querySelector('#decide .button-primary')?.textContent).toContain('Apply')
    for (const place of [path, `${path}/edit`]) {
      expect((await ada.get(place)).html.querySelector(`.notice a[href="${page}"]`), place).not.toBeNull()
    }
    const second = await edited()
    expect(textOf((await ada.get(path)).html, '.notice')).toContain('2 edits wait for a decision.')
    expect(second).not.toBe(page)
  })

  it('while it is tried shows how far, and keeps itself fresh with JavaScript and without', async () => {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    answering(app, async () => {
      await held
      return signedIn
    })
    const form = { revision: '1', name: `Reporting ${count}`, username: 'writer', password: 'new' }
    const page = (await ada.post(`${path}/edit`, form)).location ?? ''
    const { html, text } = await ada.get(page)
    expect(textOf(html, '[role=status]')).toBe('0 of 2 tried.')
    expect(html.querySelector(`[hx-get="${page}"]`)).not.toBeNull()
    expect(text).toMatch(/<noscript><meta[^>]*http-equiv="refresh"/)
    expect(textsOf(html, '#decide')).toEqual([])
    expect((await ada.post(`${page}/application`)).status).toBe(409)
    letGo()
    await app.provenEdits.idle()
    const after = await ada.get(page)
    expect(after.html.querySelector('[hx-get]')).toBeNull()
  })

  it('as a fragment equals the main of the document, the split page too', async () => {
    answering(app, mixed)
    const page = await edited()
    for (const address of [page, `${page}/split`]) {
      const [whole, part] = [await ada.get(address), await ada.fragment(address)]
      const inside = (whole.html.querySelector('#main')?.innerHTML ?? '').replace(/<title>.*?<\/title>/, '').trim()
      expect(part.text.replace(/<title>.*?<\/title>/, ''), address).toContain(inside.slice(0, 400))
      expect(part.text).not.toContain('<html')
    }
  })
})

describe('A decision', () => {
  it('to apply makes it present and says so, and its page remembers by whom', async () => {
    answering(app, good)
    const page = await edited({ name: `Renamed ${count}` })
    expect((await ada.post(`${page}/application`)).location).toBe(path)
    const { html } = await ada.get(path)
    expect(textOf(html, '.flash')).toContain('Applied.')
    expect(textOf(html, 'h1')).toBe(`Renamed ${count}`)
    expect(await version()).toBe('2')
    expect(textOf((await ada.get(page)).html, '.notice')).toContain('This edit was applied by Ada.')
    const again = await ada.post(`${page}/application`)
    expect(again.status).toBe(409)
    expect(textOf(again.html, '.notice-danger')).toContain('This edit was decided already')
  })

  it('to split asks for a name, keeps what was typed when it is taken, and gives each side its secret', async () => {
    answering(app, mixed)
    const page = await edited()
    const form = await ada.get(`${page}/split`)
    expect(textsOf(form.html, '#unproven li')).toEqual([`Orders ${count}`])
    expect(formValues(form.html)).toMatchObject({ name: `Reporting ${count} (old)` })
    const taken = await ada.post(`${page}/split`, { name: `Reporting ${count}` })
    expect(taken.status).toBe(422)
    expect(formValues(taken.html)).toMatchObject({ name: `Reporting ${count}` })
    expect(textOf(taken.html, '.error-summary')).toContain('You already have an account named')
    expect((await ada.post(`${page}/split`, formValues(form.html))).location).toBe(path)
    expect(textOf((await ada.get(path)).html, '.flash')).toContain('Split.')
    const [old] = await app.db
      .select()
      .from(credentials)
      .where(eq(credentials.name, `Reporting ${count} (old)`))
    expect(await account.passwordOn(account.orders, old?.id)).toBe('old')
    expect(await account.passwordOn(account.sales)).toBe('new')
    expect((await ada.get(`${page}/split`)).location).toBe(page)
  })

  it('to discard erases what was typed', async () => {
    answering(app, mixed)
    const page = await edited()
    expect((await ada.post(`${page}/discarding`)).location).toBe(path)
    expect(textOf((await ada.get(path)).html, '.flash')).toContain('Discarded.')
    expect(await account.grantsOf(2)).toEqual([])
    expect(textOf((await ada.get(page)).html, '.notice')).toContain('This edit was discarded by Ada.')
    expect((await ada.get(`${page}/split`)).location).toBe(page)
  })

  it('to try again tries what failed, and no more', async () => {
    answering(app, mixed)
    const page = await edited()
    const asked = answering(app, good)
    expect((await ada.post(`${page}/trials`)).location).toBe(page)
    await app.provenEdits.idle()
    expect(asked.map(({ host }) => host)).toEqual(['orders.example.com'])
    expect(await buttons(page)).toEqual(['Apply', 'Discard'])
  })

  it('on an edit that lost answers 409 with both sides, and leaves discarding and starting again', async () => {
    answering(app, good)
    const [first, second] = [await edited({ username: 'first' }), await edited({ username: 'second' })]
    await ada.post(`${first}/application`)
    for (const post of ['application', 'trials', 'split']) {
      const late = await ada.post(`${second}/${post}`, { name: 'old' })
      expect(late.status, post).toBe(409)
      expect(late.text).toContain('Another edit was applied meanwhile by Ada.')
      expect(textsOf(late.html, '.table-scroll tbody tr')).toContainEqual(
        expect.stringMatching(/Username\s*first\s*second/),
      )
      expect(textsOf(late.html, 'main .button')).toEqual(['Start again', 'Discard'])
    }
    expect((await ada.post(`${second}/discarding`)).status).toBe(303)
  })

  it('after its hour is refused, and what was typed is erased on that occasion', async () => {
    answering(app, good)
    const page = await edited()
    const past = sql`now() - interval '1 second'`
    await app.db.update(provenEdits).set({ expiresAt: past }).where(eq(provenEdits.credentialId, account.id))
    expect(textOf((await ada.get(page)).html, '.notice')).toContain('The hour of this edit is over.')
    expect(await account.grantsOf(2)).toHaveLength(3)
    expect((await ada.post(`${page}/application`)).status).toBe(409)
    expect(await account.grantsOf(2)).toEqual([])
  })
})

it('Of someone else, or signed out, no address of an edit is there', async () => {
  answering(app, mixed)
  const page = await edited()
  for (const who of [app.ben, app.root, app.eve]) {
    const client = await app.signInAs(who)
    for (const address of [page, `${page}/split`]) expect((await client.get(address)).status).toBe(404)
    for (const post of ['trials', 'application', 'split', 'discarding']) {
      expect((await client.post(`${page}/${post}`, { name: 'old' })).status, post).toBe(404)
    }
  }
  const answer = await app.client().post(`${page}/application`)
  expect([answer.status, answer.location?.split('?')[0]]).toEqual([303, '/login'])
  expect(await version()).toBe('1')
})
