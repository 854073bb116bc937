import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UserActor } from '../../access/actor.ts'
import { auditEntries } from '../../db/schema/audit.ts'
import { organizations, sessions, setupTokens, users } from '../../db/schema/organizations.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let token: string
const samples: UserActor[] = []
let sampleFails = false

/** The app as it is before anybody has an account. */
beforeEach(async () => {
  samples.length = 0
  sampleFails = false
  app = await testApp({
    deployment: 'self-managed',
    addSample: async (actor) => {
      if (sampleFails) throw new Error('no room')
      samples.push(actor)
    },
  })
  await app.db.delete(users)
  await app.db.delete(organizations)
  token = (await app.setup.newToken()) ?? ''
})
afterEach(() => app.close())

const form = {
  email: 'Grace@Example.com',
  name: 'Grace',
  password: 'velvet orbit harbor 91',
  organization: 'Navy',
  'stored-credentials': 'on',
}
const address = () => `/setup?token=${token}`

test('The start page, before the first run, says where the setup address is', async () => {
  const client = app.client()
  expect(textOf((await client.get('/')).html, 'h1')).toBe('Keyward is not set up yet')
  expect((await client.get('/login')).location).toBe('/')
})

test('The setup page, with the token, asks for all of it and has Stored credentials off', async () => {
  const { html } = await app.client().get(address())
  const labels = textsOf(html, 'main label')
  expect(labels).toEqual(['E-mail', 'Name', 'Password', 'Organization name', 'Stored credentials', 'Add the sample'])
  expect(formValues(html)).toEqual({ email: '', name: '', password: '', organization: '' })
  expect(html.querySelector('main form')?.getAttribute('action')).toBe(address())
})

test('The setup, sent, makes organization, administrator and feature in one go and signs in', async () => {
  const client = app.client()
  const answer = await client.post(address(), form)
  expect([answer.status, answer.location]).toEqual([303, '/'])
  expect((await client.get('/')).location).toBe('/credentials')
  expect(textOf((await client.get('/credentials')).html, '#flash')).toBe('Keyward is ready.')
  const [user] = await app.db.select().from(users)
  expect(user).toMatchObject({
    email: 'Grace@Example.com',
    emailKey: 'grace@example.com',
    name: 'Grace',
    role: 'administrator',
  })
  expect(user?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  const entries = await app.db.select().from(auditEntries).orderBy(auditEntries.sequence)
  const last = entries.slice(-2).map(({ actorKind, action, outcome }) => [actorKind, action, outcome])
  expect(last).toEqual([
    ['system', 'organization.create', 'allowed'],
    ['user', 'session.begin', 'allowed'],
  ])
  expect(samples).toEqual([])
})

test('The setup address, used, says so and makes nothing more', async () => {
  await app.client().post(address(), form)
  const again = await app.client().get(address())
  expect([again.status, textOf(again.html, 'h1')]).toEqual([410, 'This setup address was used'])
  const posted = await app.client().post(address(), { ...form, email: 'mallory@example.com' })
  expect(posted.status).toBe(410)
  expect(await app.db.select().from(users)).toHaveLength(1)
  expect(await app.setup.newToken()).toBeNull()
})

test('The setup address, sent twice at the same time, makes one organization', async () => {
  const answers = await Promise.all(
    [1, 2, 3].map((number) => app.client().post(address(), { ...form, email: `g${number}@x.org` })),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 410, 410])
  expect(await app.db.select().from(organizations)).toHaveLength(1)
})

test('The setup, with a wrong token or an older one, answers 404', async () => {
  const older = address()
  token = (await app.setup.newToken()) ?? ''
  for (const path of ['/setup', '/setup?token=', '/setup?token=wrong', older]) {
    expect((await app.client().get(path)).status, path).toBe(404)
    expect((await app.client().post(path, form)).status, path).toBe(404)
  }
  expect(await app.db.select().from(users)).toHaveLength(0)
})

test('The setup token, in the database, is a hash only', async () => {
  const [row] = await app.db.select().from(setupTokens)
  expect(token).toMatch(/^[\w-]{22}$/)
  expect(row?.hash).toHaveLength(32)
  expect(row?.hash.toString('latin1')).not.toContain(token)
})

test('The setup, with what cannot be used, says so at each field and keeps the rest', async () => {
  const answer = await app
    .client()
    .post(address(), { ...form, email: 'grace', name: ' ', password: 'password1234567', organization: '' })
  expect(answer.status).toBe(422)
  const fields = [...answer.html.querySelectorAll('.error-summary a')].map((link) => link.getAttribute('href'))
  expect(fields).toEqual(['#field-email', '#field-name', '#field-password', '#field-organization'])
  expect(textOf(answer.html, 'title')).toBe('Error: Set up Keyward · Keyward')
  expect(formValues(answer.html)).toMatchObject({ email: 'grace', password: '' })
  expect((await app.client().post(address(), form)).status).toBe(303)
})

test('The sample, asked for, is added for the administrator', async () => {
  await app.client().post(address(), { ...form, sample: 'on' })
  const [user] = await app.db.select().from(users)
  expect(samples).toMatchObject([{ kind: 'user', id: user?.id, role: 'administrator' }])
})

test('The sample, asked for without Stored credentials, is a problem to mend', async () => {
  const answer = await app.client().post(address(), { ...form, 'stored-credentials': [], sample: 'on' })
  expect([answer.status, textsOf(answer.html, '.error-summary li').length]).toEqual([422, 1])
  expect(await app.db.select().from(users)).toHaveLength(0)
})

test('The sample, failing, leaves a working account and says so', async () => {
  sampleFails = true
  const client = app.client()
  const answer = await client.post(address(), { ...form, sample: 'on' })
  expect(answer.status).toBe(303)
  expect(textOf((await client.get('/credentials')).html, '#flash')).toContain('the sample could not be added')
  const [user] = await app.db.select().from(users)
  expect(
    await app.db
      .select()
      .from(sessions)
      .where(eq(sessions.userId, user?.id ?? '')),
  ).toHaveLength(1)
})

test('The setup from a shell, without a token, makes the first account once', async () => {
  const { Secret } = await import('../../secrets/secret.ts')
  const input = {
    email: 'a@x.org',
    name: 'A',
    organization: 'O',
    password: new Secret(form.password),
    storedCredentials: false,
  }
  expect(await app.setup.completeLocally(input)).toMatchObject({ kind: 'done' })
  expect(await app.setup.completeLocally({ ...input, email: 'b@x.org' })).toEqual({ kind: 'closed' })
})
