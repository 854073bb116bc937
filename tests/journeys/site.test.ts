import { networkInterfaces } from 'node:os'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { fill, flash, follow, heading, modes, press, sees, signIn, title, visit } from './visit.ts'

const password = 'violet tractor ponders 42 moons'
const lan = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

let browser: Browser

beforeAll(async () => {
  if (browserPath !== undefined) browser = await launchBrowser()
})

afterAll(() => browser?.close())

describe.skipIf(browserPath === undefined).each(modes)('A new Keyward $way', ({ javaScriptEnabled }) => {
  let server: StartedServer
  beforeAll(async () => {
    server = await startServer({ embedded: true, environment: { HOST: '0.0.0.0' } })
  })
  afterAll(() => server?.stop())
  const anyone = (steps: (page: Page) => Promise<void>) =>
    visit(browser, server.origin, null, steps, { javaScriptEnabled })

  test('leads to its setup address, and says where that is', () =>
    anyone(async (page) => {
      await page.goto('/')
      await sees(page, /console/)
    }))

  test('is set up with the sample, which opens at once', () =>
    anyone(async (page) => {
      const { pathname, search } = new URL(server.setupAddress ?? '')
      await page.goto(pathname + search)
      await fill(page, { 'E-mail': 'ada@example.com', Name: 'Ada', Password: 'short', 'Organization name': 'Acme' })
      await page.getByLabel('Add the sample').check()
      await press(page, 'Set up Keyward')
      await title(page, 'Error: Set up Keyward · Keyward')
      await page.getByLabel('Stored credentials').check()
      await fill(page, { Password: password })
      await press(page, 'Set up Keyward')
      await flash(page, 'Keyward is ready.')
      await page.goto('/connections')
      await follow(page, 'Sample shop')
      await follow(page, 'Test connection')
      await page.getByRole('button', { name: /^Sample reader/ }).click()
      await heading(page, 'Signed in to Sample shop')
      await page.goto(pathname + search)
      await heading(page, 'This setup address was used')
    }))

  test('signs its people out and in, and says no more than needed when it does not', () =>
    anyone(async (page) => {
      await page.goto('/credentials')
      await title(page, 'Sign in · Keyward')
      await fill(page, { 'E-mail': 'ada@example.com', Password: 'not the password at all' })
      await press(page, 'Sign in')
      await sees(page, 'E-mail and password do not fit together. Check both and try again.')
      expect(await page.getByLabel('E-mail').inputValue()).toBe('ada@example.com')
      expect(await page.getByLabel('Password').inputValue()).toBe('')
      await fill(page, { Password: password })
      await press(page, 'Sign in')
      await heading(page, 'Credentials management')
      await page.locator('#user-menu summary').click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await flash(page, 'You are signed out.')
      await page.goto('/credentials')
      await title(page, 'Sign in · Keyward')
    }))

  test('shows a user made on the command line nothing of the first', async () => {
    const words = ['user', 'create', '--email', 'ben@example.com', '--name', 'Ben', '--password-stdin']
    expect(await server.command(words, `${password}\n`)).toMatchObject({ status: 0 })
    await anyone(async (page) => {
      await signIn(page, 'ben@example.com', password)
      await page.goto('/credentials')
      await sees(page, 'No credentials yet')
      await page.goto('/connections')
      await sees(page, 'No data connections yet')
      await page.goto('/catalog')
      expect(await page.getByRole('table').count()).toBe(0)
      expect((await page.goto('/admin/features'))?.status()).toBe(403)
    })
  })

  test.skipIf(lan === undefined)('over plain HTTP on the network, warns and works', () => {
    const origin = `http://${lan}:${server.port}`
    // Chromium says of every page over plain HTTP that it does not take this header there.
    const expected = /Cross-Origin-Opener-Policy header has been ignored/
    const steps = async (page: Page) => {
      await page.goto('/login')
      await page.getByRole('region', { name: 'Warning' }).getByText('This connection is not encrypted.').waitFor()
      await signIn(page, 'ada@example.com', password)
      await page.getByRole('region', { name: 'Warning' }).waitFor()
      await page.goto('/credentials')
      await page.getByRole('link', { name: /^Sample reader/ }).click()
      await heading(page, 'Sample reader')
    }
    return visit(browser, origin, null, steps, { javaScriptEnabled }, expected)
  })

  test('with Stored credentials switched off, has no place for them, and uses typed ones', () =>
    anyone(async (page) => {
      await signIn(page, 'ada@example.com', password)
      await page.goto('/connections')
      await follow(page, 'Sample shop')
      await heading(page, 'Sample shop')
      const connection = page.url()
      await page.goto('/admin/features')
      await press(page, 'Switch Stored credentials off')
      await flash(page, 'Stored credentials are off. Nothing was deleted, and nothing stored is used.')
      const navigation = page.getByRole('navigation', { name: 'Main' })
      expect(await navigation.getByRole('link', { name: 'Credentials' }).count()).toBe(0)
      const answer = await page.goto('/credentials')
      expect(answer?.status()).toBe(403)
      await page.goto(connection)
      expect(await page.getByRole('main').getByRole('link', { name: 'Credentials', exact: true }).count()).toBe(0)
      await follow(page, 'Test connection')
      await page.getByLabel('Username').waitFor()
      expect(await page.getByLabel('Securely save credentials').count()).toBe(0)
      expect(await page.getByRole('button', { name: /^Sample reader/ }).count()).toBe(0)
      await fill(page, { Username: 'sample_reader', Password: 'typed once' })
      await press(page, 'Sign in')
      await heading(page, 'Sign-in to Sample shop failed')
      expect(await server.command(['feature', 'on', 'stored_credentials'])).toMatchObject({ status: 0 })
      await page.goto('/credentials')
      await page.getByRole('link', { name: /^Sample reader/ }).waitFor()
    }))
})
