import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, test } from 'vitest'
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

describe.skipIf(browserPath === undefined).each(modes)('Credentials $way', ({ javaScriptEnabled }) => {
  let ada: UserActor
  let ben: UserActor
  let connection: string
  let credential: string
  beforeAll(async () => {
    ada = await people.member('Ada')
    ben = await people.member('Ben')
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>, expected?: RegExp) =>
    visit(browser, server.origin, user, steps, { javaScriptEnabled }, expected)

  test('that were changed by mistake, are restored from the history, by keyboard', () =>
    as(ada, async (page) => {
      await addConnection(page, store, 'Shop')
      connection = new URL(page.url()).pathname
      await page.goto(`/credentials/new?type=basic&connection=${connection.split('/').at(-1)}`)
      const { username, password } = store.reader
      await fill(page, { 'Account name': 'Reporting', Username: username, Password: password })
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. The sign-in worked.')
      credential = new URL(page.url()).pathname
      await page.goto(`${credential}/edit`)
      await fill(page, { Password: 'a mistake' })
      await press(page, 'Save without signing in')
      await flash(page, 'Saved without signing in. Nothing was proven.')
      await follow(page, 'History')
      await page.getByRole('link', { name: 'Restore version 1', exact: true }).focus()
      await page.keyboard.press('Enter')
      await heading(page, 'Restore version 1')
      await page.getByRole('button', { name: 'Restore', exact: true }).focus()
      await page.keyboard.press('Enter')
      await flash(
        page,
        'Restored, as a new version. Nothing was proven: test a connection to be sure that it still works.',
      )
      await press(page, 'Test Shop')
      await heading(page, 'Signed in to Shop')
      await page.goto(`${credential}/history`)
      await page.getByRole('cell', { name: 'restored from version 1' }).waitFor()
      await follow(page, 'Uses')
      await page.getByRole('cell', { name: 'on Shop' }).first().waitFor()
      await page.getByRole('rowheader', { name: 'Credential: edit' }).first().waitFor({ state: 'detached' })
    }))

  test('are shared for use by their owner', () =>
    as(ada, async (page) => {
      await page.goto(`${connection}/sharing`)
      await fill(page, { 'E-mail': ben.email })
      await page.getByRole('radio', { name: 'Consumer', exact: true }).check()
      await press(page, 'Share')
      await sees(page, `Consumer · ${ben.email}`)
      await page.goto(credential)
      await follow(page, 'Sharing')
      await sees(page, 'Nobody else uses these credentials.')
      await fill(page, { 'E-mail': ben.email })
      await press(page, 'Share')
      await flash(page, 'Shared. They can use these credentials where you associated them, and see nothing of them.')
    }))

  test('of somebody else take a sample of a table, until they are taken away: then a sentence says so', () =>
    as(
      ben,
      async (page) => {
        await page.goto('/credentials')
        await follow(page, 'Shared with you')
        await page.getByRole('rowheader', { name: 'Reporting' }).waitFor()
        await page.goto('/catalog/add')
        await page.getByRole('button', { name: /^Shop/ }).click()
        await sees(page, "Reporting (Ada's)")
        await press(page, 'Tables')
        await page.getByRole('checkbox', { name: 'customers' }).check()
        await fill(page, { 'Row limit (optional)': '7' })
        await press(page, 'Create snapshot')
        await page.getByText('Rows 1 to 7 of 7').waitFor({ timeout: 30_000 })
        await as(ada, takeAway)
        await press(page, 'Create snapshot')
        await sees(
          page,
          'That account does not exist, or you may not use it any more, so nothing was sent. Choose another account.',
        )
        await page.goto('/credentials/shared')
        await sees(page, 'Nothing is shared with you')
      },
      /status of 404/,
    ))

  async function takeAway(page: Page): Promise<void> {
    await page.goto(`${credential}/sharing`)
    await sees(page, '1 dataset made with it')
    await follow(page, 'Remove Ben')
    await heading(page, 'Remove Ben')
    await sees(page, '1 dataset of theirs keeps its data; new snapshots need another account.')
    await press(page, 'Remove')
    await flash(page, 'Removed. From now on each use of theirs is refused.')
  }
})
