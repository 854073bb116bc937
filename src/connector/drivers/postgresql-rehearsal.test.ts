import { expect, test } from 'vitest'
import { rehearse } from './postgresql-rehearsal.ts'

test('A rehearsal gets as far as a sign-in does', async () => {
  expect(await rehearse()).toBe(true)
})
