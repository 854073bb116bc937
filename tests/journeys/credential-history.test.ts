import type { Page } from 'playwright'
import { beforeAll, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { arrive, expectFocus, keyboardOf } from './keys.ts'
import { journeys, journeysInBothWays, openStage } from './stage.ts'
import { fill, flash, follow, heading, press, sees } from './visit.ts'

const stage = openStage()

journeysInBothWays('Credentials $way', (mode) => {
  let ada: UserActor
  let ben: UserActor
  let credential: string
  beforeAll(async () => {
    ada = await stage.people.member('Ada')
    ben = await stage.people.member('Ben')
    const hands = await stage.handsOf(ada)
    const connection = await hands.addConnection('Shop', stage.store)
    await hands.share('connections', connection, ben)
    credential = `/credentials/${await hands.addAccount('Reporting', stage.store.reader, connection)}`
  })
  const as = (user: UserActor, steps: (page: Page) => Promise<void>, expected?: RegExp) =>
    stage.as(user, steps, mode, expected)

  test('that were changed by mistake, are restored from the history', () =>
    as(ada, async (page) => {
      await page.goto(`${credential}/edit`)
      await fill(page, { Password: 'a mistake' })
      await press(page, 'Save without signing in')
      await flash(page, 'Saved without signing in. Nothing was proven.')
      await follow(page, 'History')
      await page.getByRole('link', { name: 'Restore version 1', exact: true }).click()
      await heading(page, 'Restore version 1')
      await press(page, 'Restore')
      await flash(
        page,
        'Restored, as a new version. Nothing was proven: test a connection to be sure that it still works.',
      )
      await press(page, 'Test Shop')
      await heading(page, 'Signed in to Shop')
      await page.goto(`${credential}/history`)
      await page.getByRole('cell', { name: 'restored from version 1' }).waitFor()
      await page.getByRole('rowheader', { name: 'Edit credentials' }).first().waitFor()
      await follow(page, 'Uses')
      await page.getByRole('cell', { name: 'on Shop' }).first().waitFor()
      await page.getByRole('rowheader', { name: 'Edit credentials' }).first().waitFor({ state: 'detached' })
    }))

  test('are shared for use by their owner', () =>
    as(ada, async (page) => {
      await page.goto(credential)
      await follow(page, 'Sharing')
      await sees(page, 'Nobody else uses these credentials.')
      await shareWithBen(page)
    }))

  test('of somebody else take a sample of a table, until they are taken away: then a sentence says so', () =>
    as(
      ben,
      async (page) => {
        await page.goto('/credentials')
        await follow(page, 'Shared with you')
        await page.getByRole('rowheader', { name: 'Reporting' }).waitFor()
        await page.goto('/catalog/add')
        await page.getByRole('button', { name: /^Shop/ }).click()
        await sees(page, "Reporting (Ada's)")
        await press(page, 'Tables')
        await page.getByRole('checkbox', { name: 'customers' }).check()
        await fill(page, { 'Row limit (optional)': '7' })
        await press(page, 'Create snapshot')
        await page.getByText('Rows 1 to 7 of 7').waitFor({ timeout: 30_000 })
        await as(ada, takeAway)
        await press(page, 'Create snapshot')
        await sees(
          page,
          'That account does not exist, or you may not use it any more, so nothing was sent. Choose another account.',
        )
        await page.goto('/credentials/shared')
        await sees(page, 'Nothing is shared with you')
      },
      /status of 404/,
    ))

  test('of somebody else are given back, and their owner sees who did that', async () => {
    await as(ada, async (page) => {
      await page.goto(`${credential}/sharing`)
      await shareWithBen(page)
    })
    await as(ben, async (page) => {
      await page.goto('/credentials/shared')
      await follow(page, 'Give back Reporting')
      await heading(page, 'Give back Reporting')
      await sees(page, '1 dataset of yours keeps its data; new snapshots need another account.')
      await follow(page, 'Cancel')
      await follow(page, 'Give back Reporting')
      await press(page, 'Give back')
      await flash(page, 'Given back. You can no longer use these credentials.')
      await sees(page, 'Nothing is shared with you')
      expect(await page.getByRole('rowheader', { name: 'Reporting' }).count()).toBe(0)
    })
    await as(ada, async (page) => {
      await page.goto(`${credential}/sharing`)
      await sees(page, 'Nobody else uses these credentials.')
      await follow(page, 'History')
      await page
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: 'Give shared credentials back' }) })
        .filter({ hasText: 'Ben' })
        .waitFor()
    })
  })

  async function shareWithBen(page: Page): Promise<void> {
    await fill(page, { 'E-mail': ben.email })
    await press(page, 'Share')
    await flash(page, 'Shared. They can use these credentials where you associated them, and see nothing of them.')
  }

  async function takeAway(page: Page): Promise<void> {
    await page.goto(`${credential}/sharing`)
    await sees(page, '1 dataset made with it')
    await follow(page, 'Remove Ben')
    await heading(page, 'Remove Ben')
    await sees(page, '1 dataset of theirs keeps its data; new snapshots need another account.')
    await press(page, 'Remove')
    await flash(page, 'Removed. From now on each use of theirs is refused.')
  }
})

journeys('With the keyboard alone', () => {
  test('credentials are shared for use, used by the other, and given back', async () => {
    const ada = await stage.people.member('Ada')
    const ben = await stage.people.member('Ben')
    const hands = await stage.handsOf(ada)
    const connection = await hands.addConnection('Shop', stage.store)
    await hands.share('connections', connection, ben)
    await hands.addAccount('Reporting', stage.store.reader, connection)

    await stage.as(
      ada,
      async (page) => {
        const keys = keyboardOf(page)
        await page.goto('/credentials')
        await keys.press('/')
        await expectFocus(page, 'Search credentials')
        await keys.press('ArrowDown')
        await expectFocus(page, /^Reporting/)
        await keys.press('Enter')
        await arrive(page, 'Reporting')
        await keys.tabTo('Sharing')
        await keys.press('Enter')
        await sees(page, 'Nobody else uses these credentials.')
        await keys.tabTo('E-mail')
        await keys.type('nobody@example.com')
        await keys.press('Enter')
        await page
          .getByRole('link', { name: /^Nobody in your organization signs in with this e-mail address/ })
          .waitFor()
        await keys.tabTo('E-mail')
        await keys.press('Control+a')
        await keys.type(ben.email)
        await keys.press('Enter')
        await flash(page, 'Shared. They can use these credentials where you associated them, and see nothing of them.')
        await sees(page, ben.email)
      },
      {},
      /422/,
    )

    await stage.as(ben, async (page) => {
      const keys = keyboardOf(page)
      await page.goto('/connections')
      await keys.tabTo('Shop')
      await keys.press('Enter')
      await arrive(page, 'Shop')
      await keys.press('t')
      await arrive(page, 'Test connection')
      await expectFocus(page, /^Reporting/)
      await keys.press('Enter')
      await arrive(page, 'Signed in to Shop')
      await keys.press('g', 'c')
      await arrive(page, 'Credentials management')
      await keys.tabTo('Shared with you')
      await keys.press('Enter')
      await arrive(page, 'Shared with you')
      await keys.tabTo('Give back Reporting')
      await keys.press('Enter')
      await arrive(page, 'Give back Reporting')
      await keys.tabTo('Give back')
      await keys.press('Enter')
      await sees(page, 'Nothing is shared with you')
    })

    await stage.as(ada, async (page) => {
      const keys = keyboardOf(page)
      await page.goto('/credentials')
      await keys.tabTo(/^Reporting/)
      await keys.press('Enter')
      await arrive(page, 'Reporting')
      await keys.tabTo('Sharing')
      await keys.press('Enter')
      await sees(page, 'Nobody else uses these credentials.')
      await keys.tabTo('E-mail')
      await keys.type(ben.email)
      await keys.press('Enter')
      await sees(page, ben.email)
      await keys.tabTo('Remove Ben')
      await keys.press('Enter')
      await arrive(page, 'Remove Ben')
      await keys.tabTo('Remove')
      await keys.press('Enter')
      await flash(page, 'Removed. From now on each use of theirs is refused.')
      await sees(page, 'Nobody else uses these credentials.')
    })
  })
})
