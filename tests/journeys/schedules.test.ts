import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { found } from './hands.ts'
import { arrive, expectFocus, keyboardOf } from './keys.ts'
import { journeys, journeysInBothWays, openStage } from './stage.ts'
import { fill, flash, follow, heading, press, sees, title } from './visit.ts'

const stage = openStage()
/** Where the browser of whoever sets a schedule is. */
const timezoneId = 'Pacific/Auckland'

type Owner = { readonly user: UserActor; readonly dataset: string; readonly account: string }

/** Somebody with a dataset of their own, and an account on its connection. */
async function ownerOf(name: string): Promise<Owner> {
  const user = await stage.people.member(name)
  const hands = await stage.handsOf(user)
  const connection = await hands.addConnection('Shop', stage.store)
  const account = await hands.addAccount('Shop reader', stage.store.reader, connection)
  const item = JSON.stringify(['public', 'customers'])
  const chosen = { account, intent: 'create', tab: 'tables', item }
  const added = await hands.post(`/catalog/add?connection=${connection}`, chosen)
  return { user, account, dataset: found(added, /\/catalog\/([0-9a-f-]{36})\/deletion/) }
}

journeysInBothWays('A schedule $way', ({ javaScriptEnabled }) => {
  let owner: Owner
  beforeAll(async () => {
    owner = await ownerOf('Ada')
  })
  const as = (steps: (page: Page) => Promise<void>) =>
    stage.as(owner.user, steps, { javaScriptEnabled, timezoneId }, /status of 422/)
  const typedIn = (page: Page) => ({
    zone: page.getByLabel('Time zone').inputValue(),
    at: page.getByLabel('Time of day').inputValue(),
    versions: page.getByLabel('Versions to keep').inputValue(),
  })
  const typed = async (page: Page) => {
    const { zone, at, versions } = typedIn(page)
    return [await zone, await at, await versions]
  }

  test('begins with the time zone of the browser, where that can be known', () =>
    as(async (page) => {
      await page.goto(`/catalog/${owner.dataset}`)
      await follow(page, 'Schedule')
      await heading(page, 'Schedule')
      await expect.poll(() => page.getByLabel('Time zone').inputValue()).toBe(javaScriptEnabled ? timezoneId : 'UTC')
    }))

  test('shows its next runs before it is saved, loses nothing that was typed, and is saved then', () =>
    as(async (page) => {
      await page.goto(`/catalog/${owner.dataset}/schedule`)
      await page.getByLabel('On days of the week').check()
      for (const day of ['Monday', 'Friday']) await page.getByLabel(day).check()
      await page.getByLabel('Only list them').check()
      await fill(page, { 'Time of day': '25:00', 'Time zone': 'Pacific/Chatham' })
      await page.getByLabel('Versions to keep').fill('7')
      await press(page, 'Show next runs')
      await sees(page, 'Enter a time of day, such as 06:00.')
      await title(page, 'Error: Schedule of customers · Keyward')
      expect(await typed(page)).toEqual(['Pacific/Chatham', '25:00', '7'])
      await fill(page, { 'Time of day': '02:30' })
      await press(page, 'Show next runs')
      const preview = page.getByRole('region', { name: 'Next runs, not saved yet' })
      await preview.waitFor()
      expect(await preview.getByText(/^(Mon|Fri) .* 02:30 GMT\+1[23]:45$/).count()).toBe(5)
      expect(await typed(page)).toEqual(['Pacific/Chatham', '02:30', '7'])
      for (const name of ['On days of the week', 'Monday', 'Friday', 'Only list them']) {
        expect(await page.getByLabel(name).isChecked(), name).toBe(true)
      }
      expect(await page.getByLabel('Tuesday').isChecked()).toBe(false)
      expect(await page.getByLabel('Account', { exact: true }).inputValue()).toBe(owner.account)
      await page.reload()
      await preview.waitFor()
      expect(await page.getByRole('button', { name: 'Run now' }).count()).toBe(0)
      await press(page, 'Save schedule')
      await flash(page, 'Schedule saved.')
      await sees(page, 'Every Monday and Friday at 02:30 (Pacific/Chatham)')
      expect(await typed(page)).toEqual(['Pacific/Chatham', '02:30', '7'])
      await page.goto(`/catalog/${owner.dataset}/schedule`)
      expect(await typed(page)).toEqual(['Pacific/Chatham', '02:30', '7'])
    }))

  test('runs now, and its page shows the end of that by itself', () =>
    as(async (page) => {
      await page.goto(`/catalog/${owner.dataset}/schedule`)
      await press(page, 'Run now')
      await flash(page, 'A run was started.')
      await page
        .getByRole('table', { name: /^Last run/ })
        .getByText('completed')
        .waitFor()
    }))

  test('is paused and goes on, says why it was disabled, and is deleted with the data staying', () =>
    as(async (page) => {
      await page.goto(`/catalog/${owner.dataset}/schedule`)
      await press(page, 'Pause')
      await flash(page, 'Schedule paused.')
      await press(page, 'Resume')
      await flash(page, 'Schedule resumed.')
      await page.goto(`/credentials/${owner.account}`)
      await follow(page, 'Delete')
      await press(page, 'Delete credentials')
      await heading(page, 'Credentials management')
      await page.goto(`/catalog/${owner.dataset}/schedule`)
      await press(page, 'Run now')
      await sees(page, /The credentials it used were deleted\. Choose another account below/)
      await follow(page, 'Delete schedule')
      await press(page, 'Delete schedule')
      await flash(page, 'Schedule deleted. The versions stay.')
      await page.goto(`/catalog/${owner.dataset}`)
      await sees(page, 'Version 2')
    }))
})

journeys('With the keyboard alone', () => {
  test('a schedule is made, run, paused and resumed', async () => {
    const owner = await ownerOf('Kim')
    await stage.as(
      owner.user,
      async (page) => {
        const keys = keyboardOf(page)
        await page.goto(`/catalog/${owner.dataset}`)
        await keys.tabTo('Schedule')
        await keys.press('Enter')
        await arrive(page, 'Schedule')
        await keys.tabTo('Every day')
        await keys.press('ArrowUp')
        await expectFocus(page, 'Every hour')
        await keys.press('Tab')
        await expectFocus(page, 'Minute of the hour')
        await keys.type('59')
        await keys.tabTo('Time zone')
        expect(await page.getByLabel('Time zone').inputValue()).toBe(timezoneId)
        await keys.tabTo('Show next runs')
        await keys.press('Enter')
        await sees(page, 'Next runs, not saved yet')
        await arrive(page, 'Schedule')
        expect(await page.getByLabel('Minute of the hour').inputValue()).toBe('59')
        await keys.tabTo('Save schedule')
        await keys.press('Space')
        await flash(page, 'Schedule saved.')
        await arrive(page, 'Schedule')
        await keys.tabTo('Run now')
        await keys.press('Enter')
        await flash(page, 'A run was started.')
        await page
          .getByRole('table', { name: /^Last run/ })
          .getByText('completed')
          .waitFor()
        for (const [button, said] of [
          ['Pause', 'Schedule paused.'],
          ['Resume', 'Schedule resumed.'],
        ] as const) {
          await keys.tabTo(button)
          await keys.press('Enter')
          await flash(page, said)
          await arrive(page, 'Schedule')
        }
        await keys.tabTo('Delete schedule')
        await keys.press('Enter')
        await arrive(page, 'Delete the schedule of customers')
        await keys.tabTo('Delete schedule')
        await keys.press('Enter')
        await flash(page, 'Schedule deleted. The versions stay.')
      },
      { timezoneId },
    )
  })
})
