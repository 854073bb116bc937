import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addPeople, type People } from './people.ts'
import { fill, flash, heading, modes, press, sees, visit } from './visit.ts'

let server: StartedServer
let people: People
let browser: Browser

beforeAll(async () => {
  if (browserPath === undefined) return
  server = await startServer()
  people = await addPeople(server)
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

describe.skipIf(browserPath === undefined).each(modes)('The grid of stores $way', ({ way, javaScriptEnabled }) => {
  const as = async (steps: (page: Page) => Promise<void>) =>
    visit(browser, server.origin, await people.member(`Ada ${way}`), steps, { javaScriptEnabled })

  test('is searched, and leads to a form that a pasted address fills and parameters are added to', () =>
    as(async (page) => {
      await page.goto('/connections/new')
      const search = page.getByRole('searchbox', { name: 'Search data stores' })
      await search.fill('nobody has this')
      if (!javaScriptEnabled) await search.press('Enter')
      await sees(page, 'No data store found')
      await search.fill('postgres')
      if (!javaScriptEnabled) await search.press('Enter')
      await page
        .getByRole('list', { name: 'Data stores' })
        .getByRole('link', { name: /^PostgreSQL/ })
        .click()
      await heading(page, 'Add PostgreSQL connection')

      await page.getByText('Paste an address instead').click()
      await fill(page, { Address: 'jdbc:redshift://ada:canary-80c1@dw.example.com/dev?ssl=true' })
      await press(page, 'Fill in the fields')
      await sees(page, 'The address held a username and a password')
      expect(await page.content()).not.toContain('canary-80c1')

      await fill(page, { 'Connection name': 'Warehouse' })
      await page.getByLabel('Other parameters').selectOption('Search path')
      await press(page, 'Add parameter')
      const added = page.getByLabel('Search path (optional)', { exact: true })
      await added.waitFor()
      expect(await page.getByLabel('Connection name').inputValue()).toBe('Warehouse')
      expect(await page.getByLabel('Host').inputValue()).toBe('dw.example.com')
      if (!javaScriptEnabled) await page.locator('#field-searchPath:focus, [name=searchPath]:focus').waitFor()
      // Enter saves: it does not press the button that adds one more parameter.
      await added.fill('sales, public')
      await added.press('Enter')
      await flash(page, 'Data connection added.')
      await sees(page, 'sales, public')
    }))
})
