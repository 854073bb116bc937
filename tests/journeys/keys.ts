import type { Page } from 'playwright'
import { expect } from 'vitest'
import { heading } from './visit.ts'

/** Presses keys and nothing else; after each the focus must be somewhere, and visibly so. */
export function keyboardOf(page: Page) {
  const focus = () => page.evaluate<Focus>(focusScript)
  return {
    type: (text: string) => page.keyboard.type(text),
    async press(...keys: string[]): Promise<void> {
      for (const key of keys) await page.keyboard.press(key)
    },
    async tabTo(name: string | RegExp): Promise<void> {
      const seen: string[] = []
      for (let press = 0; press < 60; press++) {
        await page.keyboard.press('Tab')
        const now = await focus()
        seen.push(now.name)
        if (now.name !== '(nothing)' && !now.visible)
          throw new Error(`The focus is on "${now.name}" and cannot be seen.`)
        if (typeof name === 'string' ? now.name === name || now.name.startsWith(`${name} `) : name.test(now.name))
          return
      }
      throw new Error(`Tab never came to ${name}, but to: ${seen.join(' | ')}`)
    },
  }
}

/** Waits for a page by its heading, and for the focus to be on something in it. */
export async function arrive(page: Page, name: string): Promise<void> {
  await heading(page, name)
  await expect.poll(async () => (await page.evaluate<Focus>(focusScript)).name).not.toBe('(nothing)')
}

/** Waits until the focus is on what is called that. */
export async function expectFocus(page: Page, name: string | RegExp): Promise<void> {
  const wanted = typeof name === 'string' ? new RegExp(`^${name.replace(/[()]/g, '\\$&')}$`) : name
  await expect.poll(async () => (await page.evaluate<Focus>(focusScript)).name).toMatch(wanted)
}

/** What the focus is on, as a screen reader would call it; and whether there is anything to see of it. */
const focusScript = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return { name: '(nothing)', visible: false }
  const labels = element.labels ? [...element.labels].map((label) => label.textContent) : []
  const name = element.getAttribute('aria-label') ?? (labels.length > 0 ? labels.join(' ') : element.textContent)
  const style = getComputedStyle(element)
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
  return { name: name.replace(/\\s+/g, ' ').trim(), visible: ring || element.localName === 'h1' }
})()`

type Focus = { readonly name: string; readonly visible: boolean }
