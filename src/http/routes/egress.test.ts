import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let admin: Client
const page = '/admin/egress'

beforeAll(async () => {
  app = await testApp()
  admin = await app.signInAs(app.root)
})
afterAll(() => app.close())

test('Outgoing connections are in the menu of administrators alone', async () => {
  const menu = async (client: Client) => textsOf((await client.get('/connections')).html, '#user-menu a')
  expect(await menu(admin)).toContain('Outgoing connections')
  expect(await menu(await app.signInAs(app.ada))).not.toContain('Outgoing connections')
})

test('Outgoing connections say what is allowed, refused and never possible, as a fragment too', async () => {
  const { html } = await admin.get(page)
  const sentences = textsOf(html, 'main li').join(' ')
  expect(sentences).toContain('Every public address.')
  expect(sentences).toContain('Private networks, because this is a managed installation.')
  expect(sentences).toContain('169.254.169.254')
  const part = await admin.fragment(page)
  expect(textsOf(part.html, 'h1, h2, li, p, label')).toEqual(
    textsOf(html, '#main h1, #main h2, #main li, #main p, #main label'),
  )
})

test('A host and port, asked about, are answered by the rules, and nothing is dialled', async () => {
  const ask = async (host: string) => (await admin.post(page, { host, port: '5432' })).html
  expect(textOf(await ask('8.8.8.8'), '.notice')).toContain('8.8.8.8 on port 5432 is allowed. Nothing was dialled.')
  expect(textOf(await ask('169.254.169.254'), '.notice')).toContain('Not allowed')
  expect(textOf(await ask('10.1.2.3'), '.notice')).toContain('Not allowed')
  expect(formValues(await ask('<b>x'))).toMatchObject({ host: '<b>x', port: '5432' })
  expect(app.connector.jobs).toEqual([])
})

test('A question with something missing is a problem to mend, and nothing typed is lost', async () => {
  const answer = await admin.post(page, { host: ' ', port: '70000' })
  expect([answer.status, textsOf(answer.html, '.error-summary li').length]).toEqual([422, 2])
  expect(formValues(answer.html)).toEqual({ host: '', port: '70000' })
})

test('Members get no answer, and a stranger of another organization one about the policy alone', async () => {
  const member = await app.signInAs(app.ada)
  for (const answer of [await member.get(page), await member.post(page, { host: '10.1.2.3', port: '22' })]) {
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain('Allowed')
  }
  await expect(app.outgoing.ask(app.ada, app.ada.organizationId, '8.8.8.8', 22)).rejects.toThrow()
  await expect(app.outgoing.show(app.eve, app.ada.organizationId)).rejects.toThrow()
  expect((await app.client().get(page)).location).toMatch(/^\/login/)
})
