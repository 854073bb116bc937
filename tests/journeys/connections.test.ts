import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { testPassword } from '../../src/testing/actors.ts'
import { addConnection } from './connections.ts'
import { journeysInBothWays, openStage } from './stage.ts'
import type { Account } from './store.ts'
import { fill, flash, follow, heading, press, sees, title } from './visit.ts'

const stage = openStage()

journeysInBothWays('Data connections $way', (mode) => {
  let ada: UserActor
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>) => stage.as(user, steps, mode)

  test('added with fields missing, say all there is to mend and keep the rest', () =>
    as(ada, async (page) => {
      await page.goto('/connections/new?driver=postgresql')
      await fill(page, { Port: '70000' })
      await press(page, 'Add data connection')
      await title(page, 'Error: Add PostgreSQL connection · Keyward')
      await expect.poll(() => page.getByRole('alert').getByRole('link').count()).toBe(4)
      expect(await page.getByLabel('Port').inputValue()).toBe('70000')
    }))

  test('are added by their fields', () => as(ada, (page) => addConnection(page, stage.store, 'Sales')))

  test('added by a pasted address with a password in it, take it out and store it only when told to', () =>
    as(ada, async (page) => {
      const { username, password } = stage.store.reader
      await page.goto('/connections/new?driver=postgresql')
      await page.getByText('Paste an address instead').click()
      const address = `postgresql://${username}:${password}@${stage.store.host}:${stage.store.port}/${stage.store.database}?sslmode=disable`
      await fill(page, { Address: address })
      await press(page, 'Fill in the fields')
      await sees(page, 'The address held a username and a password')
      expect(await page.content()).not.toContain(password)
      await fill(page, { 'Connection name': 'Pasted', 'Account name': 'from the address' })
      await press(page, 'Add data connection')
      await heading(page, 'Pasted')
      await page.getByRole('link', { name: 'Credentials', exact: true }).last().click()
      await sees(page, 'from the address')
      await follow(page, 'Test connection')
      await page.getByRole('button', { name: /^from the address/ }).click()
      await heading(page, 'Signed in to Pasted')
    }))

  test('tested with typed credentials, keep nothing', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Sales')
      await follow(page, 'Test connection')
      await typeAccount(page, stage.store.reader)
      await press(page, 'Sign in')
      await heading(page, 'Signed in to Sales')
      await page.goto('/credentials')
      expect(await page.getByRole('list', { name: 'Credentials' }).getByRole('link').count()).toBe(1)
    }))

  test('tested with credentials to be saved, keep them once they have signed in', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Sales')
      await follow(page, 'Test connection')
      await typeAccount(page, { username: stage.store.reader.username, password: 'wrong' })
      await page.getByLabel('Securely save credentials').check()
      await fill(page, { 'Account name (optional)': 'reports' })
      await press(page, 'Save and sign in')
      await page.getByRole('list', { name: 'Diagnosis' }).waitFor()
      expect(await page.getByLabel('Securely save credentials').isChecked()).toBe(true)
      await fill(page, { Password: stage.store.reader.password })
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. The sign-in worked.')
      await sees(page, 'reports')
      await sees(page, 'default')
    }))

  test('with a stored account, offer it, and another one', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Sales')
      await follow(page, 'Test connection')
      await page.getByRole('button', { name: /^reports/ }).waitFor()
      await follow(page, 'Use different account')
      await typeAccount(page, stage.store.second)
      await press(page, 'Sign in')
      await heading(page, 'Signed in to Sales')
      await sees(page, stage.store.second.username)
    }))

  test('renamed, stop nothing', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Sales')
      await follow(page, 'Edit connection')
      await fill(page, { 'Connection name': 'Shop' })
      await press(page, 'Save connection')
      await flash(page, 'Data connection saved.')
      await heading(page, 'Shop')
    }))

  test('with another destination, say which accounts stop, and stop them until their owner confirms', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Shop')
      await follow(page, 'Edit connection')
      await fill(page, { Host: 'localhost' })
      await press(page, 'Save connection')
      await sees(page, 'These accounts stop until their owner confirms the new destination')
      await page.getByRole('main').getByRole('listitem').filter({ hasText: 'reports' }).waitFor()
      await press(page, 'Save and stop these accounts')
      await heading(page, 'Shop')
      await sees(page, 'Its destination changed')

      await follow(page, 'Test connection')
      await page.getByRole('button', { name: /^reports/ }).click()
      await heading(page, 'Sign-in to Shop failed')
      await sees(page, /destination/i)

      await openCredential(page, 'reports')
      await follow(page, 'Confirm destination')
      await fill(page, { 'Your own password': 'not mine' })
      await press(page, 'Confirm destination')
      await sees(page, 'This is not your password. Try again.')
      await fill(page, { 'Your own password': testPassword })
      await press(page, 'Confirm destination')
      await flash(page, 'Destination confirmed. The credentials can be used there again.')
      await page.getByRole('button', { name: 'Test Shop' }).click()
      await heading(page, 'Signed in to Shop')
    }))

  test('edited in two places at once, show both sides to the later one', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Shop')
      await follow(page, 'Edit connection')
      await heading(page, 'Edit connection')
      const other = await page.context().newPage()
      await other.goto(page.url())
      await fill(other, { 'Connection name': 'Shop elsewhere' })
      await press(other, 'Save connection')
      await heading(other, 'Shop elsewhere')
      await fill(page, { 'Connection name': 'Shop here' })
      await press(page, 'Save connection')
      await page.getByRole('table', { name: 'Both sides' }).getByText('Shop elsewhere').waitFor()
      await press(page, 'Save connection')
      await heading(page, 'Shop here')
    }))

  test('get stored credentials on their tab, and lose them there', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Shop here')
      await page
        .getByRole('navigation', { name: 'Parts of Shop here' })
        .getByRole('link', { name: 'Credentials' })
        .click()
      await sees(page, 'Credentials are edited in')
      await follow(page, '+ Add credentials')
      await page
        .getByLabel('Stored credentials')
        .selectOption({ label: `from the address (${stage.store.reader.username})` })
      await press(page, 'Connect')
      await flash(page, 'Connected. These credentials can now be used on this data connection.')
      await page.getByRole('button', { name: 'Make default: from the address' }).click()
      await flash(page, 'This account is now the default of the data connection.')
      const row = page.getByRole('main').getByRole('listitem').filter({ hasText: 'from the address' })
      await row.getByRole('link', { name: 'Remove association' }).click()
      await press(page, 'Remove association')
      await flash(page, 'Association removed.')
    }))

  test('of one person, do not exist for another', async () => {
    let address = ''
    await as(ada, async (page) => {
      await openConnection(page, 'Shop here')
      address = page.url()
    })
    await as(await stage.people.member('Ben'), async (page) => {
      await page.goto('/connections')
      await sees(page, 'No data connections yet')
      for (const part of ['', '/edit', '/deletion', '/credentials', '/datasets', '/sign-ins/new']) {
        expect((await page.goto(address + part))?.status()).toBe(404)
      }
    })
  })

  test('deleted, leave the credentials', () =>
    as(ada, async (page) => {
      await openConnection(page, 'Shop here')
      await follow(page, 'Delete')
      await sees(page, 'These credentials stay, and lose their association with it:')
      await press(page, 'Delete connection')
      await flash(page, 'Data connection deleted.')
      await openCredential(page, 'reports')
      await sees(page, 'No connections')
    }))
})

async function openConnection(page: Page, name: string): Promise<void> {
  await page.goto('/connections')
  await follow(page, name)
  await heading(page, name)
}

async function openCredential(page: Page, name: string): Promise<void> {
  await page.goto('/credentials')
  await page
    .getByRole('list', { name: 'Credentials' })
    .getByRole('link', { name: new RegExp(`^${name} `) })
    .click()
  await heading(page, name)
}

async function typeAccount(page: Page, account: Account): Promise<void> {
  await fill(page, { Username: account.username, Password: account.password })
}
