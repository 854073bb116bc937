import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../testing/app.ts'
import { bestEncoding } from './compression.ts'

let app: TestApp
beforeAll(async () => {
  app = await testApp()
})
afterAll(() => app.close())

describe('a page', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
  ])(
    'asked for with Accept-Encoding "%s", is sent as %s with its headers and says what it depends on',
    async (accept, encoding, decompress) => {
      const plain = await ask('/login')
      const packed = await ask('/login', accept)
      const bytes = Buffer.from(await packed.arrayBuffer())

      expect([packed.status, plain.status]).toEqual([200, 200])
      expect(packed.headers.get('Content-Encoding')).toBe(encoding)
      expect(packed.headers.get('Vary')).toBe(plain.headers.get('Vary'))
      expect(packed.headers.get('Vary')).toBe('HX-Request-Type, Accept-Encoding')
      for (const name of ['Content-Security-Policy', 'Cache-Control', 'Content-Type']) {
        expect(packed.headers.get(name)).toBe(plain.headers.get(name))
      }
      expect(decompress(bytes).toString()).toBe(await plain.text())
    },
  )

  test('of a failure, is compressed like any other', async () => {
    const answer = await ask('/nothing', 'br')
    expect(answer.status).toBe(404)
    expect(brotliDecompressSync(Buffer.from(await answer.arrayBuffer())).toString()).toContain('<!doctype html>')
  })
})

test('what is no page, asked for with any encoding, is left as it is', async () => {
  const answer = await ask('/up', 'br')
  expect(answer.headers.get('Content-Encoding')).toBeNull()
})

test.each([
  ['gzip, br', 'br'],
  ['gzip;q=0.5, br;q=0', 'gzip'],
  ['', 'identity'],
  ['deflate', 'identity'],
])('an Accept-Encoding of "%s", allows at best %s', (accepted, encoding) => {
  expect(bestEncoding(accepted)).toBe(encoding)
})

async function ask(path: string, accepted = ''): Promise<Response> {
  const headers = { Host: 'localhost', 'Accept-Encoding': accepted }
  return app.app.request(`http://localhost${path}`, { headers })
}
