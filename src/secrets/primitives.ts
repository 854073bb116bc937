import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** Bytes of every key: AES-256, HKDF output, HMAC-SHA-256. */
export const keyLength = 32
/** Bytes of a GCM initialisation vector. */
export const ivLength = 12
/** Bytes of a GCM tag. Shorter ones, which `node:crypto` would take, are refused. */
export const tagLength = 16

/** Encrypts with AES-256-GCM and returns ciphertext followed by the 16-byte tag. Throws on other sizes of key or IV. */
export function gcmSeal(key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  requireSizes(key, iv)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/**
 * Decrypts what `gcmSeal` made, or returns undefined where anything is not as it was sealed. Plaintext leaves this
 * function only after the tag was verified.
 */
export function gcmOpen(key: Buffer, iv: Buffer, aad: Buffer, sealed: Buffer): Buffer | undefined {
  requireSizes(key, iv)
  if (sealed.length < tagLength) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
  const unverified = decipher.update(sealed.subarray(0, sealed.length - tagLength))
  try {
    decipher.final()
    return unverified
  } catch {
    unverified.fill(0)
    return undefined
  }
}

/** Returns `length` bytes of HKDF-SHA-512 (RFC 5869). */
export function hkdf(key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha512', key, salt, info, length))
}

/** Returns the HMAC-SHA-256 of `message`. */
export function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

/** Compares in a time that does not depend on where the bytes differ; false where the lengths do. */
export function equalBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function requireSizes(key: Buffer, iv: Buffer): void {
  if (key.length !== keyLength) throw new RangeError(`A key has ${keyLength} bytes, not ${key.length}.`)
  if (iv.length !== ivLength) throw new RangeError(`An IV has ${ivLength} bytes, not ${iv.length}.`)
}
