import fc from 'fast-check'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import type { AppEnv } from './app-context.ts'
import { type FormFields, readForm } from './form.ts'
import { safeNext } from './next.ts'
import { RequestRefused } from './request-refused.ts'

/** Reads a body as a route would. */
async function read(body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): Promise<FormFields> {
  let result: FormFields | undefined
  let failure: unknown
  const app = new Hono<AppEnv>()
  app.post('/', async (c) => {
    result = await readForm(c)
    return c.body(null)
  })
  app.onError((error, c) => {
    failure = error
    return c.body(null)
  })
  await app.request('/', { method: 'POST', body, headers })
  if (result === undefined) throw failure
  return result
}

describe('A form', () => {
  test('sent either way, gives the texts, the boxes and every value of a name', async () => {
    const pairs: [string, string][] = [
      ['name', ' Ada '],
      ['table', 'a'],
      ['table', 'b'],
      ['on', 'on'],
      ['blank', ''],
    ]
    const multipart = new FormData()
    for (const [name, value] of pairs) multipart.append(name, value)
    for (const fields of [await read(new URLSearchParams(pairs)), await read(multipart)]) {
      expect([fields.text('name'), fields.text('missing')]).toEqual([' Ada ', ''])
      expect([fields.all('table'), fields.all('missing'), fields.text('table')]).toEqual([['a', 'b'], [], 'b'])
      expect([fields.checked('on'), fields.checked('blank'), fields.checked('missing')]).toEqual([true, false, false])
      expect([fields.has('blank'), fields.has('missing')]).toEqual([true, false])
    }
  })

  test('with a secret, gives its exact bytes, and nothing where it is blank or missing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (text) => {
        const fields = await read(new URLSearchParams({ secret: text }))
        expect(fields.secret('secret')?.expose().equals(Buffer.from(text, 'utf8'))).toBe(true)
      }),
    )
    const fields = await read(new URLSearchParams({ secret: '' }))
    expect([fields.secret('secret'), fields.secret('missing')]).toEqual([undefined, undefined])
  })

  test('with names of object members, is no trap', async () => {
    const fields = await read(new URLSearchParams({ __proto__: 'x', constructor: 'y' }))
    expect([fields.text('constructor'), fields.text('toString'), fields.text('hasOwnProperty')]).toEqual(['y', '', ''])
  })

  test('with a file, gives its exact text apart from the fields, and no text where it is none', async () => {
    const multipart = new FormData()
    const file = (name: string, ...parts: (string | Buffer<ArrayBuffer>)[]) =>
      multipart.append(name, new Blob(parts), name && 'key.pem')
    file('key', '\ufeff a\r\n\u0000é\n ')
    file('large', 'x'.repeat(65_537))
    file('binary', Buffer.from([0xff, 0xfe, 0x00]))
    file('empty')
    multipart.append('none', new File([], ''))
    const fields = await read(multipart)
    expect(fields.has('key')).toBe(false)
    expect(fields.file('key')).toEqual({ ok: true, text: '\ufeff a\r\n\u0000é\n ' })
    for (const name of ['large', 'binary', 'empty']) expect(fields.file(name), name).toMatchObject({ ok: false })
    expect([fields.file('none'), fields.file('missing')]).toEqual([undefined, undefined])
  })

  test('that is none, or cannot be read, or has too many fields, is refused', async () => {
    const refused = async (body: NonNullable<RequestInit['body']>, type: string) => {
      const error = await read(body, { 'Content-Type': type }).catch((thrown: unknown) => thrown)
      return error instanceof RequestRefused ? error.status : 0
    }
    expect(await refused('{}', 'application/json')).toBe(415)
    expect(await refused('x', 'multipart/form-data')).toBe(400)
    expect(await refused('a=1&'.repeat(3_000), 'application/x-www-form-urlencoded')).toBe(400)
  })
})

describe('Where signing in leads', () => {
  test('whatever was asked for, is an address on this host as a browser reads it', () => {
    const origin = 'https://keys.example.com'
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      ':',
      '@',
      '//',
      'evil.example',
      '%2f',
      '%5c',
      '\t',
      '\n',
      '?',
      '#',
      'a',
      'http:',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((pieces) => `/${pieces.join('')}`),
          fc.webUrl(),
          fc.string(),
        ),
        (text) => {
          const next = safeNext(text)
          if (next === undefined) return
          expect(new URL(next, origin).origin).toBe(origin)
          expect(next.startsWith('//')).toBe(false)
        },
      ),
    )
  })

  test('an ordinary page with its query, is kept', () => {
    expect(safeNext('/credentials?q=a%20b&sort=name')).toBe('/credentials?q=a%20b&sort=name')
    expect([safeNext('/login?next=/x'), safeNext('/logout'), safeNext('/'), safeNext(undefined)]).toEqual(
      Array(4).fill(undefined),
    )
  })
})
