import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { transform } from 'esbuild'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { type AssetName, loadAssets } from './assets.ts'

const assets = loadAssets()
const app = new Hono().get('/assets/:name', (c) => assets.serveAsset(c))
const names: readonly AssetName[] = ['app.css', 'app.js', 'htmx.js', 'icon.svg']

describe('serveAsset', () => {
  test.each(names)('%s by its address, is cached forever and never sniffed', async (name) => {
    const response = await app.request(assets.url(name))
    expect(response.status).toBe(200)
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(response.headers.get('Content-Type')).toMatch(/^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/)
    expect(response.headers.get('Content-Encoding')).toBeNull()
  })

  test.each(names)('%s asked for compressed, has the same content in brotli, in gzip and as it is', async (name) => {
    const plain = await get(name, 'identity')
    const brotli = await get(name, 'gzip, deflate, br, zstd')
    const gzip = await get(name, 'br;q=0, gzip')
    expect([plain.encoding, brotli.encoding, gzip.encoding]).toEqual([null, 'br', 'gzip'])
    expect(brotliDecompressSync(brotli.body)).toEqual(plain.body)
    expect(gunzipSync(gzip.body)).toEqual(plain.body)
    expect(new Set([plain.etag, brotli.etag, gzip.etag]).size).toBe(3)
  })

  test.each(['app.css', 'app.js'] as const)(
    '%s goes without its comments, and with every rule and statement',
    async (name) => {
      const sent = (await get(name, 'identity')).body.toString()
      const kept = readFileSync(join(packageRoot(), 'public', name), 'utf8')
      expect(kept).toMatch(/^\s*\/[/*]/m)
      expect(sent).not.toMatch(/^\s*\/[/*]/m)
      expect(Buffer.byteLength(sent)).toBeLessThan(Buffer.byteLength(kept))
      const { code } = await transform(kept, { loader: name === 'app.css' ? 'css' : 'js', minifyWhitespace: true })
      expect((await transform(sent, { loader: name === 'app.css' ? 'css' : 'js', minifyWhitespace: true })).code).toBe(
        code,
      )
    },
  )

  test('asked again with its ETag, answers 304 without a body', async () => {
    const { etag } = await get('app.css', 'br')
    const headers = { 'Accept-Encoding': 'br', 'If-None-Match': `"other", W/${etag}` }
    const response = await app.request(assets.url('app.css'), { headers })
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
  })

  test.each(['app.css', 'app.000000000000.css', '..%2fpackage.json', '__proto__', '%E0%A4%A'])(
    'another name, %s, is 404',
    async (name) => {
      const response = await app.request(`/assets/${name}`)
      expect(response.status).toBe(404)
      expect(response.headers.get('Cache-Control')).toBeNull()
    },
  )

  test('all files together, compressed, leave room for a page in 30 KB', async () => {
    const sizes = await Promise.all(names.map(async (name) => (await get(name, 'br')).body.length))
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(24 * 1024)
  })

  test('the script, without help from others, is small', async () => {
    const { body } = await get('app.js', 'identity')
    expect(body.length).toBeLessThan(9 * 1024)
    expect(gzipSync(body).length).toBeLessThan(3 * 1024)
    expect(body.toString()).not.toMatch(/\b(eval|innerHTML|outerHTML|insertAdjacentHTML|document\.write|import)\b/)
  })
})

async function get(name: AssetName, accepted: string) {
  const response = await app.request(assets.url(name), { headers: { 'Accept-Encoding': accepted } })
  return {
    encoding: response.headers.get('Content-Encoding'),
    etag: response.headers.get('ETag'),
    body: Buffer.from(await response.arrayBuffer()),
  }
}
