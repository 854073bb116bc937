import fc from 'fast-check'
import { expect, test } from 'vitest'
import { detailCharacters, foldDetail } from './detail.ts'

test('what a target said loses control characters, escapes and the secret', () => {
  expect(foldDetail('\x1b[31mbad\r\npass\u202eword: s\x00ecret!', ['secret'])).toBe('[31mbad password: [secret]!')
})

test('what a target said is cut at 500 characters, after the secret was taken out', () => {
  const folded = foldDetail(`${'x'.repeat(495)}secret${'y'.repeat(1_000)}`, ['secret']) ?? ''
  expect(folded).toHaveLength(detailCharacters)
  expect(folded).not.toContain('secr')
})

test('nothing said is null', () => {
  expect(foldDetail(undefined, ['s'])).toBeNull()
  expect(foldDetail('\x00\n', ['s'])).toBeNull()
})

test('of two secrets the longer one goes first', () => {
  expect(foldDetail('it was abcdef', ['abc', 'abcdef'])).toBe('it was [secret]')
})

test('no text gives a secret away, wherever it is and whatever stands between its letters', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{8,30}$/)
  const between = fc.constantFrom('', '\x00', '\u200b', '\x1b')
  fc.assert(
    fc.property(fc.string({ maxLength: 600 }), secret, between, fc.string(), (before, word, gap, after) => {
      expect(foldDetail(before + word.split('').join(gap) + after, [word]) ?? '').not.toContain(word)
    }),
  )
})

test('what is too long is not cut between the halves of a character', () => {
  for (const start of ['', 'a']) {
    const folded = foldDetail(`${start}${'😀'.repeat(600)}`, []) ?? ''
    expect([folded.isWellFormed(), folded.length <= detailCharacters]).toEqual([true, true])
  }
})
