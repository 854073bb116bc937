import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type axe from 'axe-core'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { packageRoot } from '../../src/package-root.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addPeople, type People } from './people.ts'
import { fillScene, type Scene } from './scene.ts'
import { newcomers, ownersStates, type State, signedOut } from './states.ts'
import { makeStore, type Store } from './store.ts'
import { settled, visit } from './visit.ts'

let server: StartedServer
let people: People
let store: Store
let scene: Scene
let browser: Browser

beforeAll(async () => {
  if (browserPath === undefined) return
  server = await startServer()
  browser = await launchBrowser()
  store = await makeStore()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store?.close()
})

describe.skipIf(browserPath === undefined)('axe, in light and dark, narrow and wide, finds nothing', () => {
  test('on the pages of the first run', async () => {
    const { pathname, search } = new URL(server.setupAddress ?? '')
    const setUp = pathname + search
    const errors = async (page: Page) => {
      await page.goto(setUp)
      await page.getByRole('button', { name: 'Set up Keyward' }).click()
      await page.locator('#error-summary').waitFor()
    }
    const states = [
      { name: 'first-run', open: (page: Page) => page.goto('/') },
      { name: 'setup', open: (page: Page) => page.goto(setUp) },
      { name: 'setup-errors', open: errors },
    ]
    expect(await findingsOn(states, null)).toEqual([])
    people = await addPeople(server, 'Acme', 'Mira')
    scene = await fillScene(server, people, store)
  })

  test('on the pages of someone who is not signed in', async () => {
    expect(await findingsOn(signedOut, null)).toEqual([])
  })

  test('on the pages of someone new', async () => {
    expect(await findingsOn(newcomers, scene.newcomer)).toEqual([])
  })

  test.each([0, 1, 2, 3])(
    'on the pages of someone who has everything, errors and long names (part %i)',
    async (part) => {
      const states = ownersStates(scene, store).filter((_, index) => index % 4 === part)
      expect(await findingsOn(states, scene.ada)).toEqual([])
    },
  )
})

/** The shorter one of the two: every page reads it anew. */
const axeSource = readFileSync(join(packageRoot(), 'node_modules/axe-core/axe.min.js'), 'utf8')

/** Between light and dark only the colours differ. */
const looks = [
  { colorScheme: 'light', width: 1280, rules: 'all' },
  { colorScheme: 'dark', width: 1280, rules: 'contrast' },
  { colorScheme: 'dark', width: 320, rules: 'all' },
  { colorScheme: 'light', width: 320, rules: 'contrast' },
] as const

/** Opens each state once, looks at it in every way, and returns what is wrong in a line each. */
async function findingsOn(states: readonly State[], user: UserActor | null): Promise<string[]> {
  const found: string[] = []
  await visit(
    browser,
    server.origin,
    user,
    async (page) => {
      for (const { name, open } of states) {
        await page.setViewportSize({ width: 1280, height: 800 })
        await open(page).catch((error: unknown) => {
          throw new Error(`The state ${name} was not reached.`, { cause: error })
        })
        await settled(page)
        for (const look of looks) found.push(...(await lookAt(page, name, look)))
      }
    },
    { reducedMotion: 'reduce' },
    /status of 4\d\d/,
  )
  return found
}

async function lookAt(page: Page, name: string, look: (typeof looks)[number]): Promise<string[]> {
  const { colorScheme, width, rules } = look
  await page.setViewportSize({ width, height: 800 })
  await page.emulateMedia({ colorScheme })
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axeSource)
  const only = rules === 'all' ? {} : { runOnly: ['color-contrast'] }
  const options = JSON.stringify({ resultTypes: ['violations'], preload: false, ...only })
  const run = `axe.run(document, ${options}).then(({ violations }) => violations)`
  const violations = await page.evaluate<axe.Result[]>(run)
  const where = `${name}, ${colorScheme}, ${width} px`
  const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  const cut = await page.evaluate<string[]>(cutTables)
  return [
    ...violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${where}: ${id} at ${target.join(' ')}`)),
    ...(overflow > 0 ? [`${where}: scrolls sideways by ${overflow} px`] : []),
    ...(width === 320 ? cut.map((table) => `${where}: the table ${table} hides columns`) : []),
  ]
}

/** The names of tables, previews of data aside, that show their last columns only to those who scroll sideways. */
const cutTables = `[...document.querySelectorAll('.table-scroll')]
  .filter((table) => table.querySelector('tbody th') && table.scrollWidth > table.clientWidth)
  .map((table) => table.getAttribute('aria-label'))`
