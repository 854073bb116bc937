import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import type { Hands } from './hands.ts'
import { arrive, expectFocus, keyboardOf } from './keys.ts'
import { journeys, journeysInBothWays, openStage } from './stage.ts'
import { makeStore, type Store } from './store.ts'
import { fill, flash, follow, heading, press, sees } from './visit.ts'

const stage = openStage()
/** A database that lets only the first reader of the other one in. */
let archive: Store | undefined

beforeAll(async () => {
  if (stage.store === undefined) return
  archive = await makeStore()
  const { username } = stage.store.reader
  await archive.sql(`
    revoke connect on database ${archive.database} from public;
    grant connect on database ${archive.database} to ${username};
    grant usage on schema public to ${username};
    grant select on all tables in schema public to ${username}`)
})

afterAll(() => archive?.close())

/** Adds somebody whose account *Reporting* opens two connections, *Shop* and *Archive*. */
async function addAccount(name: string): Promise<{ ada: UserActor; hands: Hands; credential: string }> {
  const ada = await stage.people.member(name)
  const hands = await stage.handsOf(ada)
  const shop = await hands.addConnection('Shop', stage.store)
  const credential = await hands.addAccount('Reporting', stage.store.reader, shop)
  const second = await hands.addConnection('Archive', archive as Store)
  await hands.associate(credential, second)
  return { ada, hands, credential: `/credentials/${credential}` }
}

/** The connections that the open credential is associated with. */
const associated = (page: Page) =>
  page.getByRole('list', { name: 'Associated connections' }).locator('.relation-name a').allTextContents()

journeysInBothWays('An edit that one of two connections accepts $way', (mode) => {
  test('is split: the other keeps the old secret under an account of its own, and both sign in', async () => {
    const { ada, credential } = await addAccount('Ada')
    const { username, password } = stage.store.second
    await stage.as(
      ada,
      async (page) => {
        await page.goto(credential)
        await follow(page, 'Edit credentials')
        await fill(page, { Username: username, Password: password })
        await press(page, 'Save and sign in')
        await heading(page, 'Edit of Reporting')
        await sees(page, '1 of 2 connections works with the edit.')
        await sees(page, 'Applied as it is, this would stop: signing in to Archive.')
        await follow(page, 'Split')
        await heading(page, 'Split Reporting')
        await sees(page, 'These get the edit, under Reporting')
        await fill(page, { 'Account name for the old secret': 'Reporting' })
        await press(page, 'Split')
        await page.getByRole('link', { name: /^You already have an account named "Reporting"/ }).waitFor()
        await fill(page, { 'Account name for the old secret': 'Reporting, as before' })
        await press(page, 'Split')
        await flash(
          page,
          'Split. What the new version did not open keeps the old one under a new account; everything else uses the new one.',
        )
        await heading(page, 'Reporting')
        await sees(page, username)
        expect(await associated(page)).toEqual(['Shop'])
        await press(page, 'Test Shop')
        await heading(page, 'Signed in to Shop')

        await page.goto('/credentials')
        await page.getByRole('link', { name: /^Reporting, as before/ }).click()
        await heading(page, 'Reporting, as before')
        await sees(page, stage.store.reader.username)
        expect(await associated(page)).toEqual(['Archive'])
        await press(page, 'Test Archive')
        await heading(page, 'Signed in to Archive')
      },
      mode,
      /422/,
    )
  })
})

journeys('With the keyboard alone', () => {
  test('an edit is split', async () => {
    const { ada, credential } = await addAccount('Ada')
    const { username, password } = stage.store.second
    await stage.as(ada, async (page) => {
      const keys = keyboardOf(page)
      await page.goto(credential)
      await keys.press('e')
      await arrive(page, 'Edit credentials')
      await keys.tabTo('Username')
      await keys.press('Control+a')
      await keys.type(username)
      await keys.tabTo('Password')
      await keys.type(password)
      await keys.press('Enter')
      await arrive(page, 'Edit of Reporting')
      await sees(page, '1 of 2 connections works with the edit.')
      await keys.tabTo('Split')
      await keys.press('Enter')
      await arrive(page, 'Split Reporting')
      await keys.tabTo('Account name for the old secret')
      await keys.press('Control+a')
      await keys.type('Kept')
      await keys.press('Enter')
      await arrive(page, 'Reporting')
      await keys.tabTo('Test Shop')
      await keys.press('Enter')
      await arrive(page, 'Signed in to Shop')

      await keys.press('g', 'c')
      await arrive(page, 'Credentials management')
      await keys.press('/')
      await expectFocus(page, 'Search credentials')
      await keys.press('ArrowDown')
      await expectFocus(page, /^Kept/)
      await keys.press('Enter')
      await arrive(page, 'Kept')
      await keys.tabTo('Test Archive')
      await keys.press('Enter')
      await arrive(page, 'Signed in to Archive')
    })
  })

  test('an earlier version is restored from the history', async () => {
    const { ada, hands, credential } = await addAccount('Ada')
    const { username } = stage.store.reader
    const mistake = { revision: '1', name: 'Reporting', username, password: 'a mistake', intent: 'save' }
    await hands.post(`${credential}/edit`, mistake)
    await stage.as(ada, async (page) => {
      const keys = keyboardOf(page)
      await page.goto(credential)
      await keys.tabTo('History')
      await keys.press('Enter')
      await page.getByRole('heading', { level: 2, name: 'Versions' }).waitFor()
      await keys.tabTo('Restore version 1')
      await keys.press('Enter')
      await arrive(page, 'Restore version 1')
      await keys.tabTo('Restore')
      await keys.press('Enter')
      await sees(page, 'Restored, as a new version.')
      await keys.tabTo('Overview')
      await keys.press('Enter')
      await keys.tabTo('Test Shop')
      await keys.press('Enter')
      await arrive(page, 'Signed in to Shop')
    })
  })
})
