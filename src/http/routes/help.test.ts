import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failureCodes } from '../../connector/diagnosis-help.ts'
import { diagnosisCodes } from '../../connector/driver.ts'
import { packageRoot } from '../../package-root.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import { addConnection, refused } from '../../testing/domain.ts'
import { textOf, textsOf } from '../../testing/html.ts'

let app: TestApp

beforeAll(async () => {
  app = await testApp()
})
afterAll(() => app.close())

test('The index names every code but "ok", and leads to a page for each, for anyone', async () => {
  const client = app.client()
  const { html } = await client.get('/help/diagnosis')
  const links = [...html.querySelectorAll('tbody a')].map((link) => link.getAttribute('href') ?? '')
  expect(links).toEqual(diagnosisCodes.filter((code) => code !== 'ok').map((code) => `/help/diagnosis/${code}`))
  for (const link of links) {
    const page = await client.get(link)
    expect([page.status, textOf(page.html, 'h1')], link).toEqual([200, link.split('/').at(-1)])
    expect(textsOf(page.html, '.steps').length, link).toBe(2)
    expect(textsOf(page.html, '.rung-failed').length, link).toBe(1)
    const part = await client.fragment(link)
    expect(textsOf(part.html, 'h1, h2, p, li, td'), link).toEqual(
      textsOf(page.html, '#main h1, #main h2, #main p, #main li, #main td'),
    )
  }
})

test('A code that there is not, answers 404', async () => {
  for (const code of ['ok', 'nothing', 'POLICY.REFUSED', '__proto__', 'constructor', 'policy.refused.']) {
    expect((await app.client().get(`/help/diagnosis/${code}`)).status, code).toBe(404)
  }
})

test('The failed rung of a sign-in, and it alone, leads to what it means', async () => {
  const ada = await app.signInAs(app.ada)
  const id = await addConnection(app, app.ada)
  app.connector.next = refused
  const answer = await ada.post(`/connections/${id}/sign-ins/new`, { type: 'basic', username: 'u', password: 'p' })
  const { html } = await ada.get(answer.location ?? '')
  const links = [...html.querySelectorAll('.ladder a')]
  expect(links.map((link) => [link.textContent, link.getAttribute('href')])).toEqual([
    ['What this means', '/help/diagnosis/auth.refused'],
  ])
  expect((await ada.get('/help/diagnosis/auth.refused')).status).toBe(200)
})

test('docs/diagnosis.md has a line on every code and on no other', () => {
  const text = readFileSync(join(packageRoot(), 'docs/diagnosis.md'), 'utf8')
  const codes = [...text.matchAll(/^\| `([a-z._]+)` \|/gm)].map(([, code]) => code)
  expect([...codes].sort()).toEqual([...failureCodes].sort())
})
