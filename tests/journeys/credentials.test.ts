import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { journeysInBothWays, openStage } from './stage.ts'
import type { Account } from './store.ts'
import { fill, flash, follow, heading, press, sees, title } from './visit.ts'

const stage = openStage()

journeysInBothWays('Credentials management $way', (mode) => {
  let ada: UserActor
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
  })
  const addConnection = async (name: string) => (await stage.handsOf(ada)).addConnection(name, stage.store)
  const as = (user: UserActor, steps: (page: Page) => Promise<void>) => stage.as(user, steps, mode)

  test('without any connection, leads to the form, stores, and says that nothing was proven', () =>
    as(ada, async (page) => {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Credentials' }).click()
      await heading(page, 'Credentials management')
      await sees(page, 'No credentials yet')
      await follow(page, '+ Add new credentials')
      await page
        .getByRole('main')
        .getByRole('link', { name: /^Username and password/ })
        .click()
      await fill(page, { 'Account name': 'first', Username: 'nobody', Password: 'a password of no account' })
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. Nothing was proven: no data connection yet.')
      await heading(page, 'first')
      await title(page, 'first · Keyward')
      expect(await page.content()).not.toContain('a password of no account')
    }))

  test('with a form that cannot be stored, lists what to mend, linked to the fields', () =>
    as(ada, async (page) => {
      await page.goto('/credentials/new?type=basic')
      await fill(page, { Username: 'kept', Password: 'typed once' })
      await press(page, 'Save and sign in')
      await title(page, 'Error: Add credentials · Keyward')
      const summary = page.getByRole('alert').filter({ hasText: 'There is a problem' })
      await summary.getByRole('link').first().click()
      await expect.poll(() => page.evaluate('document.activeElement?.id')).toBe('field-name')
      expect(await page.getByLabel('Username').inputValue()).toBe('kept')
      expect(await page.getByLabel('Password').inputValue()).toBe('')
    }))

  test('with a wrong password, shows how far the sign-in came, keeps what was typed, and stores only when told to', () =>
    as(ada, async (page) => {
      await addConnection('Sales')
      await openForm(page, 'guess', { username: stage.store.reader.username, password: 'wrong' }, 'Sales')
      await press(page, 'Save and sign in')
      await title(page, 'Error: Add credentials · Keyward')
      await page.getByRole('list', { name: 'Diagnosis' }).getByText('Authentication', { exact: true }).waitFor()
      expect(await page.getByLabel('Account name').inputValue()).toBe('guess')
      expect(await page.getByLabel('Username').inputValue()).toBe(stage.store.reader.username)
      expect(await page.getByLabel('Password').inputValue()).toBe('')
      await page.goto('/credentials')
      expect(await page.getByRole('link', { name: /guess/ }).count()).toBe(0)

      await openForm(page, 'guess', { username: stage.store.reader.username, password: 'wrong' }, 'Sales')
      await press(page, 'Save and sign in')
      await sees(page, 'Save without signing in')
      await fill(page, { Password: 'wrong again' })
      await press(page, 'Save without signing in')
      await flash(page, 'Saved without signing in. Nothing was proven.')
      await heading(page, 'guess')
    }))

  test('with the right password, signs in first, stores, and shows where it opens', () =>
    as(ada, async (page) => {
      await openForm(page, 'reporting', stage.store.reader, 'Sales')
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. The sign-in worked.')
      await heading(page, 'reporting')
      await sees(page, `postgresql://${stage.store.host}:${stage.store.port}/${stage.store.database}`)
      await page.getByRole('button', { name: 'Test Sales' }).click()
      await heading(page, 'Signed in to Sales')
    }))

  test('searched, lists the accounts that match, and keeps the search while one is open', () =>
    as(ada, async (page) => {
      await page.goto('/credentials')
      await page.getByRole('searchbox', { name: 'Search credentials' }).fill('repor')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.waitForURL(/q=repor/)
      const rows = page.getByRole('list', { name: 'Credentials' }).getByRole('link')
      await expect.poll(() => rows.count()).toBe(1)
      await rows.click()
      await heading(page, 'reporting')
      expect(page.url()).toContain('q=repor')
      await page.getByRole('searchbox', { name: 'Search credentials' }).fill('nobody has this')
      await page.getByRole('button', { name: 'Search' }).click()
      await sees(page, 'No credentials found.')
    }))

  test('edited with a blank password, keeps the one that is sealed and still signs in', () =>
    as(ada, async (page) => {
      await open(page, 'reporting')
      await follow(page, 'Edit credentials')
      await heading(page, 'Edit credentials')
      expect(await page.getByLabel('Password').inputValue()).toBe('')
      await fill(page, { 'Account name': 'reports' })
      await press(page, 'Save and sign in')
      await heading(page, 'reports')
      await page.getByRole('button', { name: 'Test Sales' }).click()
      await heading(page, 'Signed in to Sales')
    }))

  test('edited to a password that is refused, changes nothing', () =>
    as(ada, async (page) => {
      await open(page, 'reports')
      await follow(page, 'Edit credentials')
      await fill(page, { Password: 'not the one' })
      await press(page, 'Save and sign in')
      await heading(page, 'Edit of reports')
      await sees(page, 'Sales does not work with the edit.')
      expect(await page.content()).not.toContain('not the one')
      await open(page, 'reports')
      await follow(page, 'See what it would change')
      await press(page, 'Discard')
      await flash(page, 'Discarded. What was typed is erased, and nothing was changed.')
      await heading(page, 'reports')
      await page.getByRole('button', { name: 'Test Sales' }).click()
      await heading(page, 'Signed in to Sales')
    }))

  test('edited to another account, is tried and applied', () =>
    as(ada, async (page) => {
      await open(page, 'reports')
      await follow(page, 'Edit credentials')
      await fill(page, { Username: stage.store.second.username, Password: stage.store.second.password })
      await press(page, 'Save and sign in')
      await heading(page, 'Edit of reports')
      await sees(page, 'Sales works with the edit.')
      await press(page, 'Apply')
      await flash(page, 'Applied. Every associated connection uses the new version from now on.')
      await heading(page, 'reports')
      await page.getByRole('button', { name: 'Test Sales' }).click()
      await heading(page, 'Signed in to Sales')
    }))

  test('edited in two places at once, shows both sides to the later one', () =>
    as(ada, async (page) => {
      await open(page, 'reports')
      await follow(page, 'Edit credentials')
      await heading(page, 'Edit credentials')
      const other = await page.context().newPage()
      await other.goto(page.url())
      await fill(other, { 'Description (optional)': 'changed elsewhere' })
      await press(other, 'Save and sign in')
      await heading(other, 'reports')
      await fill(page, { 'Description (optional)': 'changed here' })
      await press(page, 'Save and sign in')
      const both = page.getByRole('table', { name: 'Both sides' })
      await both.getByText('changed elsewhere').waitFor()
      await both.getByText('changed here').waitFor()
      await press(page, 'Save and sign in')
      await heading(page, 'reports')
      await sees(page, 'changed here')
    }))

  test('is associated with one more connection, and made its default', () =>
    as(ada, async (page) => {
      await addConnection('Archive')
      await open(page, 'reports')
      await follow(page, 'Add associated connection')
      await page.getByRole('radio', { name: 'Archive' }).check()
      await press(page, 'Connect')
      await flash(page, 'Connected. These credentials can now be used on this data connection.')
      await heading(page, 'reports')
      await page.getByRole('button', { name: 'Test Archive' }).click()
      await heading(page, 'Signed in to Archive')
    }))

  test('after its last association is removed, asks whether to delete: kept, it stays without connections', () =>
    as(ada, async (page) => {
      await open(page, 'reports')
      await removeAssociation(page, 'Archive')
      await flash(page, 'Association removed.')
      await removeAssociation(page, 'Sales')
      await heading(page, 'This was the last associated connection')
      await sees(page, 'This was the last associated connection. Delete the credentials too?')
      await press(page, 'Keep credentials without connections')
      await flash(page, 'Association removed. The credentials are kept without connections.')
      await heading(page, 'reports')
      await sees(page, 'These credentials open nothing until they are associated with a data connection.')
    }))

  test('after its last association is removed, asks whether to delete: deleted, it is gone', () =>
    as(ada, async (page) => {
      await openForm(page, 'short-lived', stage.store.second, 'Archive')
      await press(page, 'Save and sign in')
      await heading(page, 'short-lived')
      await removeAssociation(page, 'Archive')
      await heading(page, 'This was the last associated connection')
      await press(page, 'Delete credentials')
      await heading(page, 'Credentials management')
      expect(await page.getByRole('link', { name: /short-lived/ }).count()).toBe(0)
    }))

  test('deleted, says first what stops working', () =>
    as(ada, async (page) => {
      await open(page, 'guess')
      await follow(page, 'Delete')
      await heading(page, 'Delete guess')
      await sees(page, 'This would stop working:')
      await press(page, 'Delete credentials')
      await flash(page, 'Credentials deleted. Nothing can sign in with them any more.')
      await heading(page, 'Credentials management')
    }))

  test('of one person, do not exist for another', async () => {
    let address = ''
    await as(ada, async (page) => {
      await open(page, 'reports')
      address = page.url()
    })
    await as(await stage.people.member('Ben'), async (page) => {
      await page.goto('/credentials')
      await sees(page, 'No credentials yet')
      for (const path of [address, `${address}/edit`, `${address}/deletion`, `${address}/associations/new`]) {
        const answer = await page.goto(path)
        expect(answer?.status()).toBe(404)
      }
    })
  })
})

async function open(page: Page, name: string): Promise<void> {
  await page.goto('/credentials')
  await page
    .getByRole('list', { name: 'Credentials' })
    .getByRole('link', { name: new RegExp(`^${name} `) })
    .click()
  await heading(page, name)
}

async function openForm(page: Page, name: string, account: Account, connection: string): Promise<void> {
  await page.goto('/credentials/new?type=basic')
  await fill(page, { 'Account name': name, Username: account.username, Password: account.password })
  await page.getByLabel('Data connection').selectOption(connection)
}

async function removeAssociation(page: Page, connection: string): Promise<void> {
  const row = page
    .getByRole('list', { name: 'Associated connections' })
    .getByRole('listitem')
    .filter({ hasText: connection })
  await row.getByRole('link', { name: 'Remove association' }).click()
  await heading(page, 'Remove association')
  await press(page, 'Remove association')
}
