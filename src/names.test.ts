import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldForSearch, nameKey, parseName, searchKey } from './names.ts'
import { packageRoot } from './package-root.ts'

describe('parseName', () => {
  it('an empty or blank name asks for one', () => {
    expect(parseName('  ', 'Account name')).toEqual({ ok: false, error: 'Enter an account name.' })
    expect(parseName('', 'Connection name')).toEqual({ ok: false, error: 'Enter a connection name.' })
  })

  it('a name of 100 characters is kept, one of 101 is refused', () => {
    expect(parseName('𝕏'.repeat(100), 'Account name').ok).toBe(true)
    expect(parseName('a'.repeat(101), 'Account name')).toMatchObject({
      error: expect.stringContaining('100 characters'),
    })
  })

  it('control characters, lone surrogates and invisible names are refused with the reason', () => {
    for (const name of ['a\0b', 'a\nb', '\ud800', '\u200b\u200d', '\u2060']) {
      expect(parseName(name, 'Account name').ok, JSON.stringify(name)).toBe(false)
    }
  })

  it('any name it accepts has a key that is the same for itself trimmed, upper-cased or composed differently', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
        const parsed = parseName(text, 'Account name')
        if (!parsed.ok) return
        expect(nameKey(parsed.name)).toBe(parsed.key)
        expect(nameKey(`  ${parsed.name.normalize('NFD')} `)).toBe(parsed.key)
      }),
    )
    expect(nameKey('ＲＥＰＯＲＴＩＮＧ  Ｄｂ')).toBe(nameKey('reporting db'))
  })

  it('what a search looks in has no case and no accents, and keeps name and username apart', () => {
    expect(searchKey('  École  STRASSE ', 'Zoë')).toBe('ecole strasse\nzoe')
    expect(searchKey('Straße', null)).toBe('strasse')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const folded = foldForSearch(text)
        expect(foldForSearch(folded)).toBe(folded)
        expect(foldForSearch(text.normalize('NFD'))).toBe(folded)
      }),
    )
  })

  const strings = join(packageRoot(), '../shared/vectors/blns.json')
  it.skipIf(!announced(strings))('every naughty string is either refused with a sentence or kept as it is', () => {
    for (const text of JSON.parse(readFileSync(strings, 'utf8')) as string[]) {
      const parsed = parseName(text, 'Account name')
      if (parsed.ok) expect(parsed.name).toBe(text.trim())
      else expect(parsed.error).toMatch(/\.$/)
    }
  })
})

function announced(file: string): boolean {
  if (existsSync(file)) return true
  process.stdout.write('Skipped: the list of naughty strings (../shared/vectors/blns.json) is not here.\n')
  return false
}
