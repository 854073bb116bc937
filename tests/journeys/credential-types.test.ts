import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import { makeKeyPair, serviceAccountKey } from '../../src/testing/keys.ts'
import { journeys, openStage } from './stage.ts'
import { fill, flash, follow, heading, press, title } from './visit.ts'

const stage = openStage()

journeys('Credentials of a type with a key', () => {
  const as = async (javaScriptEnabled: boolean, steps: (page: Page) => Promise<void>) =>
    stage.as(await stage.people.member('Ada'), steps, { javaScriptEnabled })

  test('take one that was pasted as one line, keep it, and never show it', () =>
    as(true, async (page) => {
      const { privateKey } = makeKeyPair()
      const [, line = ''] = privateKey.split('\n')
      await page.goto('/credentials/new?type=snowflake_key_pair_user_account')
      await fill(page, { 'Account name': 'loader', Username: 'LOADER', 'Private key': privateKey.slice(0, 400) })
      await press(page, 'Save and sign in')
      await title(page, 'Error: Add credentials · Keyward')
      await fill(page, { 'Private key': privateKey.replaceAll('\n', ' ') })
      await press(page, 'Save and sign in')
      await isStored(page, 'loader', 'Private key', line)
    }))

  test('take one from a file without JavaScript, keep it, and never show it', () =>
    as(false, async (page) => {
      await page.goto('/credentials/new?type=gcp')
      await fill(page, { 'Account name': 'exporter' })
      await choose(page, 'notes.json', '{"type":"nothing"}')
      await press(page, 'Save and sign in')
      await title(page, 'Error: Add credentials · Keyward')
      await choose(page, 'key.json', serviceAccountKey())
      await press(page, 'Save and sign in')
      await isStored(page, 'exporter', 'Service account key', 'bm9ib2R5IGhhcyB0aGlzIGtleQ')
    }))
})

function choose(page: Page, name: string, text: string): Promise<void> {
  const file = { name, mimeType: 'application/json', buffer: Buffer.from(text) }
  return page.getByLabel('Or choose a file').setInputFiles(file)
}

/** Its page and the form to change it say that there is one, and hold none of it. */
async function isStored(page: Page, name: string, field: string, part: string): Promise<void> {
  await flash(page, 'Saved. Nothing was proven: no data connection yet.')
  await heading(page, name)
  expect(await page.content()).not.toContain(part)
  await follow(page, 'Edit credentials')
  await heading(page, 'Edit credentials')
  expect(await page.getByLabel(field, { exact: true }).inputValue()).toBe('')
  await page.getByText('Leave blank to keep').first().waitFor()
  expect(await page.content()).not.toContain(part)
}
