import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sessions } from '../db/schema/organizations.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import type { Client } from '../testing/client.ts'

const cookie = 'keyward-session'
let app: TestApp

beforeAll(async () => {
  app = await testApp()
})
afterAll(() => app.close())

/** Whether a page for people who are signed in is shown. */
async function isSignedIn(client: Client): Promise<boolean> {
  return (await client.get('/account/password')).status === 200
}

/** The row of the client's session. */
function rowOf(client: Client) {
  return eq(
    sessions.id,
    createHash('sha256')
      .update(client.cookies.get(cookie) ?? '')
      .digest('hex'),
  )
}

test('A1 session, token searched in the whole database, is found in no encoding', async () => {
  const client = await app.signInAs(app.ada)
  const token = client.cookies.get(cookie) ?? ''
  expect(token).toMatch(/^[a-z0-9]{40}$/)
  const spellings = [
    token,
    Buffer.from(token).toString('hex'),
    Buffer.from(token).toString('base64').replace(/=+$/, ''),
  ]
  const tables = await app.db.execute<{ name: string }>(
    sql`select tablename as name from pg_tables where schemaname = 'public'`,
  )
  for (const { name } of tables.rows) {
    const { rows } = await app.db.execute<{ text: string }>(sql`select t::text as text from ${sql.identifier(name)} t`)
    const content = rows.map(({ text }) => text).join('\n')
    for (const spelling of spellings) expect(content.includes(spelling), `${name} holds the token`).toBe(false)
  }
  expect(app.logged.join('\n')).not.toContain(token)
})

test('A1 session, the stored hash sent as cookie, is not a session', async () => {
  const client = await app.signInAs(app.ada)
  const [row] = await app.db.select().from(sessions).where(rowOf(client))
  const thief = app.client()
  thief.cookies.set(cookie, row?.id ?? 'missing')
  expect(row).toBeDefined()
  expect(await isSignedIn(client)).toBe(true)
  expect(await isSignedIn(thief)).toBe(false)
})

test('A1 session, at sign-in and re-authentication, gets a new token and the old one is dead', async () => {
  const client = await app.signInAs(app.ben)
  const first = client.cookies.get(cookie)
  await client.post('/login', { email: app.ben.email, password: 'quartz lantern mosaic 7' })
  const second = client.cookies.get(cookie)
  expect(second).not.toBe(first)
  // A wrong new password comes after the right current one: the session is renewed all the same.
  await client.post('/account/password', { 'current-password': 'quartz lantern mosaic 7', 'new-password': 'short' })
  const third = client.cookies.get(cookie)
  expect(third).not.toBe(second)
  expect(await isSignedIn(client)).toBe(true)
  const old = app.client()
  old.cookies.set(cookie, second ?? '')
  expect(await isSignedIn(old)).toBe(false)
  old.cookies.set(cookie, first ?? '')
  expect(await isSignedIn(old)).toBe(false)
})

test('A1 session, idle for an hour, is over; used before that, goes on', async () => {
  const client = await app.signInAs(app.ada)
  await app.db.update(sessions).set({ expiresAt: sql`now() + interval '1 minute'` }).where(rowOf(client))
  expect(await isSignedIn(client)).toBe(true)
  const [row] = await app.db
    .select({ left: sql<number>`extract(epoch from expires_at - now())::int` })
    .from(sessions)
    .where(rowOf(client))
  expect(row?.left).toBeGreaterThan(59 * 60)
  await app.db.update(sessions).set({ expiresAt: sql`now() - interval '1 second'` }).where(rowOf(client))
  expect(await isSignedIn(client)).toBe(false)
})

test('A1 session, twelve hours old, is over however much it was used', async () => {
  const client = await app.signInAs(app.ada)
  const [row] = await app.db
    .select({ left: sql<number>`extract(epoch from ends_at - now())::int` })
    .from(sessions)
    .where(rowOf(client))
  expect(row?.left).toBeLessThanOrEqual(12 * 3600)
  expect(row?.left).toBeGreaterThan(12 * 3600 - 60)
  await app.db
    .update(sessions)
    .set({ endsAt: sql`now() + interval '5 minutes'`, expiresAt: sql`now() + interval '1 minute'` })
    .where(rowOf(client))
  expect(await isSignedIn(client)).toBe(true)
  const [slid] = await app.db.select({ same: sql<boolean>`expires_at <= ends_at` }).from(sessions).where(rowOf(client))
  expect(slid?.same).toBe(true)
  await app.db.update(sessions).set({ endsAt: sql`now() - interval '1 second'` }).where(rowOf(client))
  expect(await isSignedIn(client)).toBe(false)
})

test('A session, used twice within a minute, is written once', async () => {
  const client = await app.signInAs(app.ada)
  const [before] = await app.db.select().from(sessions).where(rowOf(client))
  await client.get('/account/password')
  const [after] = await app.db.select().from(sessions).where(rowOf(client))
  expect(after).toEqual(before)
})

test('Signing out, with the cookie kept by a thief, ends the session on the server', async () => {
  const client = await app.signInAs(app.ada)
  const thief = app.client()
  thief.cookies.set(cookie, client.cookies.get(cookie) ?? '')
  const answer = await client.post('/logout')
  expect(answer.location).toBe('/login')
  expect(client.cookies.has(cookie)).toBe(false)
  expect(await isSignedIn(thief)).toBe(false)
})

test('A5 password changed by its owner, ends the other sessions and keeps this one', async () => {
  const here = await app.signInAs(app.eve)
  const there = await app.signInAs(app.eve)
  const form = { 'current-password': 'quartz lantern mosaic 7', 'new-password': 'velvet orbit harbor 91' }
  expect((await here.post('/account/password', form)).status).toBe(303)
  expect(await isSignedIn(here)).toBe(true)
  expect(await isSignedIn(there)).toBe(false)
  const again = app.client()
  expect((await again.post('/login', { email: app.eve.email, password: 'quartz lantern mosaic 7' })).status).toBe(422)
  expect((await again.post('/login', { email: app.eve.email, password: 'velvet orbit harbor 91' })).status).toBe(303)
})

test('A5 user disabled by an administrator, is signed out everywhere and cannot sign in', async () => {
  const client = await app.signInAs(app.ben)
  const admin = await app.signInAs(app.root)
  expect((await admin.post(`/admin/users/${app.ben.id}/disabling`)).status).toBe(303)
  expect(await isSignedIn(client)).toBe(false)
  await expect(app.signInAs(app.ben)).rejects.toThrow('422')
  expect((await admin.post(`/admin/users/${app.ben.id}/enabling`)).status).toBe(303)
  expect(await isSignedIn(await app.signInAs(app.ben))).toBe(true)
})

test('Sessions that are over, swept, are gone; the others stay', async () => {
  const [over, alive] = [await app.signInAs(app.ada), await app.signInAs(app.ada)]
  await app.db.update(sessions).set({ expiresAt: sql`now() - interval '1 second'` }).where(rowOf(over))
  await app.sessions.sweep()
  expect(await app.db.select().from(sessions).where(rowOf(over))).toHaveLength(0)
  expect(await app.db.select().from(sessions).where(rowOf(alive))).toHaveLength(1)
})
