import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../testing/app.ts'
import { pathOf } from '../testing/every-route.ts'
import { textOf } from '../testing/html.ts'

let app: TestApp

beforeAll(async () => {
  app = await testApp()
})
afterAll(() => app.close())

test('Every page, asked for as a fragment, is the main of its document', async () => {
  const client = await app.signInAs(app.root)
  for (const route of app.app.table.filter(({ method, path }) => method === 'GET' && !path.includes(':'))) {
    const document = await client.get(pathOf(route))
    const fragment = await client.fragment(pathOf(route))
    expect(fragment.status, route.path).toBe(document.status)
    if (!document.headers.get('Content-Type')?.startsWith('text/html') || document.location !== null) continue
    expect(document.text, route.path).toMatch(/^<!doctype html>/)
    expect(document.text.match(/<title>/g), route.path).toHaveLength(1)
    expect(document.html.querySelectorAll('h1'), route.path).toHaveLength(1)
    expect(document.html.querySelector('head title'), route.path).not.toBeNull()
    const main = document.html.querySelector('main')?.innerHTML ?? 'no main'
    for (const title of fragment.html.querySelectorAll('title')) title.remove()
    for (const partial of fragment.html.querySelectorAll('hx-partial')) partial.remove()
    expect(fragment.html.body.innerHTML, route.path).toBe(main)
    expect(fragment.headers.get('Vary'), route.path).toContain('HX-Request-Type')
    expect(fragment.headers.get('Cache-Control'), route.path).toBe('no-store')
  }
})

test('A flash, after a redirect, is shown once and is never more than a key in the cookie', async () => {
  const client = await app.signInAs(app.root)
  await client.post('/admin/features', { intent: 'switch', enabled: 'on' })
  expect(client.cookies.get('keyward-flash')).toBe('feature-on')
  expect(textOf((await client.get('/admin/features')).html, '#flash')).toBe('Stored credentials are on.')
  expect(textOf((await client.get('/admin/features')).html, '#flash')).toBe('')
})

test('A flash, forged with another text, is not shown', async () => {
  const client = await app.signInAs(app.root)
  for (const forged of ['<b>x</b>', 'toString', '__proto__', 'constructor']) {
    client.cookies.set('keyward-flash', forged)
    const page = await client.get('/admin/features')
    expect([page.status, textOf(page.html, '#flash')]).toEqual([200, ''])
  }
})

test('The warning of an unencrypted connection, is shown over the network and not on this machine', async () => {
  const lan = await app.client('192.168.1.9').get('/login', { headers: { Host: '192.168.1.20:3000' } })
  expect(textOf(lan.html, '.insecure')).toContain('This connection is not encrypted')
  expect((await app.client().get('/login')).html.querySelector('.insecure')).toBeNull()
})
