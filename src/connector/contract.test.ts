import { describe, expect, test } from 'vitest'
import { clients } from './clients.ts'
import type { Parameters } from './driver.ts'
import type { FieldSpec } from './field-spec.ts'
import { parseParameters } from './parse-parameters.ts'
import { drivers } from './registry.ts'

test('drivers have ids of their own, and each can be talked to by a worker', () => {
  const ids = drivers.map((driver) => driver.id)
  expect(new Set(ids).size).toBe(ids.length)
  expect([...clients.keys()].sort()).toEqual([...ids].sort())
})

describe.each(drivers.map((driver) => [driver.id, driver] as const))('the driver %s', (_id, driver) => {
  test('is declared in full', () => {
    expect(driver.id).toMatch(/^[a-z][a-z0-9-]*$/)
    for (const text of [driver.label, driver.summary]) expect(text.trim()).not.toBe('')
    expect(driver.defaultPort).toBeGreaterThan(0)
    expect(driver.credentialTypes.length).toBeGreaterThan(0)
  })

  test('has parameters with ids of their own, none of them secret', () => {
    const ids = driver.parameters.map((spec) => spec.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(driver.parameters.filter((spec) => spec.secret)).toEqual([])
    expect(ids.filter((id) => /pass|secret|token|key/i.test(id))).toEqual([])
  })

  test('offers to add only what may be left out', () => {
    for (const spec of driver.parameters.filter((one) => one.offered)) {
      expect([spec.required, spec.fallback, spec.advanced ?? false], spec.id).toEqual([false, undefined, false])
    }
  })

  test('has choices where there is a choice, and a fallback that is one of them', () => {
    for (const spec of driver.parameters.filter((one) => one.kind === 'choice')) {
      expect(spec.choices?.length).toBeGreaterThan(1)
      if (spec.fallback !== undefined) expect(spec.choices?.map((choice) => choice.value)).toContain(spec.fallback)
    }
  })

  test('offers verified encryption by default, and warns of everything weaker', () => {
    const tls = driver.parameters.find((spec) => spec.id === 'tls')
    // One without a choice has no weaker mode.
    if (tls === undefined) expect(driver.destination(example(driver.parameters)).tls).toBe('verify-full')
    else expect(tls.fallback).toBe('verify-full')
    for (const choice of tls?.choices ?? []) expect(choice.warning === undefined).toBe(choice.value === 'verify-full')
  })

  test('goes elsewhere when anything that decides where changes', () => {
    const before = example(driver.parameters)
    const where = (parameters: Parameters) => JSON.stringify(driver.destination(parameters))
    for (const id of ['host', 'port', 'tls', 'ca']) {
      const spec = driver.parameters.find((one) => one.id === id)
      if (spec === undefined) continue
      expect(where({ ...before, [id]: another(spec, before[id]) }), id).not.toBe(where(before))
    }
  })

  test('says where it goes, and nothing but its parameters decides it', () => {
    const parameters = example(driver.parameters)
    const destination = driver.destination(parameters)
    expect(destination).toEqual(driver.destination({ ...parameters, password: 'x', sslmode: 'disable' }))
    expect(destination.driver).toBe(driver.id)
    expect(driver.address(parameters)).toContain(destination.host)
  })

  test('parses its own example to itself', () => {
    const { ca: _, ...parameters } = example(driver.parameters)
    const parsed = parseParameters(driver.parameters, parameters)
    expect(parsed).toEqual({ ok: true, values: parameters })
  })
})

/** Values that a person could have filled in. */
function example(specs: readonly FieldSpec[]): Record<string, string> {
  const typed = (spec: FieldSpec) => (spec.kind === 'number' ? String(spec.range?.[0] ?? 1) : 'x')
  return Object.fromEntries(
    specs.map((spec) => [spec.id, spec.fallback ?? (spec.id === 'host' ? 'db.example.com' : typed(spec))]),
  )
}

function another(spec: FieldSpec, value: string | undefined): string {
  if (spec.kind === 'choice') return spec.choices?.find((choice) => choice.value !== value)?.value ?? ''
  return spec.format === 'port' ? '6543' : `other.${value}`
}
