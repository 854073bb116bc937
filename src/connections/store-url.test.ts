import { describe, expect, it } from 'vitest'
import { parseStoreUrl } from './store-url.ts'

function parsed(text: string) {
  const result = parseStoreUrl(text)
  if (!result.ok) throw new Error(result.error)
  return result
}

describe('parseStoreUrl', () => {
  it('a JDBC address becomes fields', () => {
    const result = parsed('jdbc:postgresql://db.example.com:6543/sales?sslmode=require')
    expect(result.driver).toBe('postgresql')
    expect(result.parameters).toEqual({ host: 'db.example.com', port: '6543', database: 'sales', tls: 'require' })
    expect(result.password).toBeNull()
  })

  it('credentials inside the address are taken out and decoded', () => {
    const result = parsed('postgresql://report%40er:p%2Fss%3Aword@db.example.com/sales')
    expect(result.parameters).toEqual({ host: 'db.example.com', database: 'sales' })
    expect(result.username).toBe('report@er')
    expect(result.password?.expose().toString()).toBe('p/ss:word')
    expect(JSON.stringify(result)).not.toContain('ss:word')
  })

  it('credentials among the options of a JDBC address are taken out too', () => {
    const result = parsed('jdbc:postgresql://h/db?user=ada&password=canary&ApplicationName=x')
    expect(result.username).toBe('ada')
    expect(result.password?.expose().toString()).toBe('canary')
    expect(result.parameters).toEqual({ host: 'h', database: 'db' })
    expect(result.ignored).toEqual(['applicationname'])
  })

  it('an "@" in the value of an option stays, and what may be the rest of a password is not named', () => {
    const result = parsed('jdbc:postgresql://h/db?user=ada@server&password=can@ary&canary&ssl=true')
    expect([result.username, result.password?.expose().toString()]).toEqual(['ada@server', 'can@ary'])
    expect(result.ignored).toEqual([])
  })

  it('an IPv6 host loses its brackets, a default port is left to the driver', () => {
    expect(parsed('postgres://[2001:db8::1]/x').parameters).toEqual({ host: '2001:db8::1', database: 'x' })
    expect(parsed('postgres://[2001:db8::1]:5433/x').parameters).toMatchObject({ port: '5433' })
    expect(parsed('postgresql://db.example.com:80/x').parameters).toMatchObject({ port: '80' })
  })

  it('a JDBC address without a host means localhost and says so in the field', () => {
    expect(parsed('jdbc:postgresql:sales').parameters).toEqual({ host: 'localhost', database: 'sales' })
  })

  it.each(['disable', 'require', 'verify-full', 'verify-ca', 'prefer', 'allow'])(
    'sslmode %s never becomes weaker than asked',
    (mode) => {
      const strength = ['disable', 'require', 'verify-full']
      const asked = { disable: 0, allow: 0, prefer: 0, require: 1, 'verify-ca': 2, 'verify-full': 2 }[mode] ?? 0
      const { tls } = parsed(`postgresql://h/d?sslmode=${mode}`).parameters
      expect(strength.indexOf(tls ?? '')).toBeGreaterThanOrEqual(asked)
    },
  )

  it.each([
    ['', /starts with postgresql/],
    ['mysql://h/db', /starts with postgresql/],
    ['postgresql:', /ends after its scheme/],
    ['postgresql://a:1,b:2/db', /several hosts/],
    ['postgresql://user:pw@a:1,b:2/db', /several hosts/],
    ['postgresql://h:99999/db', /could not be read/],
    ['postgresql://%zz/db', /could not be read/],
    ['postgresql://u:12/canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:12#canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:12?canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:a@12/canary@h/db', /%2F, %3F and %23/],
    ['jdbc:postgresql://u:12?x&canary@h/db?user=a', /%2F, %3F and %23/],
    ['postgresql://h/%E0%A4%A', /could not be read/],
  ])('%j is refused with the next step', (text, sentence) => {
    expect(parseStoreUrl(text)).toMatchObject({ ok: false, error: expect.stringMatching(sentence) })
  })
})
