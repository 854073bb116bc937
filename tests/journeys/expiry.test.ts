import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { journeysInBothWays, openStage } from './stage.ts'
import { fill, flash, follow, heading, press, sees, title } from './visit.ts'

const stage = openStage()

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

journeysInBothWays('The expiry of credentials $way', (mode) => {
  let ada: UserActor
  let address: string
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
    await (await stage.handsOf(ada)).addConnection('Shop', stage.store)
  })
  const as = (steps: (page: Page) => Promise<void>, expected?: RegExp) => stage.as(ada, steps, mode, expected)

  test('is learned from PostgreSQL at a good sign-in, and shown with who says so', () =>
    as(async (page) => {
      const { username, password } = await stage.store.addReader('a password that ends')
      await stage.store.sql(`alter role ${username} valid until '${dayIn(4)} 12:00:00+00'`)
      await page.goto('/connections')
      await follow(page, 'Shop')
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
