import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { journeysInBothWays, openStage } from './stage.ts'
import { fill, flash, follow, heading, press, sees } from './visit.ts'

const stage = openStage()

journeysInBothWays('A shared connection $way', (mode) => {
  let ada: UserActor
  let ben: UserActor
  let address: string
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
    ben = await stage.people.member('Ben')
    address = `/connections/${await (await stage.handsOf(ada)).addConnection('Shop', stage.store)}`
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>, expected?: RegExp) =>
    stage.as(user, steps, mode, expected)

  test('is shared by its owner with a person and a role', () =>
    as(ada, async (page) => {
      await page.goto(address)
      await follow(page, 'Sharing')
      await sees(page, 'Nobody else sees this connection.')
      await fill(page, { 'E-mail': ben.email })
      await page.getByRole('radio', { name: 'Consumer', exact: true }).check()
      await press(page, 'Share')
      await flash(page, 'Shared. They use this data connection with credentials of their own.')
      await sees(page, `Consumer · ${ben.email}`)
    }))

  test('is used by the other with credentials of their own, and not changed', () =>
    as(ben, async (page) => {
      await page.goto('/connections')
      await follow(page, 'Shop')
      await heading(page, 'Shop')
      expect(await page.getByRole('link', { name: 'Edit connection' }).count()).toBe(0)
      await follow(page, 'Test connection')
      await fill(page, { Username: stage.store.second.username, Password: stage.store.second.password })
      await page.getByLabel('Securely save credentials').check()
      await fill(page, { 'Account name (optional)': 'second' })
      await press(page, 'Save and sign in')
      await flash(page, 'Saved. The sign-in worked.')
      await follow(page, 'Test connection')
      await page.getByRole('button', { name: /^second/ }).click()
      await heading(page, 'Signed in to Shop')
    }))

  test('is taken away by its owner, who is told what stops and sees what happened', () =>
    as(ada, async (page) => {
      await page.goto(`${address}/activity`)
      await page.getByRole('cell', { name: 'an account of theirs' }).first().waitFor()
      await follow(page, 'Sharing')
      await follow(page, 'Remove Ben')
      await heading(page, 'Remove Ben')
      await sees(page, '1 credential stays with them and loses its association with it.')
      await press(page, 'Remove from connection')
      await flash(page, 'Removed. They can no longer see this data connection, nor use their credentials on it.')
      await sees(page, 'Nobody else sees this connection.')
    }))

  test('is gone for the other, whose credentials stay without it', () =>
    as(
      ben,
      async (page) => {
        await page.goto(address)
        await sees(page, 'That page does not exist, or you do not have access to it.')
        await page.goto('/credentials')
        await page
          .getByRole('link', { name: /second/ })
          .first()
          .click()
        await sees(page, 'No connections')
      },
      /status of 404/,
    ))
})
