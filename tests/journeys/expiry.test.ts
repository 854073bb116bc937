import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addConnection } from './connections.ts'
import { addPeople, type People } from './people.ts'
import { makeStore, type Store } from './store.ts'
import { fill, flash, follow, heading, modes, press, sees, title, visit } from './visit.ts'

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

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

describe.skipIf(browserPath === undefined).each(modes)('The expiry of credentials $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  let address: string
  beforeAll(async () => {
    ada = await people.member('Ada')
  })
  const as = (steps: (page: Page) => Promise<void>, expected?: RegExp) =>
    visit(browser, server.origin, ada, steps, { javaScriptEnabled }, expected)

  test('is learned from PostgreSQL at a good sign-in, and shown with who says so', () =>
    as(async (page) => {
      const { username, password } = await store.addReader('a password that ends')
      await store.sql(`alter role ${username} valid until '${dayIn(4)} 12:00:00+00'`)
      await addConnection(page, store, 'Shop')
      await follow(page, 'Credentials')
      await follow(page, '+ Add credentials')
      await follow(page, 'Create new credentials')
      await fill(page, { 'Account name': 'reader', Username: username, Password: password })
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. The sign-in worked.')
      await heading(page, 'reader')
      address = new URL(page.url()).pathname
      await sees(page, /^These credentials expire in [45] days$/)
      await sees(page, `They end on ${dayIn(4)} 12:00:00 UTC, as PostgreSQL says on Shop.`)
    }))

  test('is set by hand instead, after what is wrong with the date was said', () =>
    as(async (page) => {
      await page.goto(address)
      await follow(page, 'Change expiry')
      await heading(page, 'Expiry')
      await fill(page, { 'Expires on': '2020-01-31' })
      await press(page, 'Save expiry')
      await title(page, 'Error: Expiry of reader · Keyward')
      await page.getByRole('link', { name: 'That date is over. Choose one that is still to come.' }).waitFor()
      await fill(page, { 'Expires on': dayIn(200) })
      await page.getByLabel('Time zone').selectOption('Asia/Tokyo')
      await press(page, 'Save expiry')
      await flash(page, 'Expiry saved.')
      await sees(page, `${dayIn(200)} 14:59:59 UTC`)
      expect(await page.getByText('These credentials expire').count()).toBe(0)
    }, /422/))

  test('is gone back to what the data store says', () =>
    as(async (page) => {
      await page.goto(`${address}/expiry`)
      await sees(page, `PostgreSQL says on Shop that this account ends on ${dayIn(4)} 12:00:00 UTC.`)
      await press(page, 'Go by what they say')
      await flash(page, 'The expiry is now what the data stores say.')
      await sees(page, /^These credentials expire in [45] days$/)
    }))

  test('is taken away with the keyboard alone', () =>
    as(async (page) => {
      await page.goto(`${address}/expiry`)
      await expect.poll(() => focused(page)).toBe('date')
      for (let presses = 0; (await focused(page)) !== 'none' && presses < 9; presses++) await page.keyboard.press('Tab')
      await page.keyboard.press('Space')
      await page.keyboard.press('Enter')
      await flash(page, 'Expiry saved.')
      await sees(page, 'Never, as set by hand')
    }))
})

async function focused(page: Page): Promise<string | null> {
  const focus = page.locator(':focus')
  return (await focus.count()) === 0 ? null : focus.getAttribute('name')
}
