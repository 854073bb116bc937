import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeContext } from './context.ts'
import { maximumPlaintext, OpenFailed, open, recordOverhead, seal, termOf } from './record.ts'

const key = randomBytes(32)
const context = encodeContext(['keyward/record/v1', 'deployment', 'organization', 'credential', 1, 'owner'])
const plaintext = Buffer.from('correct horse battery staple')
const record = seal(key, 7, context, plaintext)

describe('a sealed record', () => {
  it('opens with its key, term and context, and names its term', () => {
    expect(open(key, 7, context, record)).toEqual(plaintext)
    expect(termOf(record)).toBe(7)
    expect(record.length).toBe(plaintext.length + recordOverhead)
  })

  it('S2 any bit flipped is refused with the one error', () => {
    const messages = new Set<string>()
    for (let bit = 0; bit < record.length * 8; bit++) {
      const forged = Buffer.from(record)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      messages.add(refusal(() => open(key, 7, context, forged)))
    }
    expect([...messages]).toEqual(['A sealed record does not open.'])
  })

  it('S2 every truncation and any extension is refused', () => {
    for (let length = 0; length < record.length; length++) {
      expect(() => open(key, 7, context, record.subarray(0, length))).toThrow(OpenFailed)
    }
    for (const more of [1, 16, 64]) {
      expect(() => open(key, 7, context, Buffer.concat([record, Buffer.alloc(more)]))).toThrow(OpenFailed)
    }
  })

  it('another key, term or context is refused', () => {
    expect(() => open(randomBytes(32), 7, context, record)).toThrow(OpenFailed)
    expect(() => open(key, 8, context, record)).toThrow(OpenFailed)
    expect(() => open(key, 7, Buffer.alloc(0), record)).toThrow(OpenFailed)
  })

  it('the same plaintext sealed twice has no byte run in common after the header', () => {
    const again = seal(key, 7, context, plaintext)
    expect(again.subarray(6)).not.toEqual(record.subarray(6))
    expect(again.subarray(6, 38)).not.toEqual(record.subarray(6, 38))
  })

  it('keys of other sizes and plaintexts over 66 KiB are refused before anything is sealed', () => {
    for (const size of [0, 16, 24, 31, 33, 64]) {
      expect(() => seal(randomBytes(size), 1, context, plaintext)).toThrow(RangeError)
      expect(() => open(randomBytes(size), 7, context, record)).toThrow(RangeError)
    }
    expect(() => seal(key, 1, context, Buffer.alloc(maximumPlaintext + 1))).toThrow(RangeError)
    expect(open(key, 1, context, seal(key, 1, context, Buffer.alloc(maximumPlaintext))).length).toBe(maximumPlaintext)
  })
})

describe('encodeContext', () => {
  it('two different lists of fields never have the same bytes', () => {
    const fields = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat()), { maxLength: 6 })
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const same = JSON.stringify(a.map(String)) === JSON.stringify(b.map(String))
        expect(encodeContext(a).equals(encodeContext(b))).toBe(same)
      }),
    )
    expect(encodeContext(['ab', 'c'])).not.toEqual(encodeContext(['a', 'bc']))
    expect(encodeContext(['a', ''])).not.toEqual(encodeContext(['a']))
  })

  it('a text or number without an encoding of its own is refused', () => {
    for (const field of ['\ud800', 'a\udc00', Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(() => encodeContext([field])).toThrow(RangeError)
    }
  })
})

function refusal(attempt: () => void): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof OpenFailed) return error.message
  }
  return 'It opened.'
}
