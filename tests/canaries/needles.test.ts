import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodingsOf, needlesOf } from './needles.ts'

const plain = randomBytes(24).toString('base64url')
const special = `${randomBytes(9).toString('base64url')}"<&>'\\+ %é中${randomBytes(9).toString('base64url')}`
const needles = needlesOf({ plain, special })
const noise = () => randomBytes(1 + Math.floor(Math.random() * 5000))
const planted = (bytes: Buffer) => Buffer.concat([noise(), bytes, noise()])

const writings: Record<string, (text: string) => Buffer> = {
  raw: (text) => Buffer.from(text),
  'UTF-16LE': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16BE': (text) => Buffer.from(text, 'utf16le').swap16(),
  'base64 of itself': (text) => Buffer.from(Buffer.from(text).toString('base64')),
  'base64 after one byte': (text) => Buffer.from(Buffer.from(`x${text}y`).toString('base64')),
  'base64 after two bytes': (text) => Buffer.from(Buffer.from(`xx${text}yy`).toString('base64')),
  'base64url after one byte': (text) => Buffer.from(Buffer.from(`x${text}`).toString('base64url')),
  'hex in lower case': (text) => Buffer.from(Buffer.from(text).toString('hex')),
  'hex in upper case': (text) => Buffer.from(Buffer.from(text).toString('hex').toUpperCase()),
  'URL encoding': (text) => Buffer.from(encodeURIComponent(text)),
  'form encoding': (text) => Buffer.from(new URLSearchParams({ password: text }).toString()),
  JSON: (text) => Buffer.from(JSON.stringify({ password: text })),
  'a cut off beginning': (text) => Buffer.from(text).subarray(0, 24),
  'a cut off end': (text) => Buffer.from(text).subarray(-24),
}

describe('the search for canaries', () => {
  test.each(Object.entries(writings))('finds one planted as %s, and says which', (_, write) => {
    expect(needles.findIn(planted(write(plain)))).toEqual(new Set(['plain']))
    expect(needles.findIn(planted(write(special)))).toEqual(new Set(['special']))
  })

  test('finds one at the very beginning and at the very end', () => {
    expect(needles.findIn(Buffer.from(plain))).toEqual(new Set(['plain']))
    expect(needles.findIn(Buffer.concat([noise(), Buffer.from(plain)]))).toEqual(new Set(['plain']))
  })

  test('finds nothing where nothing is', () => {
    for (let round = 0; round < 200; round++) expect(needles.findIn(noise())).toEqual(new Set())
  })

  test('looks for each encoding once', () => {
    const texts = encodingsOf(plain).map((each) => each.toString('latin1'))
    expect(new Set(texts).size).toBe(texts.length)
  })
})
