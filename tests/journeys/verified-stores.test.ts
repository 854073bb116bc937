import type { Page } from 'playwright'
import { afterAll, describe, expect, test } from 'vitest'
import { drivers } from '../../src/connector/registry.ts'
import { journeys, openStage } from './stage.ts'
import { type VerifiedStore, verifiedStores } from './verified-stores.ts'
import { fill, flash, follow, heading, type Mode, modes, press, sees } from './visit.ts'

const stage = openStage()
const started = new Map<string, VerifiedStore | undefined>()
afterAll(async () => {
  for (const store of started.values()) await store?.close()
})

async function storeOf(label: string): Promise<VerifiedStore | undefined> {
  if (!started.has(label)) started.set(label, await verifiedStores[label]?.())
  return started.get(label)
}

describe('The journeys of verified drivers', () => {
  test('are made for every driver that is called verified', () => {
    const verified = drivers.filter(({ isVerified }) => isVerified).map(({ label }) => label)
    expect(Object.keys(verifiedStores).sort()).toEqual([...verified].sort())
  })
})

/** The way from the grid of stores to a table in the catalog is the same for all; two of them go it without JavaScript too. */
const [withJavaScript, withoutJavaScript] = modes
const ways = [
  ...Object.keys(verifiedStores).map((label) => ({ label, ...withJavaScript })),
  ...['PostgreSQL', 'Files over HTTPS'].map((label) => ({ label, ...withoutJavaScript })),
]

journeys.each(ways)('$label $way', ({ label, ...mode }) => {
  test('is added by its fields, signed in to, its account kept, and a table of it is in the catalog', async (context) => {
    const store = await storeOf(label)
    if (store === undefined) return context.skip(`${label} cannot be had here.`)
    await stage.as(await stage.people.member('Ada'), (page) => wayThrough(page, label, store, mode), mode)
  })
})

async function wayThrough(page: Page, label: string, store: VerifiedStore, { javaScriptEnabled }: Mode): Promise<void> {
  await page.goto('/connections')
  await follow(page, '+ Add connection')
  const search = page.getByRole('searchbox', { name: 'Search data stores' })
  await search.fill(label)
  if (!javaScriptEnabled) await search.press('Enter')
  const grid = page.getByRole('list', { name: 'Data stores' })
  await grid
    .getByRole('link', { name: new RegExp(`^${label}`) })
    .first()
    .click()
  await heading(page, `Add ${label} connection`)
  await fill(page, { 'Connection name': 'Shop', ...store.fields })
  if (store.choice !== undefined) await page.getByRole('radio', { name: store.choice, exact: true }).check()
  await page.getByText('More settings', { exact: true }).click()
  await fill(page, store.more)
  await press(page, 'Add data connection')
  await flash(page, 'Data connection added.')

  await follow(page, 'Test connection')
  await fill(page, store.account)
  await page.getByLabel('Securely save credentials').check()
  await fill(page, { 'Account name (optional)': 'reader' })
  await press(page, 'Save and sign in')
  await flash(page, 'Saved. The sign-in worked.')
  await follow(page, 'Test connection')
  await page.getByRole('button', { name: /^reader/ }).click()
  await heading(page, 'Signed in to Shop')

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Catalog' }).click()
  await follow(page, 'Add from data connection')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await page.getByRole('list', { name: 'Schemas' }).waitFor()
  await press(page, store.schema)
  await page.getByRole('group', { name: `Tables in ${store.schema}` }).waitFor()
  await page.getByRole('checkbox', { name: store.table, exact: true }).check()
  await press(page, 'Create snapshot')
  await flash(page, 'Snapshot started.')
  await page.getByText(store.rows).first().waitFor({ timeout: 30_000 })
  await sees(page, 'reader')
}
