import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { auditEntries } from '../../db/schema/audit.ts'
import { throttles, users } from '../../db/schema/organizations.ts'
import { testPassword } from '../../testing/actors.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let https: TestApp

beforeAll(async () => {
  app = await testApp()
  https = await testApp({ origin: 'https://keys.example.com' })
})
afterAll(async () => {
  await app.close()
  await https.close()
})
beforeEach(async () => {
  await app.db.delete(throttles)
})

function signIn(client: Client, email: string, password = testPassword, query = '') {
  return client.post(`/login${query}`, { email, password })
}

test('The sign-in page, signed out, has its labels and a button', async () => {
  const { html } = await app.client().get('/login')
  expect(textsOf(html, 'main label')).toEqual(['E-mail', 'Password'])
  expect(textsOf(html, 'main button')).toEqual(['Sign in'])
  expect(html.querySelector('input[type=password]')?.hasAttribute('value')).toBe(false)
})

test('Signing in, with the e-mail in another case and Unicode form, works', async () => {
  const shouted = app.ada.email.toUpperCase().replace('ADA', 'ＡＤＡ')
  expect((await signIn(app.client(), ` ${shouted} `)).status).toBe(303)
})

test('Signing in, with an address to go on to, leads there and never off this site', async () => {
  const next = async (to: string) =>
    (await signIn(app.client(), app.ada.email, testPassword, `?next=${encodeURIComponent(to)}`)).location
  expect(await next('/credentials?q=a')).toBe('/credentials?q=a')
  const elsewhere = [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/%09/evil.example/..//x',
    '/\t/evil',
    'javascript:1',
  ]
  for (const to of [...elsewhere, '/.//evil.example', '/login', '/logout', '/x\r\nSet-Cookie: a=b']) {
    const location = await next(to)
    expect(new URL(location ?? '', 'http://localhost').host, to).toBe('localhost')
    expect(location, to).not.toMatch(/^\/\/|evil\.example$|\r|\n/)
  }
})

test('A2 cookie, over plain HTTP, works and is hidden from scripts and other sites', async () => {
  const answer = await signIn(app.client(), app.ada.email)
  const [cookie = ''] = answer.headers.getSetCookie()
  expect(cookie).toMatch(/^keyward-session=[a-z0-9]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/)
})

test('A2 cookie, over HTTPS, is bound to the host', async () => {
  const answer = await signIn(https.client(), https.ada.email)
  const [cookie = ''] = answer.headers.getSetCookie()
  expect(cookie).toMatch(/^__Host-keyward-session=[a-z0-9]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/)
})

test('A3 unknown, wrong and disabled accounts, get the same answer', async () => {
  await app.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, app.ben.id))
  const unknown = await signIn(app.client(), 'nobody@example.com')
  const wrong = await signIn(app.client(), app.ada.email, 'quartz lantern mosaic 8')
  const disabled = await signIn(app.client(), app.ben.email)
  await app.db.update(users).set({ disabledAt: null }).where(eq(users.id, app.ben.id))
  const blank = (text: string) => text.replace(/value="[^"]*@[^"]*"/, 'value=""')
  for (const answer of [unknown, wrong, disabled]) {
    expect(answer.status).toBe(422)
    expect(blank(answer.text)).toBe(blank(unknown.text))
    expect(answer.text).not.toContain('mosaic')
  }
  expect(textOf(wrong.html, 'title')).toBe('Error: Sign in · Keyward')
  expect(textOf(wrong.html, '.error-summary li')).toContain('Check both and try again')
})

test('A3 account, after ten wrong passwords in any spelling, waits at that address and not at the owner’s', async () => {
  const attacker = app.client('203.0.113.5')
  const spellings = [
    app.ada.email,
    app.ada.email.toUpperCase(),
    ` ${app.ada.email}`,
    app.ada.email.replace('ada', 'ａda'),
  ]
  for (let attempt = 0; attempt < 10; attempt++) {
    expect((await signIn(attacker, spellings[attempt % 4] ?? '', `wrong ${attempt}`)).status).toBe(422)
  }
  const eleventh = await signIn(attacker, app.ada.email)
  expect(eleventh.status).toBe(429)
  expect(Number(eleventh.headers.get('Retry-After'))).toBeGreaterThan(800)
  expect(textOf(eleventh.html, 'main')).toContain('Too many wrong passwords. Try again in 15 minutes.')
  expect((await signIn(app.client('198.51.100.9'), app.ada.email)).status).toBe(303)
})

test('A3 address, with a hundred wrong sign-ins at any accounts, waits; a forged header does not help', async () => {
  const key = '2001:db8:1:2'
  const attacker = (last: number) => app.client(`${key}::${last.toString(16)}`)
  await signIn(attacker(1), 'first@example.com', 'wrong')
  await app.db.update(throttles).set({ failures: sql`${throttles.failures} + 98` })
  expect((await signIn(attacker(2), 'second@example.com', 'wrong')).status).toBe(422)
  const headers = { 'X-Forwarded-For': '198.51.100.77', 'X-Real-IP': '198.51.100.77' }
  const answer = await attacker(3).post('/login', { email: app.ben.email, password: testPassword }, { headers })
  expect(answer.status).toBe(429)
  expect((await signIn(app.client('2001:db8:1:3::1'), app.ben.email)).status).toBe(303)
})

test('A3 window, when it is over, starts from nothing', async () => {
  const client = app.client('203.0.113.6')
  for (let attempt = 0; attempt < 11; attempt++) await signIn(client, app.ada.email, 'wrong')
  expect((await signIn(client, app.ada.email)).status).toBe(429)
  await app.db.update(throttles).set({ windowEndsAt: sql`now() - interval '1 second'` })
  expect((await signIn(client, app.ada.email)).status).toBe(303)
})

test('A3 wrong sign-ins at the same time, do not slip through between counting and checking', async () => {
  const attempts = Array.from({ length: 30 }, () => signIn(app.client('203.0.113.7'), app.ada.email, 'wrong'))
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 422)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(20)
})

test('Signing in, right or wrong, is in the ledger without what was typed', async () => {
  await signIn(app.client('203.0.113.8'), 'hunter2@example.com', 'hunter2 hunter2')
  await signIn(app.client('203.0.113.8'), app.ada.email, 'hunter2 hunter2')
  await signIn(app.client('203.0.113.8'), app.ada.email)
  const rows = await app.db
    .select()
    .from(auditEntries)
    .where(eq(auditEntries.actorAddress, '203.0.113.8'))
    .orderBy(auditEntries.sequence)
  const seen = rows.map((row) => [row.actorKind, row.action, row.resourceId, row.outcome])
  expect(seen).toEqual([
    ['anonymous', 'session.begin', null, 'failed'],
    ['anonymous', 'session.begin', app.ada.id, 'failed'],
    ['user', 'session.begin', app.ada.id, 'allowed'],
  ])
  expect(JSON.stringify(rows) + app.logged.join('')).not.toContain('hunter2')
})

test('A password of a megabyte, is refused without being hashed', async () => {
  const answer = await signIn(app.client(), app.ada.email, 'x'.repeat(1024 * 1024))
  expect(answer.status).toBe(413)
  const some = await signIn(app.client(), app.ada.email, 'x'.repeat(60_000))
  expect(some.status).toBe(422)
})

test('The start page, signed in, leads to the credentials, or to the connections where the feature is off', async () => {
  const client = await app.signInAs(app.root)
  expect((await client.get('/')).location).toBe('/credentials')
  await client.post('/admin/features', { intent: 'switch', enabled: 'off' })
  expect((await client.get('/')).location).toBe('/connections')
  expect((await client.get('/credentials')).status).toBe(403)
  await client.post('/admin/features', { intent: 'switch', enabled: 'on' })
})
