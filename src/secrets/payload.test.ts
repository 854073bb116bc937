import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFields, encodeFields, maximumPayload } from './payload.ts'
import { OpenFailed } from './record.ts'
import { Secret } from './secret.ts'

describe('the payload of a version', () => {
  it('keeps the exact bytes of every field, whatever they and their names are', () => {
    const fields = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.uint8Array({ maxLength: 300 }))
    fc.assert(
      fc.property(fields, (values) => {
        const entries = Object.entries(values)
        const decoded = decodeFields(
          encodeFields(Object.fromEntries(entries.map(([name, value]) => [name, new Secret(value)]))),
        )
        expect(Object.keys(decoded).sort()).toEqual(entries.map(([name]) => name).sort())
        for (const [name, value] of entries) expect(decoded[name]?.expose()).toEqual(Buffer.from(value))
      }),
    )
  })

  it('a field named __proto__ is a field', () => {
    const fields = Object.fromEntries([['__proto__', new Secret('canary')]])
    const decoded = decodeFields(encodeFields(fields))
    expect(Object.getOwnPropertyDescriptor(decoded, '__proto__')?.value.expose().toString()).toBe('canary')
  })

  it('lengths that differ within a bucket of 64 bytes give payloads of the same length', () => {
    const lengths = new Set(
      [1, 8, 20, 30].map((size) => encodeFields({ password: new Secret('x'.repeat(size)) }).length),
    )
    expect([...lengths]).toEqual([64])
  })

  it('fields of more than 64 KiB together are refused', () => {
    expect(() => encodeFields({ a: new Secret(Buffer.alloc(maximumPayload)) })).toThrow(/64 KiB/)
    expect(encodeFields({ a: new Secret(Buffer.alloc(maximumPayload - 100)) }).length).toBeLessThanOrEqual(
      maximumPayload,
    )
  })

  it('bytes that encodeFields did not make are refused', () => {
    const good = encodeFields({ username: new Secret('ada'), password: new Secret('secret') })
    const padded = Buffer.from(good)
    padded[padded.length - 1] = 1
    const version = Buffer.from(good)
    version[0] = 2
    const count = Buffer.from(good)
    count.writeUInt16BE(9, 1)
    const length = Buffer.from(good)
    length.writeUInt32BE(0xffffffff, 3)
    for (const bad of [
      Buffer.alloc(0),
      good.subarray(0, 63),
      Buffer.concat([good, Buffer.alloc(64)]),
      padded,
      version,
      count,
      length,
    ]) {
      expect(() => decodeFields(bad)).toThrow(OpenFailed)
    }
  })
})
