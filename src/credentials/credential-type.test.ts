import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../secrets/secret.ts'
import {
  looksLikeMask,
  parseEditedFields,
  parseNewFields,
  type TypedFields,
  touchesSecrets,
} from './credential-type.ts'
import { credentialTypes } from './types/registry.ts'

const typed = (values: Record<string, string>, cleared: readonly string[] = []): TypedFields => ({
  text: (id) => values[id],
  cleared: (id) => cleared.includes(id),
})

describe.each(credentialTypes)('credential type $id', (type) => {
  const secretIds = type.fields.filter((field) => field.secret).map((field) => field.id)
  const plainIds = type.fields.filter((field) => !field.secret).map((field) => field.id)
  const filled = (secret: string) => ({
    ...Object.fromEntries(plainIds.map((id) => [id, 'someone'])),
    ...Object.fromEntries(secretIds.map((id) => [id, secret])),
  })

  it('is declared sanely: unique field ids, no fallback for a secret, a username field that is no secret', () => {
    expect(new Set(type.fields.map((field) => field.id)).size).toBe(type.fields.length)
    expect(type.fields.filter((field) => field.secret && field.fallback !== undefined)).toEqual([])
    expect(type.fields.some((field) => field.secret)).toBe(true)
    if (type.usernameField !== null) expect(plainIds).toContain(type.usernameField)
  })

  it('S8 placeholder values are refused in every secret field', () => {
    for (const mask of ['***', '********', '•••', '●●●●●', '[secret]', '<hidden>', '[REDACTED]', '(masked)']) {
      const parsed = parseNewFields(type, typed(filled(mask)))
      expect(parsed.ok ? [] : Object.keys(parsed.errors), mask).toEqual(secretIds)
    }
  })

  it('a secret with NUL or half a character, which cannot be sent as it is, is refused', () => {
    for (const odd of ['a\0b', 'a\ud800', '\udfff']) {
      const parsed = parseNewFields(type, typed(filled(odd)))
      expect(parsed.ok ? [] : Object.keys(parsed.errors), JSON.stringify(odd)).toEqual(secretIds)
    }
  })

  it('S8 a form rendered and posted back unchanged keeps every sealed value, whatever it is', () => {
    const secret = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(secret, (value) => {
        const present = Object.fromEntries(
          type.fields.map((field) => [field.id, new Secret(field.secret ? value : 'someone')]),
        )
        // What a browser posts back: plain fields as rendered, secret fields empty.
        const unchanged = typed(filled(''))
        expect(touchesSecrets(type, unchanged)).toBe(false)
        const parsed = parseEditedFields(type, unchanged, present)
        if (!parsed.ok) throw new Error('An unchanged form was refused.')
        for (const id of secretIds) expect(parsed.fields[id]?.expose()).toEqual(present[id]?.expose())
      }),
    )
  })

  it('a typed secret keeps its exact bytes, spaces included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), (value) => {
        fc.pre(!looksLikeMask(value))
        const parsed = parseNewFields(type, typed(filled(value)))
        if (!parsed.ok) throw new Error(Object.values(parsed.errors).join(' '))
        for (const id of secretIds) expect(parsed.fields[id]?.expose().toString('utf8')).toBe(value)
      }),
    )
  })

  it('a required field left blank and one too long are refused with a sentence', () => {
    const blank = parseNewFields(type, typed({}))
    const required = type.fields.filter((field) => field.required).map((field) => field.id)
    expect(blank.ok ? [] : Object.keys(blank.errors).sort()).toEqual(required.sort())
    for (const field of type.fields) {
      const long = { ...filled('fine-secret'), [field.id]: 'é'.repeat(field.maximumLength + 1) }
      const parsed = parseNewFields(type, typed(long))
      expect(parsed.ok ? {} : parsed.errors).toMatchObject({ [field.id]: expect.stringContaining('longer than') })
    }
  })
})
