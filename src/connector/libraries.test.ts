import { expect, test } from 'vitest'
import { missingLibrary } from './libraries.ts'
import { drivers } from './registry.ts'

test('a driver without a library of its own, and one whose library is installed, lack nothing', () => {
  expect(missingLibrary({ library: null })).toBeNull()
  expect(missingLibrary({ library: 'pg' })).toBeNull()
  // Has no entry for `require`, and is there all the same.
  expect(missingLibrary({ library: 'htmx.org' })).toBeNull()
})

test('a driver whose library is missing says what installs it', () => {
  const missing = { name: 'keyward-no-such-library', command: 'npm install keyward-no-such-library' }
  expect(missingLibrary({ library: missing.name })).toEqual(missing)
})

test('here, no driver lacks a library that package.json asks for', () => {
  for (const driver of drivers) {
    const missing = missingLibrary(driver)
    if (missing !== null) expect(missing.command, driver.id).not.toContain(`${missing.name}@`)
  }
})
