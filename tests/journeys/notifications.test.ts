import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addConnection } from './connections.ts'
import { addPeople, type People } from './people.ts'
import { makeStore, type Store } from './store.ts'
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

const bell = (page: Page, words: string) => page.getByRole('link', { name: `Notifications, ${words}`, exact: true })

describe.skipIf(browserPath === undefined).each(modes)('The bell $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  let ben: UserActor
  let address: string
  beforeAll(async () => {
    ada = await people.member('Ada')
    ben = await people.member('Ben')
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>) =>
    visit(browser, server.origin, user, steps, { javaScriptEnabled })

  async function share(page: Page, name: string): Promise<void> {
    await addConnection(page, store, name)
    address = new URL(page.url()).pathname
    await follow(page, 'Sharing')
    await fill(page, { 'E-mail': ben.email })
    await page.getByRole('radio', { name: 'Consumer', exact: true }).check()
    await press(page, 'Share')
    await flash(page, 'Shared. They use this data connection with credentials of their own.')
  }

  async function signInTo(page: Page, name: string): Promise<void> {
    await page.goto('/catalog/add')
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
    await fill(page, { Username: store.reader.username, Password: store.reader.password })
    await press(page, 'Sign in')
    await page.getByRole('list', { name: 'Schemas' }).waitFor()
  }

  test('leads from nothing to what happened meanwhile, with the next page that is opened', () =>
    as(ben, async (page) => {
      await bell(page, 'none unread').click()
      await heading(page, 'Notifications')
      await sees(page, 'Nothing to tell you')
      await as(ada, async (other) => {
        await share(other, 'Shop')
        await share(other, 'Depot')
      })
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Activity' }).click()
      await heading(page, 'Activity')
      await bell(page, '2 unread').click()
      await follow(page, 'Ada shared the data connection "Depot" with you, as a consumer.')
      await heading(page, 'Depot')
    }))

  test('counts less with each that is marked as read, then none', () =>
    as(ben, async (page) => {
      await bell(page, '2 unread').click()
      await heading(page, 'Notifications')
      await page.getByRole('button', { name: /^Mark as read: .*Depot/ }).click()
      await bell(page, '1 unread').waitFor()
      expect(await page.getByText('new', { exact: true }).count()).toBe(1)
      await press(page, 'Mark all as read')
      await flash(page, 'Marked as read.')
      await bell(page, 'none unread').waitFor()
      expect(await page.getByRole('button', { name: /^Mark/ }).count()).toBe(0)
      await sees(page, /Shop/)
    }))

  test('still says what happened with something that was taken away, without its name', () =>
    as(ada, async (page) => {
      await page.goto(`${address}/sharing`)
      await follow(page, 'Remove Ben')
      await press(page, 'Remove from connection')
      await flash(page, 'Removed. They can no longer see this data connection, nor use their credentials on it.')
      await as(ben, async (other) => {
        await bell(other, 'none unread').click()
        await sees(other, 'Ada shared a data connection with you, as a consumer.')
        await sees(other, /It is gone, or you may not see it any more/)
        expect(await other.getByText('Depot').count()).toBe(0)
      })
    }))

  test('tells of a snapshot that failed, and leads to it, where it says why', () =>
    as(ada, async (page) => {
      await addConnection(page, store, 'Till')
      await signInTo(page, 'Till')
      await press(page, 'SQL query')
      // The data store notices when it comes to that row.
      const query = 'select id, 1 / (id - 7) as share from customers'
      await fill(page, { 'SQL query': query, 'Dataset name (optional)': 'Shares' })
      await press(page, 'Create snapshot')
      await heading(page, 'Shares')
      await sees(page, 'Version 1 failed.')
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Activity' }).click()
      await heading(page, 'Activity')
      await bell(page, '1 unread').click()
      await heading(page, 'Notifications')
      await follow(page, 'Version 1 of the dataset "Shares" could not be made.')
      await heading(page, 'Shares')
      await sees(page, 'Version 1 failed.')
      await sees(page, /The server could not run the query\. See what the server says/)
      await bell(page, '1 unread').click()
      await press(page, 'Mark all as read')
      await bell(page, 'none unread').waitFor()
    }))

  test('leads to the choice of what also goes by e-mail, which is kept', () =>
    as(ben, async (page) => {
      await bell(page, 'none unread').click()
      await follow(page, 'Choose e-mails')
      await heading(page, 'Notifications by e-mail')
      await sees(page, 'Keyward sends no e-mail here')
      await page.getByLabel('Somebody shares something with me').check()
      await page.getByLabel('Credentials of mine expire').uncheck()
      await press(page, 'Save choices')
      await flash(page, 'Saved. This applies from the next notification on.')
      await page.reload()
      expect(await page.getByLabel('Somebody shares something with me').isChecked()).toBe(true)
      expect(await page.getByLabel('Credentials of mine expire').isChecked()).toBe(false)
    }))
})
