import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { journeysInBothWays, openStage } from './stage.ts'
import { fill, flash, follow, heading, press, sees, title } from './visit.ts'

const stage = openStage()

journeysInBothWays('The catalog $way', (mode) => {
  let ada: UserActor
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
    await (await stage.handsOf(ada)).addConnection('Shop', stage.store)
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>) => stage.as(user, steps, mode)

  test('without anything in it, leads from a connection and an account to tables, rows and files', () =>
    as(ada, async (page) => {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click()
      await follow(page, 'Add from data connection')
      await page.getByRole('button', { name: /^Shop/ }).click()
      await fill(page, { Username: stage.store.reader.username, Password: stage.store.reader.password })
      await page.getByLabel('Securely save credentials').check()
      await fill(page, { 'Account name (optional)': 'reader' })
      await press(page, 'Save and sign in')
      await page.getByRole('list', { name: 'Schemas' }).waitFor()
      await press(page, 'public')
      await page.getByRole('checkbox', { name: 'customers' }).check()
      await press(page, 'Create snapshot')
      await flash(page, 'Snapshot started.')
      await heading(page, 'customers')
      await sees(page, 'Rows 1 to 20 of 100')
      await page.getByRole('link', { name: /^Next/ }).click()
      await sees(page, 'Rows 21 to 40 of 100')
    }))

  test('downloads a snapshot as Parquet, CSV and JSON lines', () =>
    as(ada, async (page) => {
      await openDataset(page, 'customers')
      const parquet = await download(page, 'Parquet')
      expect(parquet.name).toBe('customers-v1.parquet')
      expect(parquet.content.subarray(0, 4).toString()).toBe('PAR1')
      const csv = await download(page, 'CSV')
      expect(csv.name).toBe('customers-v1.csv')
      expect(csv.content.toString().split('\r\n').slice(0, 2)).toEqual(['id,name,note', '1,Customer 1,'])
      const lines = await download(page, 'JSON lines')
      expect(lines.name).toBe('customers-v1.jsonl')
      expect(lines.content.toString().split('\n')[0]).toBe('{"id":1,"name":"Customer 1","note":null}')
    }))

  test('with one default account, skips the picker and names the account', () =>
    as(ada, async (page) => {
      await page.goto('/catalog/add')
      await page.getByRole('button', { name: /^Shop/ }).click()
      await heading(page, 'Add from data connection')
      await page.getByRole('main').getByText('reader', { exact: true }).waitFor()
      await page.getByRole('link', { name: 'change' }).click()
      await page.getByRole('button', { name: /^reader/ }).waitFor()
      await follow(page, 'Use different account')
      await page.getByLabel('Username').waitFor()
    }))

  test('takes several tables at once, with a row limit', () =>
    as(ada, async (page) => {
      await openTables(page)
      await page.getByRole('checkbox', { name: 'customers' }).check()
      await page.getByRole('checkbox', { name: 'orders' }).check()
      await press(page, 'Schemas')
      await page.getByRole('list', { name: 'Schemas' }).waitFor()
      expect(await page.getByRole('checkbox', { name: 'public.orders' }).isChecked()).toBe(true)
      await fill(page, { 'Row limit (optional)': '7' })
      await press(page, 'Create snapshot')
      await heading(page, 'Added datasets')
      await sees(page, '2 completed')
      await openDataset(page, 'orders')
      await sees(page, 'Rows 1 to 7 of 7')
    }))

  test('shows what a query gives before anything is stored, and what is wrong with one', () =>
    as(ada, async (page) => {
      await openTables(page)
      await press(page, 'SQL query')
      await fill(page, { 'SQL query': 'select nothing from nowhere' })
      await press(page, 'Preview')
      await title(page, 'Error: Add from data connection · Keyward')
      expect(await page.getByRole('textbox', { name: 'SQL query' }).inputValue()).toBe('select nothing from nowhere')
      await fill(page, { 'SQL query': 'select customer, sum(amount) as total from orders group by 1 order by 1' })
      await press(page, 'Preview')
      await sees(page, 'The first 20 rows. Nothing was stored.')
      await fill(page, { 'Dataset name (optional)': 'spending' })
      await press(page, 'Create snapshot')
      await heading(page, 'spending')
      await sees(page, 'Rows 1 to 20 of 100')
    }))

  test('cancels a snapshot that takes too long, and keeps nothing of it', () =>
    as(ada, async (page) => {
      await openTables(page)
      await page.getByRole('checkbox', { name: /^endless/ }).check()
      await press(page, 'Create snapshot')
      await heading(page, 'endless')
      await page.getByRole('progressbar').waitFor()
      await expect.poll(() => page.locator('#progress').textContent(), { timeout: 30_000 }).toMatch(/[1-9][\d,]* rows/)
      // Only where nothing else keeps the page fresh: it would take the focus away.
      expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(mode.javaScriptEnabled ? 0 : 1)
      await press(page, 'Cancel this snapshot')
      await page.getByText('was cancelled').first().waitFor({ timeout: 30_000 })
    }))

  test('deletes an account only after it said which datasets lose it', () =>
    as(ada, async (page) => {
      await page.goto('/credentials')
      await page.getByRole('list', { name: 'Credentials' }).getByRole('link').first().click()
      await heading(page, 'reader')
      await follow(page, 'Delete')
      await sees(page, 'New snapshots of')
      await press(page, 'Delete credentials')
      await flash(page, 'Credentials deleted. Nothing can sign in with them any more.')
      await openDataset(page, 'customers')
      await follow(page, 'Create snapshot')
      await page.getByLabel('Username').waitFor()
      await fill(page, { Username: stage.store.second.username, Password: stage.store.second.password })
      await press(page, 'Create snapshot')
      await heading(page, 'customers')
      await expect.poll(() => page.getByRole('link', { name: 'Rows' }).count(), { timeout: 30_000 }).toBe(2)
    }))

  test('of one person, does not exist for another', async () => {
    let address = ''
    await as(ada, async (page) => {
      await openDataset(page, 'spending')
      address = page.url()
    })
    await as(await stage.people.member('Ben'), async (page) => {
      await page.goto('/catalog')
      expect(await page.getByRole('link', { name: 'spending' }).count()).toBe(0)
      for (const part of ['', '/versions/1/rows', '/versions/1/data.csv', '/deletion', '/versions/new']) {
        expect((await page.goto(address + part))?.status()).toBe(404)
      }
    })
  })

  test('deletes a dataset, and keeps or deletes those of a connection that goes', () =>
    as(ada, async (page) => {
      await openDataset(page, 'spending')
      await follow(page, 'Delete dataset')
      await press(page, 'Delete dataset')
      await flash(page, 'Dataset deleted. For 30 days it can be restored from the deleted datasets.')
      await page.goto('/connections')
      await follow(page, 'Shop')
      await follow(page, 'Delete')
      await page.getByRole('radio', { name: 'Keep them' }).check()
      await press(page, 'Delete connection')
      await openDataset(page, 'customers')
      await sees(page, 'From a data connection that was deleted')
    }))
})

async function openTables(page: Page): Promise<void> {
  await page.goto('/catalog/add')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await press(page, 'Tables')
  await page.getByRole('group', { name: 'Tables in public' }).waitFor()
}

async function openDataset(page: Page, name: string): Promise<void> {
  await page.goto('/catalog')
  await follow(page, name)
  await heading(page, name)
}

async function download(page: Page, name: string): Promise<{ name: string; content: Buffer }> {
  const [started] = await Promise.all([page.waitForEvent('download'), follow(page, name)])
  return { name: started.suggestedFilename(), content: await readFile(await started.path()) }
}
