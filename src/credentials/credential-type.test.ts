import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../secrets/secret.ts'
import { makeKeyPair, serviceAccountKey } from '../testing/keys.ts'
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

const { privateKey } = makeKeyPair()

/** Values of the fields that take no text whatever, and how each may be written. */
const written: Readonly<Record<string, fc.Arbitrary<string>>> = {
  privateKeyStr: fc.constant(privateKey),
  gcpKey: fc
    .tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom('', ' ', '\r\n', '\n\t'))
    .map(([note, space]) => `${space}${serviceAccountKey({ note })}${space}`),
  azureConnectionString: fc.base64String({ minLength: 4 }).map((key) => `AccountName=a;AccountKey=${key};`),
  token: fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  }),
}
const anything = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
const plainValues: Readonly<Record<string, string>> = { oauthIssuerUrl: 'https://issuer.example.com/' }

describe.each(credentialTypes)('credential type $id', (type) => {
  const secretIds = type.fields.filter((field) => field.secret).map((field) => field.id)
  const plainIds = type.fields.filter((field) => !field.secret).map((field) => field.id)
  const filled = (secret: string) => ({
    ...Object.fromEntries(plainIds.map((id) => [id, plainValues[id] ?? 'someone'])),
    ...Object.fromEntries(secretIds.map((id) => [id, secret])),
  })

  /** A form as it is rendered for what is stored: the username in it, everything else blank. */
  const unchanged = typed(type.usernameField === null ? {} : { [type.usernameField]: 'someone' })
  /** What may be stored, whatever it is. */
  const stored = (secret: string) =>
    Object.fromEntries(type.fields.map((field) => [field.id, new Secret(field.secret ? secret : 'someone')]))

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
    const secret = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
      fc.constantFrom(privateKey, serviceAccountKey()),
    )
    fc.assert(
      fc.property(secret, (value) => {
        const present = stored(value)
        expect(touchesSecrets(type, unchanged)).toBe(false)
        const parsed = parseEditedFields(type, unchanged, present)
        if (!parsed.ok) throw new Error('An unchanged form was refused.')
        for (const id of type.fields.map((field) => field.id)) {
          expect(parsed.fields[id]?.expose()).toEqual(present[id]?.expose())
        }
      }),
    )
  })

  it('S8 a mask in an edit is refused, and changes nothing that is stored', () => {
    for (const id of secretIds) {
      const values = { ...(type.usernameField === null ? {} : { [type.usernameField]: 'someone' }), [id]: '••••••••' }
      const parsed = parseEditedFields(type, typed(values), stored('kept'))
      expect(parsed.ok ? [] : Object.keys(parsed.errors)).toEqual([id])
    }
  })

  it('Clear drops an optional field, and no other', () => {
    for (const { id, required } of type.fields.filter((field) => field.id !== type.usernameField)) {
      const values = type.usernameField === null ? {} : { [type.usernameField]: 'someone' }
      const cleared = parseEditedFields(type, typed(values, [id]), stored('kept'))
      if (required) expect(cleared.ok ? [] : Object.keys(cleared.errors)).toEqual([id])
      else if (cleared.ok) expect(Object.keys(cleared.fields)).not.toContain(id)
    }
  })

  it('a typed secret keeps its exact bytes, spaces included', () => {
    const values = fc.record(Object.fromEntries(secretIds.map((id) => [id, written[id] ?? anything])))
    fc.assert(
      fc.property(values, (secrets) => {
        fc.pre(!Object.values(secrets).some(looksLikeMask))
        const parsed = parseNewFields(type, typed({ ...filled(''), ...secrets }))
        if (!parsed.ok) throw new Error(Object.values(parsed.errors).join(' '))
        for (const id of secretIds) expect(parsed.fields[id]?.expose().toString('utf8')).toBe(secrets[id])
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
