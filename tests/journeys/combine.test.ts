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

const query = `SELECT name, count(*) AS orders
FROM "customers" c JOIN "orders" o ON o.customer = c.id
GROUP BY name ORDER BY name`

describe.skipIf(browserPath === undefined).each(modes)('Datasets $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  beforeAll(async () => {
    ada = await people.member('Ada')
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>) =>
    visit(browser, server.origin, user, steps, { javaScriptEnabled }, /status of 422/)

  test('are combined by a query that is previewed, mended and saved, with the keyboard alone', () =>
    as(ada, async (page) => {
      await addTwoTables(page, store)
      await page.goto('/catalog')
      await follow(page, 'Combine datasets')
      await heading(page, 'Combine datasets')
      const editor = page.getByLabel('SQL query')
      expect(await page.evaluate('document.activeElement.name')).toBe('query')
      await page.keyboard.type('SELECT *\nFORM orders')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await sees(page, 'Syntax error at or near "orders" (in line 2, character 6).')
      await title(page, 'Error: Combine datasets · Keyward')
      expect((await editor.inputValue()).trim()).toBe('SELECT *\nFORM orders')
      await editor.fill('SELECT count(*) FROM')
      await page.getByRole('button', { name: 'Insert customers' }).press('Enter')
      await expect.poll(() => editor.inputValue()).toMatch(/FROM "customers"$/)
      await editor.fill(query)
      await press(page, 'Preview')
      await sees(page, /^The first 20 rows, in .* Nothing was stored\.$/)
      expect(await editor.inputValue()).toBe(query)
      await fill(page, { 'Dataset name': 'orders per customer' })
      await page.getByLabel('Dataset name').press('Enter')
      await flash(page, 'Snapshot started.')
      await heading(page, 'orders per customer')
      await sees(page, 'Rows 1 to 20 of 99')
      await page.locator('#lineage').getByText('customers, version 1').waitFor()
      await press(page, 'Create snapshot')
      await flash(page, 'Snapshot started.')
      await expect.poll(() => page.getByRole('link', { name: 'Profile' }).count(), { timeout: 30_000 }).toBe(2)
    }))

  test('have a profile that was computed by itself, with numbers behind each picture', () =>
    as(ada, async (page) => {
      await openDataset(page, 'orders')
      await follow(page, 'Profile of version 1')
      await heading(page, 'Profile of orders, version 1')
      await page.getByRole('img', { name: /^Histogram of amount, from/ }).waitFor({ timeout: 30_000 })
      await page.locator('.histogram summary').first().press('Enter')
      await page.getByRole('region', { name: 'Histogram of id' }).getByRole('row').nth(20).waitFor()
    }))

  test('have versions that can be compared, whole rows or by a column', () =>
    as(ada, async (page) => {
      await store.sql("update customers set note = 'moved' where id <= 3; delete from customers where id = 100")
      await openDataset(page, 'customers')
      await press(page, 'Create snapshot')
      await flash(page, 'Snapshot started.')
      await page.getByRole('link', { name: 'Compare versions' }).waitFor({ timeout: 30_000 })
      await follow(page, 'Compare versions')
      await page.getByLabel('Column that tells rows apart').selectOption('id')
      await press(page, 'Compare')
      await page.getByText('0 rows added, 1 row gone, 3 rows changed.').waitFor({ timeout: 30_000 })
      await page.getByRole('region', { name: 'Changed, before and after' }).getByText('moved').first().waitFor()
      await store.sql(
        "update customers set note = null where id <= 3; insert into customers values (100, 'Customer 100', 'regular')",
      )
    }))

  test('of one person are in no query of another', async () => {
    await as(await people.member('Ben'), async (page) => {
      await page.goto('/catalog/combine')
      await sees(page, 'No datasets to combine yet')
      const answer = await page.request.post('/catalog/combine', {
        form: { query: 'SELECT * FROM customers', intent: 'preview' },
        headers: { Origin: server.origin },
      })
      expect(answer.status()).toBe(422)
      expect(await answer.text()).not.toContain('Customer 1')
    })
  })
})

async function addTwoTables(page: Page, from: Store): Promise<void> {
  await addConnection(page, from, 'Shop')
  await page.goto('/catalog/add')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await fill(page, { Username: from.reader.username, Password: from.reader.password })
  await page.getByLabel('Securely save credentials').check()
  await fill(page, { 'Account name (optional)': 'reader' })
  await press(page, 'Save and sign in')
  await page.getByRole('list', { name: 'Schemas' }).waitFor()
  await press(page, 'public')
  await page.getByRole('checkbox', { name: 'customers' }).check()
  await page.getByRole('checkbox', { name: 'orders' }).check()
  await press(page, 'Create snapshot')
  await heading(page, 'Added datasets')
  await expect
    .poll(
      async () => {
        await page.goto('/catalog')
        return page.getByText('completed').count()
      },
      { timeout: 30_000 },
    )
    .toBe(2)
}

async function openDataset(page: Page, name: string): Promise<void> {
  await page.goto('/catalog')
  await follow(page, name)
  await heading(page, name)
}
