import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright'
import { provide } from './provision.ts'

/** The flags under which Chromium runs as root, headless, and asks nobody but the pages under test. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser's path, or undefined where there is none and none can be installed (that has been printed). */
export const browserPath = provide('chromium')

/** Starts the browser that was found. */
export function launchBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error('There is no browser here. Install chromium.')
  return chromium.launch({ executablePath: browserPath, args: flags })
}

/** A page whose console errors and CSP messages are collected: a journey fails when there is any. */
export type WatchedPage = { readonly context: BrowserContext; readonly page: Page; readonly complaints: string[] }

/** Opens a page in a context of its own, which watches all its pages. Answers below 500 are outcomes, not errors. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() !== 'error' && !/content security policy/i.test(message.text())) return
    if (/Failed to load resource.*status of 4\d\d/.test(message.text())) return
    complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  return { context, page, complaints }
}
