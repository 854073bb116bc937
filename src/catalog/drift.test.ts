import { expect, test } from 'vitest'
import { driftBetween } from './drift.ts'

const columns = (...entries: readonly string[]) =>
  entries.map((entry) => {
    const [name = '', type = ''] = entry.split(' ')
    return { name, type }
  })

test('Drift between the same columns in another order is none', () => {
  expect(driftBetween(columns('a INTEGER', 'b VARCHAR'), columns('b VARCHAR', 'a INTEGER'))).toBeNull()
})

test('Drift names what was added, what is gone and what has another type', () => {
  expect(driftBetween(columns('a INTEGER', 'b VARCHAR'), columns('a BIGINT', 'B VARCHAR'))).toEqual({
    added: columns('B VARCHAR'),
    removed: columns('b VARCHAR'),
    changed: [{ name: 'a', from: 'INTEGER', to: 'BIGINT' }],
  })
})
