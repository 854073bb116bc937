import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import { journeysInBothWays, openStage } from './stage.ts'
import { fill, flash, heading, press, sees } from './visit.ts'

const stage = openStage()

journeysInBothWays('The grid of stores $way', (mode) => {
  const as = async (steps: (page: Page) => Promise<void>) =>
    stage.as(await stage.people.member(`Ada ${mode.way}`), steps, mode)

  test('is searched, and leads to a form that a pasted address fills and parameters are added to', () =>
    as(async (page) => {
      await page.goto('/connections/new')
      const search = page.getByRole('searchbox', { name: 'Search data stores' })
      await search.fill('nobody has this')
      if (!mode.javaScriptEnabled) await search.press('Enter')
      await sees(page, 'No data store found')
      await search.fill('postgres')
      if (!mode.javaScriptEnabled) await search.press('Enter')
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
      if (!mode.javaScriptEnabled) await page.locator('#field-searchPath:focus, [name=searchPath]:focus').waitFor()
      // Enter saves: it does not press the button that adds one more parameter.
      await added.fill('sales, public')
      await added.press('Enter')
      await flash(
        page,
        'Data connection added, and its credentials stored. Nothing was proven: test the connection to see whether they work.',
      )
      await sees(page, 'sales, public')
    }))
})
