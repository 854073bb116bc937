import type { Browser, BrowserContextOptions, Cookie, Page } from 'playwright'
import { expect } from 'vitest'
import type { UserActor } from '../../src/access/actor.ts'
import { testPassword } from '../../src/testing/actors.ts'
import { openPage } from '../../src/testing/browser.ts'

/** Every journey is made in both ways. */
export const modes = [
  { way: 'with JavaScript', javaScriptEnabled: true },
  { way: 'without JavaScript', javaScriptEnabled: false },
] as const

export type Mode = (typeof modes)[number]

/**
 * Opens a browser at `origin`, signed in as `user` where there is one, takes the steps, and expects that the console
 * stayed silent, `expected` aside. What was on the page is part of the error when a step fails.
 */
export async function visit(
  browser: Browser,
  origin: string,
  user: Pick<UserActor, 'email'> | null,
  steps: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
  expected?: RegExp,
): Promise<void> {
  const { context, page, complaints } = await openPage(browser, { baseURL: origin, ...options })
  page.setDefaultTimeout(15_000)
  try {
    if (user !== null) await enter(page, origin, user.email)
    await steps(page)
    // Proving one's password changes the session's token.
    if (user !== null) sessions.set(user.email, await context.cookies())
  } catch (error) {
    throw new Error(await describe(page, complaints), { cause: error })
  } finally {
    await context.close()
  }
  expect(complaints.filter((complaint) => !expected?.test(complaint))).toEqual([])
}

const sessions = new Map<string, Cookie[]>()

/** Posts what the form of the sign-in page does the first time, and comes back with the same session later. */
async function enter(page: Page, origin: string, email: string): Promise<void> {
  const known = sessions.get(email)
  if (known === undefined) {
    const form = { email, password: testPassword }
    const answer = await page.context().request.post('/login', { form, headers: { Origin: origin } })
    if (!answer.ok()) throw new Error(`The sign-in of ${email} was answered ${answer.status()}.`)
  } else {
    await page.context().addCookies(known)
  }
  await page.goto('/')
  await page.locator('#user-menu').waitFor()
}

/** Signs in through the form and waits for the page behind it. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#user-menu').waitFor()
}

/** Waits until the page has this heading. */
export async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

/** Waits until the page says this after a redirect. */
export async function flash(page: Page, text: string): Promise<void> {
  await page.locator('#flash').getByText(text, { exact: true }).waitFor()
}

/** Waits until `text` is on the page, outside of what is folded. */
export async function sees(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor()
}

/** Waits until nothing that was pressed is still at work. */
export function settled(page: Page): Promise<void> {
  return page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
}

/** Waits until the document has this title. */
export async function title(page: Page, wanted: string): Promise<void> {
  await expect.poll(() => page.title()).toBe(wanted)
}

/** Follows a link by its exact name. */
export function follow(page: Page, name: string): Promise<void> {
  return page.getByRole('main').getByRole('link', { name, exact: true }).first().click()
}

/** Presses a button by its exact name. */
export function press(page: Page, name: string): Promise<void> {
  return page.getByRole('main').getByRole('button', { name, exact: true }).first().click()
}

/** Fills fields by their labels. */
export async function fill(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(values)) {
    await page.getByRole('main').getByLabel(label, { exact: true }).fill(value)
  }
}

async function describe(page: Page, complaints: readonly string[]): Promise<string> {
  const text = await page
    .locator('body')
    .textContent({ timeout: 1000 })
    .catch(() => '(no page)')
  return [`A step failed on ${page.url()}.`, ...complaints, (text ?? '').replace(/\s+/g, ' ').slice(0, 1500)].join('\n')
}
