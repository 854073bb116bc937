import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeKeyPair } from '../../testing/keys.ts'
import { checkPrivateKey, restorePem } from './private-key.ts'

const passphrase = 'correct horse battery'
const plain = makeKeyPair().privateKey
const sealed = makeKeyPair(passphrase).privateKey

describe('a private key', () => {
  const pastes: readonly (readonly [string, (pem: string) => string])[] = [
    ['as it is', (pem) => pem],
    ['without the last line break', (pem) => pem.trim()],
    ['with spaces around it', (pem) => ` \n${pem}\t `],
    ['with the line breaks of Windows', (pem) => pem.replaceAll('\n', '\r\n')],
    ['in one line with spaces', (pem) => pem.replaceAll('\n', ' ')],
    ['in one line with nothing between', (pem) => pem.replaceAll('\n', '')],
    ['in one line with \\n written out', (pem) => pem.trim().replaceAll('\n', '\\n')],
    ['as a string of JSON', (pem) => JSON.stringify(pem)],
    ['indented', (pem) => pem.replaceAll('\n', '\n    ')],
    ...[19, 20, 37, 50, 51, 76].map(
      (width) => [`wrapped at a width of ${width}`, (pem: string) => wrapped(pem, width)] as const,
    ),
  ]
  it.each(pastes)('pasted %s is the key again', (_how, paste) => {
    for (const pem of [plain, sealed]) expect(restorePem(paste(pem))).toBe(pem)
  })

  it('is restored once and for all, and what is none is left as it is', () => {
    fc.assert(fc.property(fc.string(), (text) => restorePem(text) === text))
    expect(restorePem(`note: ${plain}`)).toBe(`note: ${plain}`)
    expect(restorePem(restorePem(plain))).toBe(plain)
  })

  it('opens with its passphrase, and without one where it is not encrypted', () => {
    expect(checkPrivateKey(plain, undefined)).toEqual({})
    expect(checkPrivateKey(sealed, passphrase)).toEqual({})
  })

  it.each([
    ['an encrypted key without its passphrase', sealed, undefined, 'passphrase', 'Enter its passphrase'],
    ['a wrong passphrase', sealed, 'battery staple', 'passphrase', 'does not open'],
    ['a damaged key', plain.replace(/\n[\w+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), undefined, 'privateKeyStr', 'cannot be'],
    ['half of a key', plain.slice(0, 300), undefined, 'privateKeyStr', 'Paste all of it'],
    ['1024 bits', makeKeyPair(undefined, 1_024).privateKey, undefined, 'privateKeyStr', 'at least 2048'],
    ['the public half', makeKeyPair().publicKey, undefined, 'privateKeyStr', 'public half'],
    ['a key of another kind', ecKey(), undefined, 'privateKeyStr', 'not RSA'],
    ['the older form', rsaKey(), undefined, 'privateKeyStr', 'openssl pkcs8'],
    ['no key at all', 'hunter2', undefined, 'privateKeyStr', 'not a PEM private key'],
  ] as const)('%s is refused with a sentence', (_what, pem, secret, field, words) => {
    const problems: Readonly<Record<string, string>> = checkPrivateKey(pem, secret)
    expect(Object.keys(problems)).toEqual([field])
    expect(problems[field]).toContain(words)
  })

  it('that would take minutes to open is refused before it is opened', () => {
    // The rounds of PBKDF2, 2048 as OpenSSL writes them, become 2,147,418,112.
    const der = Buffer.from(sealed.replace(/-----[^-]+-----/g, ''), 'base64')
    const at = der.indexOf(Buffer.from('02020800', 'hex'))
    expect(at).toBeGreaterThan(0)
    const slow = Buffer.concat([der.subarray(0, at), Buffer.from('02047fff0000', 'hex'), der.subarray(at + 4)])
    for (const [place, byte] of slow.subarray(0, at).entries()) {
      // The lengths of the three sequences around it grow by two each.
      if (byte === 0x30 && place > 0 && (slow[place + 1] ?? 0) < 0x80) slow[place + 1] = (slow[place + 1] ?? 0) + 2
    }
    const pem = restorePem(
      `-----BEGIN ENCRYPTED PRIVATE KEY-----${slow.toString('base64')}-----END ENCRYPTED PRIVATE KEY-----`,
    )
    expect(checkPrivateKey(pem, passphrase)).toMatchObject({ privateKeyStr: expect.stringContaining('600,000') })
  })
})

/** Also in the middle of what marks the key's beginning and end. */
function wrapped(pem: string, width: number): string {
  return pem.replaceAll('\n', '').replace(new RegExp(`.{1,${width}}`, 'g'), '$&\n')
}

function ecKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  return String(privateKey.export({ type: 'pkcs1', format: 'pem' }))
}
