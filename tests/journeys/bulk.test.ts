import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { journeys, journeysInBothWays, openStage } from './stage.ts'
import { fill, heading, press, sees } from './visit.ts'

const stage = openStage()

async function store(page: Page, name: string): Promise<void> {
  await page.goto('/credentials/new?type=basic')
  await fill(page, { 'Account name': name, Username: 'reporting', Password: 'correct horse' })
  await press(page, 'Save and sign in')
  await heading(page, name)
}

journeysInBothWays('Many credentials at once $way', (mode) => {
  let ada: UserActor
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
  })
  const as = (steps: (page: Page) => Promise<void>, expected?: RegExp) => stage.as(ada, steps, mode, expected)

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

journeys('The list of credentials by keyboard', () => {
  test('moves along the rows with arrows, and Space selects, on the row and on its box', async () => {
    const ada = await stage.people.member('Ada')
    await stage.as(ada, async (page) => {
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

const nobody = { username: 'reporting', password: 'correct horse' }

journeys('A selection of credentials', () => {
  test('survives opening a row and other pages, is counted, done something to, and cleared', async () => {
    const ada = await stage.people.member('Ada')
    const hands = await stage.handsOf(ada)
    // One more than a page holds.
    for (let n = 1; n <= 51; n++) await hands.addAccount(`Account ${String(n).padStart(2, '0')}`, nobody)
    await stage.as(ada, async (page) => {
      const box = (name: string) => page.getByRole('checkbox', { name: `Select ${name}` })
      const form = page.getByRole('form', { name: 'Choose several' })
      await page.goto('/credentials?select=yes')
      await box('Account 02').check()
      await box('Account 03').check()
      await form.getByText('2 selected.').waitFor()
      await page.getByRole('link', { name: /^Account 07/ }).click()
      await heading(page, 'Account 07')
      expect(await form.locator(':checked').count()).toBe(2)
      await page.getByRole('link', { name: /^Next/ }).click()
      await form.getByText('2 selected, 2 of them not on this page.').waitFor()
      await box('Account 51').check()
      await form.getByText('3 selected, 2 of them not on this page.').waitFor()
      await page.getByRole('link', { name: /Previous/ }).click()
      await form.getByText('3 selected, 1 of them not on this page.').waitFor()
      expect(await box('Account 02').isChecked()).toBe(true)
      await box('Account 02').uncheck()
      await page.getByRole('main').getByRole('searchbox').fill('51')
      await expect.poll(() => page.getByRole('checkbox', { name: /^Select/ }).count()).toBe(1)
      expect(await box('Account 51').isChecked()).toBe(true)
      await form.getByText('2 selected, 1 of them not on this page.').waitFor()
      await page.getByRole('button', { name: 'Test selected' }).click()
      await heading(page, 'Test 2 accounts')
      for (const name of ['Account 03', 'Account 51'])
        await page.getByRole('cell', { name }).or(page.getByRole('rowheader', { name })).waitFor()
      await page.getByRole('link', { name: 'Cancel' }).click()
      await form.getByText('2 selected, 1 of them not on this page.').waitFor()
      expect(await box('Account 03').isChecked()).toBe(true)

      await page.goto('/credentials?select=yes')
      await box('Account 02').check()
      await page.getByRole('link', { name: /^Next/ }).click()
      await box('Account 51').waitFor()
      await page.getByRole('button', { name: 'Clear selection' }).click()
      await page.getByRole('link', { name: /Previous/ }).click()
      await box('Account 02').waitFor()
      expect(await form.locator(':checked').count()).toBe(0)
      await page.getByRole('link', { name: 'Done selecting' }).click()
      await box('Account 02').waitFor({ state: 'detached' })
    })
  })

  test('without JavaScript, is said to end where a row is opened', async () => {
    const ada = await stage.people.member('Ada')
    await (await stage.handsOf(ada)).addAccount('Only', nobody)
    await stage.as(
      ada,
      async (page) => {
        await page.goto('/credentials?select=yes')
        const said = page.locator('noscript .hint')
        await said.waitFor()
        expect(await said.textContent()).toBe(
          'Opening an account, or another page of the list, clears what is selected here.',
        )
        await page.getByRole('checkbox', { name: 'Select Only' }).check()
        await page.getByRole('button', { name: 'Clear selection' }).click()
        expect(await page.getByRole('checkbox', { name: 'Select Only' }).isChecked()).toBe(false)
      },
      { javaScriptEnabled: false },
    )
  })
})
