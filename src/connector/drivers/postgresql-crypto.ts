import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

// What `pg` computes with when it signs in, in place of its own module of the same functions (src/build.mjs). That one asks
// Web Crypto for each of seven steps, which takes as many trips to other threads, and loading it most of a cold sign-in's
// authentication. A worker has nothing else to do meanwhile, and the number of rounds is bounded where `pg` is told so.

export { randomBytes }

/** Returns what SCRAM-SHA-256 makes of a password: 32 bytes. */
export function deriveKey(password: string, salt: Uint8Array, iterations: number): Buffer {
  return pbkdf2Sync(password, salt, iterations, 32, 'sha256')
}

/** Returns the 32 bytes of an HMAC of a text. */
export function hmacSha256(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Returns the 32 bytes of a digest. */
export function sha256(bytes: Uint8Array): Buffer {
  return hashByName('SHA-256', bytes)
}

/** Returns a digest by the name that Web Crypto has for it, for channel binding. */
export function hashByName(name: string, bytes: Uint8Array): Buffer {
  return createHash(name).update(bytes).digest()
}

/** Returns a digest as hexadecimal digits. */
export function md5(data: string | Uint8Array): string {
  return createHash('md5').update(data).digest('hex')
}

/** Returns the answer to a server that asks for an MD5 with its four bytes of salt. */
export function postgresMd5PasswordHash(user: string, password: string, salt: Uint8Array): string {
  return `md5${md5(Buffer.concat([Buffer.from(md5(password + user)), salt]))}`
}
