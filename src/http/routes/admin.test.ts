import { and, eq, isNull } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { users } from '../../db/schema/organizations.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let admin: Client

beforeAll(async () => {
  app = await testApp({ deployment: 'self-managed' })
  admin = await app.signInAs(app.root)
})
afterAll(() => app.close())

const newUser = { email: 'new@example.com', name: 'Newcomer', role: 'member', password: 'velvet orbit harbor 91' }

test('Feature access, before anyone decided, says that off is the default', async () => {
  const { html } = await admin.get('/admin/features')
  expect(textOf(html, 'main')).toContain('Off for everyone in the organization, which is the default here.')
  expect(textsOf(html, 'main button')[0]).toBe('Switch Stored credentials on')
})

test('Feature access, switched on and off, opens and closes the credentials of everyone', async () => {
  const member = await app.signInAs(app.ada)
  expect((await member.get('/credentials')).status).toBe(403)
  expect((await admin.post('/admin/features', { intent: 'switch', enabled: 'on' })).location).toBe('/admin/features')
  expect((await member.get('/credentials')).status).toBe(200)
  await admin.post('/admin/features', { intent: 'switch', enabled: 'off' })
  expect((await member.get('/credentials')).status).toBe(403)
})

test('An exception, given and taken back, counts for its user alone', async () => {
  const [ada, ben] = [await app.signInAs(app.ada), await app.signInAs(app.ben)]
  await admin.post('/admin/features', { intent: 'exception', user: app.ada.id, enabled: 'on' })
  expect([(await ada.get('/credentials')).status, (await ben.get('/credentials')).status]).toEqual([200, 403])
  expect(textsOf((await admin.get('/admin/features')).html, 'tbody th')).toEqual(['Ada'])
  await admin.post('/admin/features', { intent: 'exception', user: app.ada.id, enabled: 'organization' })
  expect((await ada.get('/credentials')).status).toBe(403)
})

test('An exception, for someone of another organization or nobody, is a problem to mend', async () => {
  for (const user of [app.eve.id, 'nonsense', '']) {
    const answer = await admin.post('/admin/features', { intent: 'exception', user, enabled: 'on' })
    expect([answer.status, textsOf(answer.html, '.error-summary li')]).toEqual([422, ['Choose a user.']])
  }
})

test('A user, added, is listed and can sign in', async () => {
  const answer = await admin.post('/admin/users/new', newUser)
  expect([answer.status, answer.location]).toEqual([303, '/admin/users'])
  expect(textsOf((await admin.get('/admin/users')).html, 'tbody th')).toContain('Newcomer')
  expect((await app.client().post('/login', newUser)).status).toBe(303)
})

test('A user, added with a taken e-mail in another spelling or a guessable password, is not added', async () => {
  const taken = await admin.post('/admin/users/new', { ...newUser, email: ' NEW@example.com' })
  expect([taken.status, textsOf(taken.html, '.error-summary li')]).toEqual([
    422,
    ['Someone has this e-mail address already. Enter another one.'],
  ])
  expect(formValues(taken.html)).toMatchObject({ name: 'Newcomer', password: '', role: 'member' })
  const weak = await admin.post('/admin/users/new', {
    ...newUser,
    email: 'weak@example.com',
    password: 'newcomer newcomer',
  })
  expect([weak.status, textOf(weak.html, '.error-summary li')]).toEqual([422, expect.stringContaining('easy to guess')])
})

test('An administrator, disabling themselves, is kept', async () => {
  const answer = await admin.post(`/admin/users/${app.root.id}/disabling`)
  expect([answer.status, textsOf(answer.html, '.error-summary li')]).toEqual([422, ['You cannot disable yourself.']])
})

test('Two administrators, disabling each other at the same time, do not both succeed', async () => {
  await admin.post('/admin/users/new', { ...newUser, email: 'second@example.com', role: 'administrator' })
  const second = await app.users.find({ ...app.root }, 'second@example.com')
  const other = app.client()
  await other.post('/login', { email: 'second@example.com', password: newUser.password })
  const answers = await Promise.all([
    admin.post(`/admin/users/${second?.id}/disabling`),
    other.post(`/admin/users/${app.root.id}/disabling`),
  ])
  expect(answers.every(({ status }) => status < 500)).toBe(true)
  const left = await app.db
    .select()
    .from(users)
    .where(and(eq(users.role, 'administrator'), isNull(users.disabledAt)))
  expect(left).toHaveLength(1)
})
