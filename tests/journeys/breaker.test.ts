import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { journeys, journeysInBothWays, openStage } from './stage.ts'
import type { Account } from './store.ts'
import { fill, flash, follow, heading, press, sees } from './visit.ts'

const stage = openStage()

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16)

journeysInBothWays('Credentials $way', (mode) => {
  let ada: UserActor
  let account: Account
  let address: string
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
    account = await stage.store.addReader(`reader-${randomBytes(8).toString('hex')}`)
    const hands = await stage.handsOf(ada)
    const connection = await hands.addConnection('Shop', stage.store)
    address = `/credentials/${await hands.addAccount('reader', account, connection)}`
  })
  const asAda = (steps: (page: Page) => Promise<void>) => stage.as(ada, steps, mode)

  test('that a data store refuses are paused, and say why, in the list too', () =>
    asAda(async (page) => {
      await stage.store.sql(`alter role ${account.username} password 'another one'`)
      await page.goto('/credentials')
      await page.getByRole('link', { name: /^reader/ }).click()
      await heading(page, 'reader')
      await press(page, 'Test Shop')
      await heading(page, 'Sign-in to Shop failed')
      await page.goto(address)
      await sees(page, 'Paused: refused by Shop')
      await page
        .getByRole('link', { name: /^reader/ })
        .getByText('paused: refused')
        .waitFor()
    }))

  test('go on after one sign-in that works', () =>
    asAda(async (page) => {
      await stage.store.sql(`alter role ${account.username} password '${account.password}'`)
      await page.goto(address)
      await press(page, 'Test Shop')
      await heading(page, 'Signed in to Shop')
      await sees(page, 'These credentials were paused, and this sign-in ended that.')
      await page.goto(address)
      await heading(page, 'reader')
      expect(await page.getByText('Paused:').count()).toBe(0)
    }))

  test('are held in a maintenance window, which a wrong time does not set and its owner ends', () =>
    asAda(async (page) => {
      await page.goto(address)
      await follow(page, 'Plan a maintenance window')
      await heading(page, 'Maintenance window')
      await press(page, 'Save maintenance window')
      await sees(page, 'Enter a date and a time, such as 2027-05-31 18:00.')
      await page.getByLabel('Until (UTC)').fill(inHours(5))
      await press(page, 'Save maintenance window')
      await flash(page, 'Maintenance window saved.')
      await sees(page, 'In a maintenance window')
      await follow(page, 'Change or end it')
      await press(page, 'End it now')
      await flash(page, 'Maintenance window ended. What was missed is made up for now.')
      await sees(page, 'Plan a maintenance window')
    }))
})

journeys('A maintenance window by keyboard', () => {
  test('is set and ended', async () => {
    const bob = await stage.people.member('Bob')
    await stage.as(bob, async (page) => {
      await page.goto('/credentials/new?type=basic')
      await fill(page, { 'Account name': 'typed', Username: 'someone', Password: 'something long enough' })
      await page.keyboard.press('Enter')
      await heading(page, 'typed')
      await reach(page, 'Plan a maintenance window')
      await page.keyboard.press('Enter')
      await heading(page, 'Maintenance window')
      await reach(page, 'Until (UTC)')
      const [date = '', time = ''] = inHours(5).split('T')
      const [year = '', month = '', day = ''] = date.split('-')
      const [hour = '', minute = ''] = time.split(':')
      await page.keyboard.type(`${month}${day}${year}`)
      await page.keyboard.press('ArrowRight')
      const half = Number(hour) < 12 ? 'AM' : 'PM'
      await page.keyboard.type(`${String(Number(hour) % 12 || 12).padStart(2, '0')}${minute}${half}`)
      await page.keyboard.press('Enter')
      await flash(page, 'Maintenance window saved.')
      await reach(page, 'Change or end it')
      await page.keyboard.press('Enter')
      await reach(page, 'End it now')
      await page.keyboard.press('Enter')
      await flash(page, 'Maintenance window ended. What was missed is made up for now.')
    })
  })
})

/** What the focus is on, by its label or its words. Run in the browser. */
const focusedName = `(document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent.trim() ?? ''`

/** Goes on with Tab until what has the focus is called that. A field for a time is several stops with one name. */
async function reach(page: Page, name: string): Promise<void> {
  await page.getByText(name, { exact: true }).first().waitFor()
  for (let tabs = 0; tabs < 80; tabs++) {
    const focused = await page.evaluate<string>(focusedName)
    if (focused === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach "${name}".`)
}
