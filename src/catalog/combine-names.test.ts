import { describe, expect, test } from 'vitest'
import { nameDatasets, resolveNames } from './combine-names.ts'

const named = (...names: readonly string[]) => nameDatasets(names.map((name, place) => ({ id: String(place), name })))
const used = (...names: readonly string[]) => names.map((name) => ({ name, position: { line: 1, column: 8 } }))

describe('nameDatasets', () => {
  test('of different names, leaves each as it is', () => {
    expect(named('a', 'B', '').map(({ alias }) => alias)).toEqual(['a', 'B', ''])
  })

  test('of one name in several cases, numbers them by age and keeps out of the way of real names', () => {
    expect(named('x', 'X (1)', 'X', 'x').map(({ alias }) => alias)).toEqual(['x (2)', 'X (1)', 'X (3)', 'x (4)'])
  })
})

describe('resolveNames', () => {
  test('finds names in any case, each with its dataset', () => {
    const resolved = resolveNames(named('Orders', 'customers'), used('ORDERS', 'customers'))
    expect(resolved).toMatchObject({
      ok: true,
      inputs: [{ name: 'Orders', dataset: { id: '0' } }, { name: 'customers' }],
    })
  })

  test('tells names apart as DuckDB does, to which only letters of ASCII have two cases', () => {
    expect(named('Äpfel', 'äpfel', 'ſ', 's').map(({ alias }) => alias)).toEqual(['Äpfel', 'äpfel', 'ſ', 's'])
    expect(resolveNames(named('Äpfel'), used('ÄPFEL'))).toMatchObject({ ok: true, inputs: [{ name: 'Äpfel' }] })
    for (const [name, other] of [
      ['Äpfel', 'äpfel'],
      ['kiwi', '\u212Aiwi'],
    ] as const) {
      expect(resolveNames(named(name), used(other))).toMatchObject({
        ok: false,
        message: `There is no dataset "${other}" with data that you may use. Choose from the list of datasets.`,
      })
    }
  })

  test('of what is not there, or there more than once, says so and where', () => {
    expect(resolveNames(named('a'), used('b'))).toMatchObject({ ok: false, position: { line: 1, column: 8 } })
    const twice = resolveNames(named('a', 'A'), used('a'))
    expect(twice).toMatchObject({ ok: false, message: '2 datasets are called "a". Write "a (1)" or "A (2)".' })
  })

  test('of more than twenty, refuses', () => {
    const names = Array.from({ length: 21 }, (_, place) => `d${place}`)
    expect(resolveNames(named(...names), used(...names))).toMatchObject({ ok: false })
    expect(resolveNames(named(...names), used(...names.slice(1)))).toMatchObject({ ok: true })
  })
})
