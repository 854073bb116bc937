import { randomBytes } from 'node:crypto'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addConnection } from './connections.ts'
import { addPeople, type People } from './people.ts'
import { type Account, makeStore, type Store } from './store.ts'
import { fill, flash, follow, heading, modes, press, sees, visit } from './visit.ts'

let server: StartedServer
let people: People
let store: Store
let browser: Browser

beforeAll(async () => {
  if (browserPath === undefined) return
  server = await startServer()
  people = await addPeople(server)
  store = await makeStore()
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store?.close()
})

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16)

describe.skipIf(browserPath === undefined).each(modes)('Credentials $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  let account: Account
  let address: string
  beforeAll(async () => {
    ada = await people.member('Ada')
    account = await store.addReader(`reader-${randomBytes(8).toString('hex')}`)
  })
  const asAda = (steps: (page: Page) => Promise<void>) =>
    visit(browser, server.origin, ada, steps, { javaScriptEnabled })

  test('that a data store refuses are paused, and say why, in the list too', () =>
    asAda(async (page) => {
      await addConnection(page, store, 'Shop')
      await follow(page, 'Test connection')
      await fill(page, { Username: account.username, Password: account.password })
      await page.getByLabel('Securely save credentials').check()
      await fill(page, { 'Account name (optional)': 'reader' })
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. The sign-in worked.')
      await store.sql(`alter role ${account.username} password 'another one'`)
      await page.goto('/credentials')
      await page.getByRole('link', { name: /^reader/ }).click()
      await heading(page, 'reader')
      address = new URL(page.url()).pathname
      await press(page, 'Test Shop')
      await heading(page, 'Sign-in to Shop failed')
      await page.goto(address)
      await sees(page, 'Paused: refused by Shop')
      await page
        .getByRole('link', { name: /^reader/ })
        .getByText('paused: refused')
        .waitFor()
    }))

  test('go on after one sign-in that works', () =>
    asAda(async (page) => {
      await store.sql(`alter role ${account.username} password '${account.password}'`)
      await page.goto(address)
      await press(page, 'Test Shop')
      await heading(page, 'Signed in to Shop')
      await sees(page, 'These credentials were paused, and this sign-in ended that.')
      await page.goto(address)
      await heading(page, 'reader')
      expect(await page.getByText('Paused:').count()).toBe(0)
    }))

  test('are held in a maintenance window, which a wrong time does not set and its owner ends', () =>
    asAda(async (page) => {
      await page.goto(address)
      await follow(page, 'Plan a maintenance window')
      await heading(page, 'Maintenance window')
      await press(page, 'Save maintenance window')
      await sees(page, 'Enter a date and a time, such as 2027-05-31 18:00.')
      await page.getByLabel('Until (UTC)').fill(inHours(5))
      await press(page, 'Save maintenance window')
      await flash(page, 'Maintenance window saved.')
      await sees(page, 'In a maintenance window')
      await follow(page, 'Change or end it')
      await press(page, 'End it now')
      await flash(page, 'Maintenance window ended. What was missed is made up for now.')
      await sees(page, 'Plan a maintenance window')
    }))
})

describe.skipIf(browserPath === undefined)('A maintenance window by keyboard', () => {
  test('is set and ended', async () => {
    const bob = await people.member('Bob')
    await visit(browser, server.origin, bob, async (page) => {
      await page.goto('/credentials/new?type=basic')
      await fill(page, { 'Account name': 'typed', Username: 'someone', Password: 'something long enough' })
      await page.keyboard.press('Enter')
      await heading(page, 'typed')
      await reach(page, 'Plan a maintenance window')
      await page.keyboard.press('Enter')
      await heading(page, 'Maintenance window')
      await reach(page, 'Until (UTC)')
      const [date = '', time = ''] = inHours(5).split('T')
      const [year = '', month = '', day = ''] = date.split('-')
      const [hour = '', minute = ''] = time.split(':')
      await page.keyboard.type(`${month}${day}${year}`)
      await page.keyboard.press('ArrowRight')
      const half = Number(hour) < 12 ? 'AM' : 'PM'
      await page.keyboard.type(`${String(Number(hour) % 12 || 12).padStart(2, '0')}${minute}${half}`)
      await page.keyboard.press('Enter')
      await flash(page, 'Maintenance window saved.')
      await reach(page, 'Change or end it')
      await page.keyboard.press('Enter')
      await reach(page, 'End it now')
      await page.keyboard.press('Enter')
      await flash(page, 'Maintenance window ended. What was missed is made up for now.')
    })
  })
})

/** What the focus is on, by its label or its words. Run in the browser. */
const focusedName = `(document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent.trim() ?? ''`

/** Goes on with Tab until what has the focus is called that. */
async function reach(page: Page, name: string): Promise<void> {
  await page.getByText(name, { exact: true }).first().waitFor()
  for (let tabs = 0; tabs < 80; tabs++) {
    const focused = await page.evaluate<string>(focusedName)
    if (focused === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach "${name}".`)
}
