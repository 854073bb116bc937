import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import { found, type Hands } from './hands.ts'
import { journeysInBothWays, openStage } from './stage.ts'
import { flash, heading, press, sees, title } from './visit.ts'

const stage = openStage()

journeysInBothWays('Storage $way', ({ javaScriptEnabled }) => {
  let hands: Hands
  let refresh: string
  let account: string
  beforeAll(async () => {
    hands = await stage.handsOf(await stage.people.member('Ada'))
    const connection = await hands.addConnection('Shop', stage.store)
    account = await hands.addAccount('Shop reader', stage.store.reader, connection)
    const item = JSON.stringify(['public', 'customers'])
    const added = await hands.post(`/catalog/add?connection=${connection}`, {
      account,
      intent: 'create',
      tab: 'tables',
      item,
    })
    refresh = `/catalog/${found(added, /\/catalog\/([0-9a-f-]{36})\/deletion/)}/versions/new`
  })
  const limit = (page: Page) => page.getByLabel('Snapshots may take')
  const asRoot = (steps: (page: Page) => Promise<void>) =>
    stage.as(stage.people.root, steps, { javaScriptEnabled }, /status of 422/)

  test('shows what snapshots take, keeps a limit that is none, and refuses snapshots over one that is', () =>
    asRoot(async (page) => {
      await page.goto('/')
      await page.locator('#user-menu summary').click()
      await page.locator('#user-menu').getByRole('link', { name: 'Storage' }).click()
      await heading(page, 'Storage')
      await page.getByRole('table').getByText('customers').first().waitFor()
      await limit(page).fill('much')
      await press(page, 'Save limit')
      await title(page, 'Error: Storage · Keyward')
      expect(await limit(page).inputValue()).toBe('much')
      await limit(page).fill('100 B')
      await press(page, 'Save limit')
      await flash(page, 'Limit saved.')
      await sees(page, 'There is no room for new snapshots')
      expect((await hands.post(refresh, { account })).text).toMatch(/raise the limit under Storage/)
      await limit(page).fill('')
      await press(page, 'Save limit')
      await flash(page, 'Limit saved.')
      expect((await hands.post(refresh, { account })).text).not.toMatch(/raise the limit/)
    }))
})
