import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { FieldSpec } from '../../src/connector/field-spec.ts'
import { SecretField } from './secret-field.tsx'
import { SpecFields } from './spec-field.tsx'
import { TextField } from './text-field.tsx'

const base = { kind: 'text', secret: false, required: true, maximumLength: 100 } as const
const host: FieldSpec = { ...base, id: 'host', label: 'Host', hint: 'A name or an address.' }
const port: FieldSpec = { ...base, id: 'port', label: 'Port', kind: 'number', fallback: '5432' }
const password: FieldSpec = { ...base, id: 'password', label: 'Password', secret: true }
const passphrase: FieldSpec = { ...password, id: 'passphrase', label: 'Passphrase', required: false }
const key: FieldSpec = { ...password, id: 'key', label: 'Private key', kind: 'multiline' }
const ca: FieldSpec = { ...base, id: 'ca', label: 'Certificate', kind: 'multiline', required: false, advanced: true }
const tls: FieldSpec = {
  ...base,
  id: 'tls',
  label: 'Encryption',
  kind: 'choice',
  fallback: 'on',
  choices: [
    { value: 'on', label: 'Encrypted' },
    { value: 'off', label: 'Not encrypted', warning: 'Anyone on the way can read the password.' },
  ],
}
const all = [host, port, password, passphrase, key, ca, tls]

describe('SpecFields', () => {
  test('with every kind of field, ties a label to each input', () => {
    const page = rendered(<SpecFields specs={all} />)
    const inputs = [...page.querySelectorAll('input, textarea, select')]
    expect(inputs.map((input) => input.getAttribute('name'))).toEqual([
      'host',
      'port',
      'password',
      'passphrase',
      'key',
      'file-key',
      'tls',
      'tls',
      'ca',
    ])
    for (const input of inputs) expect(page.querySelector(`label[for="${input.id}"]`), input.id).not.toBeNull()
  })

  test('with a hint and an error, says both in the description of the input and marks it', () => {
    const page = rendered(<SpecFields specs={all} errors={{ host: 'Enter the host.' }} prefix="p-" />)
    const input = page.querySelector('#field-p-host')
    expect(input?.getAttribute('aria-invalid')).toBe('true')
    const described = input?.getAttribute('aria-describedby')?.split(' ') ?? []
    const words = described.map((id: string) => page.querySelector(`[id="${id}"]`)?.textContent)
    expect(words).toEqual(['A name or an address.', 'Error: Enter the host.'])
  })

  test('given values for secret fields, never renders them', () => {
    const typed = { password: 'hunter2', passphrase: 'hunter2', key: 'hunter2', host: 'db.example.com' }
    const page = rendered(<SpecFields specs={all} values={typed} stored={['password', 'passphrase', 'key']} />)
    expect(page.body.innerHTML).toContain('db.example.com')
    expect(page.body.innerHTML).not.toContain('hunter2')
    for (const id of ['password', 'passphrase', 'key']) {
      const input = page.querySelector(`#field-${id}`)
      expect(input?.hasAttribute('value')).toBe(false)
      expect(input?.textContent).toBe('')
      expect(input?.getAttribute('autocomplete')).toMatch(/^(new-password|off)$/)
    }
  })

  test('with something stored, says that blank keeps it, and offers Clear only where the field is optional', () => {
    const page = rendered(<SpecFields specs={all} stored={['password', 'passphrase']} />)
    expect(page.querySelector('#field-password-keep')?.textContent).toContain('Leave blank')
    expect(page.querySelector('#field-password')?.getAttribute('aria-describedby')).toBe('field-password-keep')
    expect(page.querySelector('[name="clear-passphrase"]')).not.toBeNull()
    expect(page.querySelector('[name="clear-password"]')).toBeNull()
    expect(page.querySelector('[name="clear-key"]')).toBeNull()
  })

  test('with nothing typed, shows what is used when left blank, and the warning of a choice', () => {
    const page = rendered(<SpecFields specs={all} />)
    expect(page.querySelector('#field-port')?.getAttribute('value')).toBe('5432')
    expect(page.querySelector('[name="tls"][checked]')?.getAttribute('value')).toBe('on')
    expect(page.querySelector('#field-tls-1-warning')?.textContent).toContain('read the password')
  })

  test('with an error in an advanced field, unfolds More settings', () => {
    expect(
      rendered(<SpecFields specs={all} />)
        .querySelector('details')
        ?.hasAttribute('open'),
    ).toBe(false)
    const refused = rendered(<SpecFields specs={all} errors={{ ca: 'Paste a PEM certificate.' }} />)
    expect(refused.querySelector('details')?.hasAttribute('open')).toBe(true)
  })
})

describe('TextField', () => {
  test('with a value that begins with a line break, keeps it in a textarea', () => {
    const html = String(<TextField name="ca" label="Certificate" multiline value={'\n-----BEGIN'} />)
    expect(html).toContain('>\n\n-----BEGIN</textarea>')
  })
})

describe('SecretField', () => {
  test('for signing in, takes what the browser knows', () => {
    const page = rendered(<SecretField name="password" label="Password" autocomplete="current-password" />)
    expect(page.querySelector('input')?.getAttribute('autocomplete')).toBe('current-password')
  })
})

function rendered(view: unknown) {
  return parseHTML(`<!doctype html><html><body>${view}</body></html>`).document
}
