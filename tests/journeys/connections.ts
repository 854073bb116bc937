import type { Page } from 'playwright'
import type { Store } from './store.ts'
import { fill, flash, follow, heading, press } from './visit.ts'

/** Adds a connection to the store through the form, and stays on its page. */
export async function addConnection(page: Page, store: Store, name: string): Promise<void> {
  await page.goto('/connections')
  await follow(page, '+ Add connection')
  await page
    .getByRole('list', { name: 'Data stores' })
    .getByRole('link', { name: /^PostgreSQL/ })
    .click()
  await heading(page, 'Add PostgreSQL connection')
  await fill(page, { 'Connection name': name, Host: store.host, Port: String(store.port), Database: store.database })
  await page.getByRole('radio', { name: 'None', exact: true }).check()
  await press(page, 'Add data connection')
  await flash(page, 'Data connection added.')
  await heading(page, name)
}
