import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, describe } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { browserPath, launchBrowser } from '../../src/testing/browser.ts'
import { type StartedServer, startServer } from '../../src/testing/server.ts'
import { type Hands, handsOf } from './hands.ts'
import { addPeople, type People } from './people.ts'
import { makeStore, type Store } from './store.ts'
import { modes, visit } from './visit.ts'

/** What the journeys of a file share. It is there from the first hook after `openStage` on. */
export type Stage = {
  readonly server: StartedServer
  readonly people: People
  readonly store: Store
  readonly browser: Browser
  /** Takes the steps in a browser, signed in as `user`; see `visit`. */
  as(
    user: Pick<UserActor, 'email'> | null,
    steps: (page: Page) => Promise<void>,
    options?: BrowserContextOptions,
    expected?: RegExp,
  ): Promise<void>
  handsOf(user: UserActor): Promise<Hands>
}

/** Starts one server, one data store and one browser for the tests of this file, and ends them after the last. */
export function openStage(): Stage {
  let server: StartedServer
  let people: People
  let store: Store
  let browser: Browser

  beforeAll(async () => {
    if (browserPath === undefined) return
    const starting = [startServer(), makeStore(), launchBrowser()] as const
    ;[server, store, browser] = await Promise.all(starting)
    people = await addPeople(server)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await store?.close()
  })

  return {
    get server() {
      return server
    },
    get people() {
      return people
    },
    get store() {
      return store
    },
    get browser() {
      return browser
    },
    as: (user, steps, options = {}, expected) => visit(browser, server.origin, user, steps, options, expected),
    handsOf: (user) => handsOf(server, user),
  }
}

/** Describes journeys that need a browser, once. */
export const journeys = describe.skipIf(browserPath === undefined)

/** Describes journeys that are made with JavaScript and without: `$way` in the title says which. */
export const journeysInBothWays = describe.skipIf(browserPath === undefined).each(modes)
