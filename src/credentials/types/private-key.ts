import { createPrivateKey, type KeyObject } from 'node:crypto'

/**
 * Returns a PEM private key as it was before it was pasted: with line breaks where they were lost, turned into spaces or
 * written out as `\n`. What is no such key is returned as it came.
 */
export function restorePem(text: string): string {
  // A line break may stand in the middle of what marks the key's beginning or end, too.
  const unbroken = marked.test(text) ? text : text.replace(/[\r\n]+/g, '')
  const found = marked.exec(unbroken)
  if (found === null) return text
  const [whole, label, inside = ''] = found
  // A text around the key is not ours to drop; quotes of a shell or of JSON are.
  if (/[^\s"',\\rn]/.test(unbroken.replace(whole, ''))) return text
  const body = inside.replace(/\\[rn]/g, '').replace(/\s+/g, '')
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(body)) return text
  return `-----BEGIN ${label}-----\n${body.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}

const marked = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----/s

type Problems = { readonly privateKeyStr?: string; readonly passphrase?: string }

/** Returns what is wrong with a key pair's key and passphrase, by field id. The key has been through `restorePem`. */
export function checkPrivateKey(pem: string, passphrase: string | undefined): Problems {
  const label = /^-----BEGIN ([A-Z ]+)-----\n/.exec(pem)?.[1]
  if (label !== 'PRIVATE KEY' && label !== 'ENCRYPTED PRIVATE KEY') return { privateKeyStr: notPkcs8(pem) }
  const isEncrypted = label === 'ENCRYPTED PRIVATE KEY'
  if (isEncrypted && passphrase === undefined)
    return { passphrase: 'This private key is encrypted. Enter its passphrase.' }
  if (isEncrypted && rounds(pem) > mostRounds) return { privateKeyStr: tooSlow }
  const key = open(pem, passphrase)
  if (key === undefined) return isEncrypted ? { passphrase: wrongPassphrase } : { privateKeyStr: damaged }
  if (key.asymmetricKeyType !== 'rsa') return { privateKeyStr: 'This key is not RSA. Snowflake takes RSA keys only.' }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits >= 2_048) return {}
  return {
    privateKeyStr: `This key has ${bits} bits. Make one of at least 2048, and set its public half in Snowflake.`,
  }
}

const wrongPassphrase = 'This passphrase does not open the private key. Check both.'
const damaged = 'This private key cannot be read. Paste all of it, from "-----BEGIN" to the last "-----".'
const tooSlow = 'This key is encrypted with more rounds than can be computed here. Encrypt it with at most 600,000.'

function notPkcs8(pem: string): string {
  if (pem.includes('BEGIN OPENSSH')) return `This is a key of OpenSSH. ${convert}`
  if (/BEGIN (?:RSA|EC|DSA) PRIVATE KEY/.test(pem)) return `This key is not in PKCS#8. ${convert}`
  if (/BEGIN (?:RSA )?PUBLIC KEY/.test(pem)) return 'This is the public half. Paste the private key.'
  return 'This is not a PEM private key. Paste all of it, from "-----BEGIN" to the last "-----".'
}

const convert = 'Convert it with "openssl pkcs8 -topk8 -in OLD -out NEW", and use the new one.'

function open(pem: string, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch {
    return undefined
  }
}

/** Opening a key computes its rounds at once, in the process that serves everyone: about half a second for so many. */
const mostRounds = 600_000

/**
 * Returns the largest number among the parameters of an encrypted key: the rounds of PBKDF2 or its like. They stand before
 * the encrypted part, which is an octet string at the outermost level.
 */
function rounds(pem: string): number {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
  const outer = element(der, 0)
  const algorithm = outer === undefined ? undefined : element(der, outer.start)
  return algorithm === undefined ? 0 : largestNumber(der, algorithm)
}

type Element = { readonly tag: number; readonly start: number; readonly end: number }

/** Reads the header of one DER element; undefined where there is none. */
function element(der: Buffer, at: number): Element | undefined {
  const [tag, first] = [der[at], der[at + 1]]
  if (tag === undefined || first === undefined) return undefined
  const bytes = first < 0x80 ? 0 : first & 0x7f
  if (bytes > 4 || at + 2 + bytes > der.length) return undefined
  const length = bytes === 0 ? first & 0x7f : der.readUIntBE(at + 2, bytes)
  const start = at + 2 + bytes
  return { tag, start, end: Math.min(der.length, start + length) }
}

function largestNumber(der: Buffer, inside: Element): number {
  let largest = 0
  for (let at = inside.start; at < inside.end; ) {
    const one = element(der, at)
    if (one === undefined) return Number.POSITIVE_INFINITY
    if (one.tag === 0x30) largest = Math.max(largest, largestNumber(der, one))
    if (one.tag === 0x02) largest = Math.max(largest, numberOf(der.subarray(one.start, one.end)))
    at = one.end
  }
  return largest
}

function numberOf(bytes: Buffer): number {
  return bytes.length > 6 ? Number.POSITIVE_INFINITY : bytes.length === 0 ? 0 : bytes.readUIntBE(0, bytes.length)
}
