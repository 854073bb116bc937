import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { equalBytes, gcmOpen, gcmSeal, hkdf, hmac } from './primitives.ts'

type Case = Readonly<Record<string, string>> & { readonly tcId: number; readonly size: number; readonly result: string }
type Group = { readonly keySize: number; readonly ivSize: number; readonly tagSize: number; readonly tests: Case[] }

const folder = join(packageRoot(), '../shared/vectors')
const hex = (text: string | undefined) => Buffer.from(text ?? '', 'hex')

describe('S4 Wycheproof', () => {
  it.skipIf(!here('aes_gcm'))('AES-256-GCM: each case with our sizes gives its result', () => {
    const cases = groups('aes_gcm').filter(
      ({ keySize, ivSize, tagSize }) => keySize === 256 && ivSize === 96 && tagSize === 128,
    )
    const tests = cases.flatMap((group) => group.tests)
    expect(tests.length).toBeGreaterThan(50)
    for (const test of tests) {
      const [key, iv, aad, message] = [hex(test.key), hex(test.iv), hex(test.aad), hex(test.msg)]
      const sealed = Buffer.concat([hex(test.ct), hex(test.tag)])
      const opened = gcmOpen(key, iv, aad, sealed)
      expect(opened, `case ${test.tcId}`).toEqual(test.result === 'valid' ? message : undefined)
      if (test.result === 'valid') expect(gcmSeal(key, iv, aad, message), `case ${test.tcId}`).toEqual(sealed)
    }
  })

  it.skipIf(!here('aes_gcm'))('AES-256-GCM: each case with another size of key, IV or tag is refused', () => {
    const others = groups('aes_gcm').filter(({ keySize, ivSize }) => keySize !== 256 || ivSize !== 96)
    for (const test of others.flatMap((group) => group.tests)) {
      const attempt = () =>
        gcmOpen(hex(test.key), hex(test.iv), hex(test.aad), Buffer.concat([hex(test.ct), hex(test.tag)]))
      expect(attempt, `case ${test.tcId}`).toThrow(RangeError)
    }
    const valid = groups('aes_gcm').find(({ keySize, ivSize }) => keySize === 256 && ivSize === 96)?.tests[0]
    if (valid === undefined) throw new Error('There is such a case.')
    const [key, iv, aad] = [hex(valid.key), hex(valid.iv), hex(valid.aad)]
    for (const length of [0, 4, 8, 12, 15]) {
      const short = Buffer.concat([hex(valid.ct), hex(valid.tag).subarray(0, length)])
      expect(gcmOpen(key, iv, aad, short)).toBeUndefined()
    }
  })

  it.skipIf(!here('hkdf_sha512'))(
    'HKDF-SHA-512: each valid case gives its bytes, each oversized one is refused',
    () => {
      for (const test of groups('hkdf_sha512').flatMap((group) => group.tests)) {
        const derive = () => hkdf(hex(test.ikm), hex(test.salt), hex(test.info), test.size)
        if (test.result === 'valid') expect(derive(), `case ${test.tcId}`).toEqual(hex(test.okm))
        else expect(derive, `case ${test.tcId}`).toThrow()
      }
    },
  )

  it.skipIf(!here('hmac_sha256'))('HMAC-SHA-256: each case of 256 bits is accepted or not as it should be', () => {
    for (const group of groups('hmac_sha256').filter(({ tagSize }) => tagSize === 256)) {
      for (const test of group.tests) {
        const right = equalBytes(hmac(hex(test.key), hex(test.msg)), hex(test.tag))
        expect(right, `case ${test.tcId}`).toBe(test.result === 'valid')
      }
    }
  })
})

function here(name: string): boolean {
  const found = existsSync(join(folder, `wycheproof-${name}_test.json`))
  if (!found) process.stdout.write(`Skipped: the Wycheproof vectors for ${name} are not in ../shared/vectors.\n`)
  return found
}

function groups(name: string): Group[] {
  return JSON.parse(readFileSync(join(folder, `wycheproof-${name}_test.json`), 'utf8')).testGroups
}
