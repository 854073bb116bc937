import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import * as ours from './postgresql-crypto.ts'

/** The module of the library that the worker has ours in place of. */
const theirs = createRequire(import.meta.url)('pg/lib/crypto/utils') as typeof ours

const bytes = Buffer.from('01234567')

test('What stands in for the module of the library has all of its functions', () => {
  expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
  expect(ours.randomBytes(18)).toHaveLength(18)
  expect(ours.randomBytes(18)).not.toEqual(ours.randomBytes(18))
})

test.each([
  ['a derived key', (by: typeof ours) => by.deriveKey('pässword', bytes, 4_096)],
  ['an HMAC', (by: typeof ours) => by.hmacSha256(bytes, 'n=*,r=ä')],
  ['a digest', (by: typeof ours) => by.sha256(bytes)],
  ...['SHA-256', 'SHA-384', 'SHA-512'].map(
    (name) => [`a digest by ${name}`, (by: typeof ours) => by.hashByName(name, bytes)] as const,
  ),
] as const)('What stands in for the module of the library computes the same as %s', async (_what, compute) => {
  expect(Buffer.from(await compute(ours))).toEqual(Buffer.from(await compute(theirs)))
})

test('What stands in for the module of the library computes the same MD5', async () => {
  expect(ours.md5('pässword')).toBe(await theirs.md5('pässword'))
  const both = [ours, theirs].map((by) => by.postgresMd5PasswordHash('ada', 'pässword', bytes.subarray(0, 4)))
  expect(both[0]).toBe(await both[1])
})
