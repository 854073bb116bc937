import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addConnection } from './connections.ts'
import { addPeople, type People } from './people.ts'
import { makeStore, type Store } from './store.ts'
import { fill, heading, modes, sees, visit } from './visit.ts'

let server: StartedServer
let people: People
let store: Store
let browser: Browser
let ada: UserActor

beforeAll(async () => {
  if (browserPath === undefined) return
  server = await startServer()
  people = await addPeople(server)
  store = await makeStore()
  browser = await launchBrowser()
  ada = await people.member('Ada')
  await visit(browser, server.origin, ada, async (page) => {
    for (const name of ['Größen', 'Orders', 'Order archive']) await addConnection(page, store, name)
  })
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store?.close()
})

const box = (page: Page) => page.getByRole('searchbox', { name: 'Search everywhere' })
const focused = (page: Page) =>
  page.evaluate<string>('document.activeElement.id || document.activeElement.textContent.trim()')
const expectFocus = (page: Page, wanted: string) => expect.poll(() => focused(page)).toMatch(new RegExp(`^${wanted}`))

describe.skipIf(browserPath === undefined).each(modes)('The search $way', ({ javaScriptEnabled }) => {
  test('from any page finds by a part, whatever the accents, and leads there', () =>
    visit(
      browser,
      server.origin,
      ada,
      async (page) => {
        await page.goto('/catalog')
        await box(page).fill('GROSS')
        await box(page).press('Enter')
        await heading(page, 'Search')
        await page
          .getByRole('main')
          .getByRole('link', { name: /^Größen/ })
          .click()
        await heading(page, 'Größen')
        expect(await box(page).inputValue()).toBe('')
        await page.goBack()
        await heading(page, 'Search')
        expect(await box(page).inputValue()).toBe('GROSS')
      },
      { javaScriptEnabled },
    ))

  test('that finds nothing says so', () =>
    visit(
      browser,
      server.origin,
      ada,
      async (page) => {
        await box(page).fill('nobody has this')
        await box(page).press('Enter')
        await sees(page, 'Nothing found')
      },
      { javaScriptEnabled },
    ))
})

describe.skipIf(browserPath === undefined)('With JavaScript, the search', () => {
  const asAda = (steps: (page: Page) => Promise<void>) => visit(browser, server.origin, ada, steps)

  test('shows what it finds while one types, and adds one page to the history', () =>
    asAda(async (page) => {
      await page.goto('/catalog')
      const before = await page.evaluate<number>('history.length')
      await page.keyboard.press('/')
      await expectFocus(page, 'site-search')
      await page.keyboard.type('ord')
      await page.getByRole('link', { name: /^Order archive/ }).waitFor()
      await page.keyboard.type('ers')
      await page.getByRole('link', { name: /^Order archive/ }).waitFor({ state: 'detached' })
      expect(new URL(page.url()).search).toBe('?q=orders')
      expect(await box(page).inputValue()).toBe('orders')
      await expectFocus(page, 'site-search')
      expect(await page.evaluate<number>('history.length')).toBe(before + 1)
      await page.goBack()
      await heading(page, 'Catalog')
    }))

  test('is moved through with the arrow keys, there and back, and left with Escape', () =>
    asAda(async (page) => {
      await page.goto('/catalog')
      await page.keyboard.press('g')
      await page.keyboard.press('s')
      await page.keyboard.type('order')
      await page.getByRole('link', { name: /^Order archive/ }).waitFor()
      await page.keyboard.press('ArrowDown')
      await expectFocus(page, 'Order archive')
      await page.keyboard.press('ArrowDown')
      await expectFocus(page, 'Orders')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('ArrowUp')
      await expectFocus(page, 'site-search')
      await page.keyboard.press('Escape')
      await expectFocus(page, 'Search')
      await page.keyboard.press('g')
      await page.keyboard.press('s')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await heading(page, 'Order archive')
    }))

  test('leaves the key to the box of a page that has one', () =>
    asAda(async (page) => {
      await page.goto('/connections')
      await page.keyboard.press('/')
      expect(await focused(page)).not.toBe('site-search')
      expect(await page.evaluate<string>('document.activeElement.type')).toBe('search')
    }))

  test('does not take away what was typed into a form, but with Enter', () =>
    asAda(async (page) => {
      await page.goto('/connections/new?driver=postgresql')
      await fill(page, { 'Connection name': 'Half typed' })
      await box(page).fill('orders')
      await page.waitForTimeout(800)
      expect(await page.getByLabel('Connection name').inputValue()).toBe('Half typed')
      await box(page).press('Enter')
      await heading(page, 'Search')
    }))
})
