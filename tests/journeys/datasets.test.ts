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
  await store.sql(`create view faulty as select 1 / (id - 50) as share from customers;
    grant select on faulty to ${store.reader.username}, ${store.second.username}`)
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store?.close()
})

describe.skipIf(browserPath === undefined).each(modes)('Datasets $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  let ben: UserActor
  beforeAll(async () => {
    ada = await people.member('Ada')
    ben = await people.member('Ben')
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>) =>
    visit(browser, server.origin, user, steps, { javaScriptEnabled })

  test('of several tables are made on one page, where each can be cancelled and none is lost for another', () =>
    as(ada, async (page) => {
      await addConnection(page, store, 'Shop')
      await signInToShop(page, store)
      for (const name of ['customers', 'faulty', 'orders']) await page.getByRole('checkbox', { name }).check()
      await page.getByRole('checkbox', { name: /^endless/ }).check()
      await fill(page, { 'Sample (optional)': 'some' })
      await press(page, 'Create snapshot')
      await sees(page, 'The sample is neither a percentage')
      expect(await page.getByRole('checkbox', { name: 'orders' }).isChecked()).toBe(true)
      await fill(page, { 'Sample (optional)': '' })
      await press(page, 'Create snapshot')
      await heading(page, 'Added datasets')
      const address = page.url()
      await sees(page, /2 completed.* 1 failed/)
      await page.getByRole('progressbar', { name: 'Progress of all' }).waitFor()
      expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(javaScriptEnabled ? 0 : 1)
      await press(page, 'Cancel endless')
      await sees(page, /2 completed · 1 failed · 1 cancelled/)
      expect(page.url()).toBe(address)
    }))

  test('that are still made are all ended by one button; of a sample hold so many rows', () =>
    as(ada, async (page) => {
      await openTables(page)
      await page.getByRole('checkbox', { name: 'orders' }).check()
      await page.getByRole('checkbox', { name: /^endless/ }).check()
      await press(page, 'Create snapshot')
      await sees(page, /1 completed/)
      await press(page, 'Cancel all')
      await flash(page, 'Cancelled. What had been completed is kept.')
      await sees(page, /1 completed · 1 cancelled/)
      await openTables(page)
      await page.getByRole('checkbox', { name: 'customers' }).check()
      await fill(page, { 'Sample (optional)': '30' })
      await press(page, 'Create snapshot')
      await heading(page, 'customers')
      await sees(page, 'Rows 1 to 20 of 30')
      await sees(page, '30 rows, at random')
    }))

  test('that are dynamic are read at each press of the button, and become a snapshot beside them', () =>
    as(ada, async (page) => {
      await openTables(page)
      await press(page, 'SQL query')
      await fill(page, { 'SQL query': 'select count(*) as n from orders', 'Dataset name (optional)': 'How many' })
      await press(page, 'Create dynamic')
      await heading(page, 'How many')
      await press(page, 'Show rows')
      await page.getByRole('cell', { name: '2000', exact: true }).waitFor()
      await store.sql("insert into orders values (3001, 1, 1, '2026-01-01')")
      await press(page, 'Show rows again')
      await page.getByRole('cell', { name: '2001', exact: true }).waitFor()
      await store.sql('delete from orders where id = 3001')
      await press(page, 'Create snapshot')
      await heading(page, 'Snapshot of How many')
      await sees(page, 'Rows 1 to 1 of 1')
      await page.goto('/catalog')
      await page.getByLabel('Show').selectOption('Dynamic')
      await press(page, 'Search')
      await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(['How many '])
    }))

  test('are described, found by tag, and shared', () =>
    as(ada, async (page) => {
      await page.goto('/catalog?q=Snapshot+of')
      await follow(page, 'Snapshot of How many')
      await follow(page, 'Edit')
      await fill(page, {
        'Dataset name': 'Orders by day',
        'Description (optional)': 'Counted.',
        'Tags (optional)': 'eu',
      })
      await press(page, 'Save dataset')
      await flash(page, 'Dataset saved.')
      await heading(page, 'Orders by day')
      await follow(page, 'eu')
      await heading(page, 'Catalog')
      expect(await page.getByRole('rowheader').count()).toBe(1)
      await follow(page, 'Orders by day')
      await follow(page, 'Sharing')
      await sees(page, 'Nobody else sees this dataset.')
      await fill(page, { 'E-mail': ben.email })
      await page.getByRole('radio', { name: 'Consumer', exact: true }).check()
      await press(page, 'Share')
      await flash(page, 'Shared. They see the data, and nothing of your accounts.')
      await sees(page, `Consumer · ${ben.email}`)
    }))

  test('that are shared are read by the other, and not changed', () =>
    as(ben, async (page) => {
      await page.goto('/catalog?show=shared')
      await follow(page, 'Orders by day')
      await sees(page, 'You cannot refresh this dataset.')
      await sees(page, 'Rows 1 to 1 of 1')
      for (const name of ['Edit', 'Delete dataset', 'Create snapshot']) {
        expect(await page.getByRole('link', { name, exact: true }).count()).toBe(0)
      }
      expect(await page.getByText('reader').count()).toBe(0)
    }))

  test('that are deleted are gone for everybody, come back whole, and go for good where that is asked for', async () => {
    await as(ada, async (page) => {
      await page.goto('/catalog?q=Orders+by')
      await follow(page, 'Orders by day')
      await follow(page, 'Delete dataset')
      await sees(page, '1 person it is shared with can no longer see it.')
      await press(page, 'Delete dataset')
      await heading(page, 'Catalog')
    })
    await as(ben, async (page) => {
      await page.goto('/catalog')
      await heading(page, 'Catalog')
      expect(await page.getByRole('link', { name: 'Orders by day' }).count()).toBe(0)
    })
    await as(ada, async (page) => {
      await page.goto('/catalog')
      await follow(page, 'Deleted datasets')
      await press(page, 'Restore Orders by day')
      await flash(page, 'Dataset restored, with all of its versions.')
      await sees(page, 'Rows 1 to 1 of 1')
      await follow(page, 'Delete version 1')
      await press(page, 'Delete version')
      await flash(page, 'Version deleted, with its data.')
      await sees(page, 'No data yet')
      await follow(page, 'Delete dataset')
      await press(page, 'Delete dataset')
      await follow(page, 'Deleted datasets')
      await follow(page, 'Delete for good: Orders by day')
      await press(page, 'Delete for good')
      await flash(page, 'Dataset deleted for good, with its stored data.')
      await sees(page, 'Nothing is deleted')
    })
  })
})

async function signInToShop(page: Page, { reader }: Store): Promise<void> {
  await page.goto('/catalog/add')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await fill(page, { Username: reader.username, Password: reader.password })
  await page.getByLabel('Securely save credentials').check()
  await fill(page, { 'Account name (optional)': 'reader' })
  await press(page, 'Save and sign in')
  await page.getByRole('list', { name: 'Schemas' }).waitFor()
  await press(page, 'public')
  await page.getByRole('group', { name: 'Tables in public' }).waitFor()
}

async function openTables(page: Page): Promise<void> {
  await page.goto('/catalog/add')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await press(page, 'Tables')
  await page.getByRole('group', { name: 'Tables in public' }).waitFor()
}
