import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addPeople, type People } from './people.ts'
import { fill, heading, modes, press, sees, visit } from './visit.ts'

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

async function store(page: Page, name: string): Promise<void> {
  await page.goto('/credentials/new?type=basic')
  await fill(page, { 'Account name': name, Username: 'reporting', Password: 'correct horse' })
  await press(page, 'Save and sign in')
  await heading(page, name)
}

describe.skipIf(browserPath === undefined).each(modes)('Many credentials at once $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  beforeAll(async () => {
    ada = await people.member('Ada')
  })
  const as = (steps: (page: Page) => Promise<void>, expected?: RegExp) =>
    visit(browser, server.origin, ada, steps, { javaScriptEnabled }, expected)

  test('are refused where none is selected, else looked at, and deleted when that is confirmed', () =>
    as(async (page) => {
      for (const name of ['Árbol', 'Birch', 'Cedar']) await store(page, name)
      await page.goto('/credentials?q=arbol')
      await page.getByRole('link', { name: 'Select several' }).click()
      await page.getByRole('button', { name: 'Delete selected' }).click()
      await sees(page, 'Select at least one account')
      await page.getByRole('checkbox', { name: 'Select Árbol' }).check()
      await page.getByRole('button', { name: 'Delete selected' }).click()
      await heading(page, 'Delete 1 account')
      await sees(page, 'This cannot be undone.')
      await press(page, 'Delete 1 account')
      await sees(page, '1 done, 0 failed, 0 not attempted.')
      await page.goto('/credentials')
      expect(await page.locator('.list-row-name').allTextContents()).toEqual(['Birch', 'Cedar'])
    }, /422/))

  test('that match a search are given an expiry, which the list then says', () =>
    as(async (page) => {
      await page.goto('/credentials?q=birch')
      await page.getByRole('link', { name: 'Select several' }).click()
      await page.getByRole('checkbox', { name: 'All that match this search' }).check()
      await page.getByRole('button', { name: 'Set expiry of selected' }).click()
      await heading(page, 'Set expiry of 1 account')
      const soon = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)
      await fill(page, { 'Expires on': soon })
      await press(page, 'Set expiry of 1 account')
      await sees(page, '1 done, 0 failed, 0 not attempted.')
      await page.goto('/credentials?attention=expiring')
      expect(await page.locator('.list-row-name').allTextContents()).toEqual(['Birch'])
    }))
})

describe.skipIf(browserPath === undefined)('The list of credentials by keyboard', () => {
  test('moves along the rows with arrows, and Space selects, on the row and on its box', async () => {
    const ada = await people.member('Ada')
    await visit(browser, server.origin, ada, async (page) => {
      for (const name of ['First', 'Second']) await store(page, name)
      await page.goto('/credentials?select=yes')
      await page.getByRole('searchbox', { name: 'Search credentials' }).focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Space')
      const [first, second] = ['First', 'Second'].map((name) => page.getByRole('checkbox', { name: `Select ${name}` }))
      expect([await first?.isChecked(), await second?.isChecked()]).toEqual([true, false])
      await second?.focus()
      await page.keyboard.press('Space')
      expect(await second?.isChecked()).toBe(true)
      await page.keyboard.press('ArrowUp')
      expect(await page.locator(':focus .list-row-name').textContent()).toBe('First')
      await page.getByRole('button', { name: 'Test selected' }).press('Enter')
      await heading(page, 'Test 2 accounts')
    })
  })
})
