import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../app.tsx'
import { createLog } from '../log.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import type { Answer } from '../testing/client.ts'
import { createClient } from '../testing/client.ts'
import { pathOf } from '../testing/every-route.ts'
import { loadAssets } from './assets.ts'
import { Routes } from './routing.ts'

let plain: TestApp
let https: TestApp

beforeAll(async () => {
  plain = await testApp()
  https = await testApp({ origin: 'https://keys.example.com' })
})
afterAll(async () => {
  await plain.close()
  await https.close()
})

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

function expectHeaders(answer: Answer, name: string): void {
  const header = (header: string) => answer.headers.get(header)
  expect(header('Content-Security-Policy'), name).toBe(policy)
  expect(header('X-Content-Type-Options'), name).toBe('nosniff')
  expect(header('Referrer-Policy'), name).toBe('same-origin')
  expect(header('Cross-Origin-Opener-Policy'), name).toBe('same-origin')
  expect(header('Cross-Origin-Resource-Policy'), name).toBe('same-origin')
  expect(header('X-Request-Id'), name).toMatch(/^[0-9a-f-]{36}$/)
  expect(header('Server') ?? header('X-Powered-By'), name).toBeNull()
  expect(header('Cache-Control'), name).toMatch(/^no-store$|^public, max-age=31536000, immutable$/)
}

test('W3 every route, signed in and signed out, sends the headers', async () => {
  for (const client of [plain.client(), await plain.signInAs(plain.root)]) {
    for (const route of plain.app.table) {
      const path = pathOf(route)
      const answer = await (route.method === 'GET' ? client.get(path) : client.post(path))
      expectHeaders(answer, `${route.method} ${route.path}`)
      expect(answer.status, `${route.method} ${route.path}`).toBeLessThan(500)
      // Signing out is among them.
      if (route.path === '/logout')
        await client.post('/login', { email: plain.root.email, password: 'quartz lantern mosaic 7' })
    }
  }
})

test('W3 every error, sends the headers', async () => {
  const client = plain.client()
  const large = 'x'.repeat(100_000)
  const errors: readonly [number, Promise<Answer>][] = [
    [404, client.get('/nothing')],
    [404, client.get('/assets/app.nothing.css')],
    [405, client.send('/login', { method: 'PUT', headers: { Origin: 'http://localhost' } })],
    [405, client.send('/login', { method: 'OPTIONS' })],
    [403, client.post('/login', {}, { headers: { Origin: 'https://evil.example' } })],
    [413, client.post('/login', { email: large })],
    [415, client.post('/login', {}, { headers: { 'Content-Type': 'application/json' } })],
    [400, client.post('/login', {}, { headers: { 'Content-Type': 'multipart/form-data; boundary=x' } })],
    [421, client.get('/login', { headers: { Host: 'evil.example' } })],
  ]
  for (const [status, asked] of errors) {
    const answer = await asked
    expect(answer.status).toBe(status)
    expectHeaders(answer, String(status))
  }
})

test('W3 static files, are cached for ever and never sniffed', async () => {
  const page = await plain.client().get('/login')
  const style = page.html.querySelector('link[rel=stylesheet]')?.getAttribute('href') ?? ''
  const answer = await plain.client().get(style)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable')
  expectHeaders(answer, style)
})

test('W3 HSTS, goes out over HTTPS and not over plain HTTP', async () => {
  expect((await https.client().get('/login')).headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
  expect((await https.client().get('/nothing')).headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
  expect((await plain.client().get('/login')).headers.get('Strict-Transport-Security')).toBeNull()
})

test('W3 a bug, answers 500 with the headers, its request id and nothing of the error, and is logged once', async () => {
  const lines: string[] = []
  const routes = new Routes()
  routes.get('/bug', 'anyone', () => {
    throw new Error('password hunter2 is wrong', { cause: new Error('select * from secrets') })
  })
  const log = createLog({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
  const assets = loadAssets()
  const sessions = { read: async () => null }
  const app = createApp({
    origin: null,
    assets,
    log,
    sessions,
    routes: [routes],
    recordRefusal: async () => {},
  })
  const answer = await createClient(app).get('/bug')
  expect(answer.status).toBe(500)
  expectHeaders(answer, '/bug')
  expect(answer.text).toContain(answer.headers.get('X-Request-Id') ?? 'missing')
  expect(`${answer.text}${lines.join('')}`).not.toMatch(/hunter2|select/)
  expect(lines.filter((line) => line.includes('request failed'))).toHaveLength(1)
  const partial = await createClient(app).fragment('/bug')
  expect([partial.status, partial.headers.get('HX-Retarget')]).toEqual([500, '#flash'])
})

test('The log, of a request with a query and a typed path, has the route and neither', async () => {
  await plain.client().get('/login?next=/hunter2')
  await plain.client().get('/hunter2')
  expect(plain.logged.join('')).not.toContain('hunter2')
  expect(plain.logged.join('')).toContain('"route":"/login"')
})
