import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { packageRoot } from '../../src/package-root.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { addPeople, type People } from '../journeys/people.ts'
import { fillScene, type Scene } from '../journeys/scene.ts'
import { newcomers, ownersStates, type State, signedOut } from '../journeys/states.ts'
import { makeStore, type Store } from '../journeys/store.ts'
import { settled, visit } from '../journeys/visit.ts'

const folder = join(packageRoot(), 'docs/screenshots')
let server: StartedServer
let people: People
let store: Store
let scene: Scene
let browser: Browser

beforeAll(async () => {
  if (browserPath === undefined) return
  mkdirSync(folder, { recursive: true })
  server = await startServer()
  browser = await launchBrowser()
  store = await makeStore()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store?.close()
}, 120_000)

describe.skipIf(browserPath === undefined)('Screenshots, light and dark, at 320, 768 and 1280 px', () => {
  test('of the first run', async () => {
    const { pathname, search } = new URL(server.setupAddress ?? '')
    await take([{ name: 'setup', open: (page) => page.goto(pathname + search) }], null)
    people = await addPeople(server, 'Acme', 'Mira')
    scene = await fillScene(server, people, store)
  })

  test('of what is there without signing in', () => take(signedOut, null))

  test('of an account with nothing in it', () => take(newcomers, scene.newcomer))

  test('of everything else', () => take(ownersStates(scene, store), scene.ada))
})

/** Opens each state and takes its picture six times; the part of a page below 2,000 px is cut off. */
async function take(states: readonly State[], user: UserActor | null): Promise<void> {
  const steps = async (page: Page) => {
    for (const { name, open } of states) {
      await page.setViewportSize({ width: 1280, height: 800 })
      await open(page)
      await settled(page)
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [320, 768, 1280]) await picture(page, name, colorScheme, width)
      }
    }
  }
  await visit(browser, server.origin, user, steps, { reducedMotion: 'reduce' }, /status of 4\d\d/)
}

async function picture(page: Page, name: string, colorScheme: 'light' | 'dark', width: number): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: 800 })
  const content = await page.evaluate<number>('document.documentElement.scrollHeight')
  const height = Math.min(Math.max(content, width === 320 ? 640 : 720), 2_000)
  await page.setViewportSize({ width, height })
  await page.screenshot({
    path: join(folder, `${name}-${colorScheme}-${width}.png`),
    animations: 'disabled',
    caret: 'hide',
  })
}
