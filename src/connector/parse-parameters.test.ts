import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { postgresql } from './drivers/postgresql.ts'
import { parseHost } from './host.ts'
import { parseParameters } from './parse-parameters.ts'

const good = { host: 'db.example.com', port: '5432', database: 'sales', tls: 'verify-full' }
const parse = (input: Record<string, string | undefined>) => parseParameters(postgresql.parameters, input)

describe('parameters', () => {
  test('that are right are kept, without what is blank', () => {
    expect(parse({ ...good, ca: '' })).toEqual({ ok: true, values: good })
  })

  test('lose the white space around them, and are spelled one way', () => {
    const parsed = parse({ host: ' DB.Example.com \t', port: ' 05432', database: ' sales ', tls: 'disable' })
    expect(parsed).toEqual({
      ok: true,
      values: { host: 'db.example.com', port: '5432', database: 'sales', tls: 'disable' },
    })
  })

  test('that are left out get their fallback: port 5432, verified', () => {
    expect(parse({ host: 'db', database: 'sales' })).toEqual({ ok: true, values: { ...good, host: 'db' } })
  })

  test.each([
    ['host', ''],
    ['host', '/var/run/postgresql'],
    ['host', 'a,b'],
    ['host', 'a b'],
    ['host', 'fe80::1%eth0'],
    ['host', 'postgresql://db'],
    ['host', 'db:5432'],
    ['host', '127.1'],
    ['host', '0x7f000001'],
    ['host', 'a\nb'],
    ['host', 'a\0b'],
    ['host', `${'a'.repeat(64)}.example.com`],
    ['host', 'user@db'],
    ['port', '0'],
    ['port', '65536'],
    ['port', '5432.5'],
    ['port', '-1'],
    ['port', 'abc'],
    ['database', ''],
    ['database', 'a\nb'],
    ['database', 'x'.repeat(129)],
    ['tls', 'prefer'],
    ['tls', 'VERIFY-FULL'],
    ['ca', 'hello'],
    ['ca', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['ca', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'],
    ['sslmode', 'disable'],
    ['options', '-c search_path=x'],
    ['__proto__', 'x'],
  ])('with %s "%s" are refused with a sentence at that field', (field, value) => {
    const parsed = parse(Object.fromEntries([...Object.entries(good), [field, value]]))
    if (parsed.ok) throw new Error('It was accepted.')
    expect(Object.keys(parsed.errors)).toEqual([field])
    expect(Object.values(parsed.errors)[0]).toMatch(/^[A-Z"].*\.$/)
  })

  test('that inherit a value do not have it', () => {
    expect(parse(Object.create({ host: 'db' }) as Record<string, string>).ok).toBe(false)
  })
})

describe('a host', () => {
  test.each([
    ['db', 'db'],
    ['DB_1.example.com', 'db_1.example.com'],
    ['db.example.com.', 'db.example.com.'],
    ['192.0.2.10', '192.0.2.10'],
    ['[2001:DB8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('%s is %s', (text, host) => {
    expect(parseHost(text)).toBe(host)
  })

  test('that was parsed parses to itself, and holds nothing that could be another thing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6()), (text) => {
        const host = parseHost(text)
        if (host === undefined) return
        expect(parseHost(host)).toBe(host)
        expect(host).toMatch(/^[a-z0-9_.:-]+$/)
      }),
    )
  })
})
