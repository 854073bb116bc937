import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addPeople, type People } from './people.ts'
import { makeStore, type Store } from './store.ts'
import { heading, sees, visit } from './visit.ts'

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

describe.skipIf(browserPath === undefined)('With the keyboard alone', () => {
  test('a connection and credentials are added, chosen, edited, tested and deleted', async () => {
    const ada = await people.member('Ada')
    await visit(browser, server.origin, null, async (page) => {
      const keys = keyboardOf(page)
      await page.goto('/login')
      await keys.type(ada.email)
      await keys.press('Tab')
      await keys.type('quartz lantern mosaic 7')
      await keys.press('Enter')
      await page.locator('#user-menu').waitFor()

      await keys.press('g', 'd')
      await arrive(page, 'Data connections')
      await keys.press('n')
      await arrive(page, 'Add connection')
      await keys.tabTo(/^PostgreSQL/)
      await keys.press('Enter')
      await arrive(page, 'Add PostgreSQL connection')
      await expectFocus(page, 'Connection name')
      await keys.type('Shop')
      await keys.tabTo('Host')
      await keys.type(store.host)
      await keys.tabTo('Port')
      await keys.press('Control+a')
      await keys.type(String(store.port))
      await keys.tabTo('Database')
      await keys.type(store.database)
      await keys.tabTo('TLS, and the server proves who it is')
      await keys.press('ArrowDown', 'ArrowDown')
      await expectFocus(page, 'None')
      await keys.press('Enter')
      await arrive(page, 'Shop')

      await keys.press('g', 'c')
      await arrive(page, 'Credentials management')
      await keys.press('n')
      await arrive(page, 'Choose a credential type')
      await keys.tabTo(/^Username and password/)
      await keys.press('Enter')
      await expectFocus(page, 'Account name')
      await keys.type('first')
      await keys.press('Tab')
      await keys.type('someone')
      await keys.press('Tab')
      await keys.type('a password of nobody')
      await keys.press('Enter')
      await arrive(page, 'first')

      await keys.press('n')
      await arrive(page, 'Choose a credential type')
      await keys.tabTo(/^Username and password/)
      await keys.press('Enter')
      await expectFocus(page, 'Account name')
      await keys.type('second')
      await keys.press('Tab')
      await keys.type(store.reader.username)
      await keys.press('Tab')
      await keys.type(store.reader.password)
      await keys.tabTo('Data connection (optional)')
      await keys.type('Shop')
      await keys.tabTo('Save and sign in')
      await keys.press('Space')
      await arrive(page, 'second')

      await keys.press('e')
      await arrive(page, 'Edit credentials')
      await keys.tabTo('Password')
      await keys.type('not the password')
      await keys.press('Enter')
      await arrive(page, 'Edit of second')
      await sees(page, 'Shop does not work with the edit.')
      await keys.tabTo('Discard')
      await keys.press('Enter')
      await arrive(page, 'second')

      await keys.press('/')
      await expectFocus(page, 'Search credentials')
      await keys.press('ArrowDown')
      await expectFocus(page, /^first/)
      await keys.press('ArrowDown')
      await expectFocus(page, /^second/)
      await keys.press('ArrowUp')
      await keys.press('Enter')
      await arrive(page, 'first')
      await keys.press('e')
      await arrive(page, 'Edit credentials')
      await keys.press('Control+a')
      await keys.type('not saved')
      await keys.press('Escape')
      await arrive(page, 'first')
      await keys.press('e')
      await arrive(page, 'Edit credentials')
      await keys.press('Control+a')
      await keys.type('renamed')
      await keys.press('Enter')
      await arrive(page, 'renamed')

      await keys.press('g', 'd')
      await arrive(page, 'Data connections')
      await keys.tabTo('Shop')
      await keys.press('Enter')
      await arrive(page, 'Shop')
      await keys.press('t')
      await arrive(page, 'Test connection')
      await expectFocus(page, /^second/)
      await keys.press('Enter')
      await arrive(page, 'Signed in to Shop')

      await keys.press('g', 'c')
      await arrive(page, 'Credentials management')
      await keys.press('/')
      await keys.press('ArrowDown')
      await expectFocus(page, /^renamed/)
      await keys.press('Enter')
      await arrive(page, 'renamed')
      await keys.tabTo('Delete')
      await keys.press('Enter')
      await arrive(page, 'Delete renamed')
      await keys.tabTo('Delete credentials')
      await keys.press('Enter')
      await arrive(page, 'Credentials management')
      await sees(page, 'Credentials deleted. Nothing can sign in with them any more.')
      expect(await page.getByRole('list', { name: 'Credentials' }).getByRole('listitem').count()).toBe(1)
    })
  })

  test('the keys are listed, can be switched off, and do nothing while typing', async () => {
    await visit(browser, server.origin, await people.member('Ben'), async (page) => {
      const keys = keyboardOf(page)
      await page.goto('/credentials')
      await keys.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await keys.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await keys.press('/')
      await keys.type('n?egd')
      expect(await page.getByRole('searchbox').inputValue()).toBe('n?egd')
      await heading(page, 'Credentials management')
      await page.goto('/credentials')
      await keys.press('?')
      await page.getByRole('dialog').waitFor()
      await keys.tabTo(/shortcuts/i)
      await keys.press('Space', 'Escape', 'n')
      await keys.press('g', 'd')
      await heading(page, 'Credentials management')
    })
  })

  test('the account menu opens, closes on Escape and gives the focus back', async () => {
    await visit(browser, server.origin, await people.member('Cleo'), async (page) => {
      const keys = keyboardOf(page)
      await page.goto('/credentials')
      await keys.tabTo(/Cleo/)
      await keys.press('Enter')
      await page.getByRole('link', { name: 'Credentials management' }).waitFor()
      await keys.press('Escape')
      await page.getByRole('link', { name: 'Credentials management' }).waitFor({ state: 'hidden' })
      await expectFocus(page, /Cleo/)
      await keys.press('Enter')
      await keys.tabTo('Sign out')
      await keys.press('Enter')
      await heading(page, 'Sign in')
    })
  })
})

/** What the focus is on, as a screen reader would call it; and whether there is anything to see of it. */
const focusScript = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return { name: '(nothing)', visible: false }
  const labels = element.labels ? [...element.labels].map((label) => label.textContent) : []
  const name = element.getAttribute('aria-label') ?? (labels.length > 0 ? labels.join(' ') : element.textContent)
  const style = getComputedStyle(element)
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
  return { name: name.replace(/\\s+/g, ' ').trim(), visible: ring || element.localName === 'h1' }
})()`

type Focus = { readonly name: string; readonly visible: boolean }

/** Presses keys and nothing else; after each the focus must be somewhere, and visibly so. */
function keyboardOf(page: Page) {
  const focus = () => page.evaluate<Focus>(focusScript)
  return {
    type: (text: string) => page.keyboard.type(text),
    async press(...keys: string[]): Promise<void> {
      for (const key of keys) await page.keyboard.press(key)
    },
    async tabTo(name: string | RegExp): Promise<void> {
      const seen: string[] = []
      for (let press = 0; press < 60; press++) {
        await page.keyboard.press('Tab')
        const now = await focus()
        seen.push(now.name)
        if (now.name !== '(nothing)' && !now.visible)
          throw new Error(`The focus is on "${now.name}" and cannot be seen.`)
        if (typeof name === 'string' ? now.name === name || now.name.startsWith(`${name} `) : name.test(now.name))
          return
      }
      throw new Error(`Tab never came to ${name}, but to: ${seen.join(' | ')}`)
    },
  }
}

/** Waits for a page, and for the focus to be on something in it. */
async function arrive(page: Page, name: string): Promise<void> {
  await heading(page, name)
  await expect.poll(async () => (await page.evaluate<Focus>(focusScript)).name).not.toBe('(nothing)')
}

async function expectFocus(page: Page, name: string | RegExp): Promise<void> {
  const wanted = typeof name === 'string' ? new RegExp(`^${name.replace(/[()]/g, '\\$&')}$`) : name
  await expect.poll(async () => (await page.evaluate<Focus>(focusScript)).name).toMatch(wanted)
}
