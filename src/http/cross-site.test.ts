import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../secrets/secret.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import { addConnection } from '../testing/domain.ts'
import { fingerprint, pathOf } from '../testing/every-route.ts'
import { textOf } from '../testing/html.ts'

let app: TestApp
let behindProxy: TestApp

beforeAll(async () => {
  app = await testApp()
  behindProxy = await testApp({ origin: 'https://keys.example.com' })
})
afterAll(async () => {
  await app.close()
  await behindProxy.close()
})

/** What a form of another site, or of nobody knows where, says of itself. '' leaves a header out. */
const foreign: readonly Record<string, string>[] = [
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': '' },
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
  { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' },
  { Origin: 'null', 'Sec-Fetch-Site': '' },
  { Origin: '', 'Sec-Fetch-Site': '' },
  { Origin: '', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: '', 'Sec-Fetch-Site': 'same-site' },
  { Origin: '', 'Sec-Fetch-Site': 'none' },
  { Origin: 'http://localhost', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-site' },
  { Origin: 'http://localhost', 'Sec-Fetch-Site': 'nonsense' },
  { Origin: 'http://localhost:8080', 'Sec-Fetch-Site': 'same-site' },
  { Origin: 'https://localhost', 'Sec-Fetch-Site': '' },
  { Origin: 'http://localhost.evil.example', 'Sec-Fetch-Site': '' },
]

describe('W2 forms', () => {
  test('of other sites, sent to every route, are refused and change nothing', async () => {
    const client = await app.signInAs(app.root)
    const routes = app.app.table.filter(({ method }) => method === 'POST')
    const before = await fingerprint(app.db)
    expect(routes.length).toBeGreaterThan(10)
    for (const route of routes) {
      for (const headers of foreign) {
        const answer = await client.post(pathOf(route), {}, { headers })
        const name = `${route.method} ${route.path} ${JSON.stringify(headers)}`
        expect(answer.status, name).toBe(403)
        expect(textOf(answer.html, 'h1'), name).toBe('This form came from another site')
      }
    }
    expect(await fingerprint(app.db)).toEqual(before)
  })

  test('of our own pages, are taken as browsers send them', async () => {
    const taken: readonly Record<string, string>[] = [
      { Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-origin' },
      { Origin: 'http://localhost', 'Sec-Fetch-Site': '' },
      { Origin: '', 'Sec-Fetch-Site': 'same-origin' },
      { Origin: 'http://localhost', 'Sec-Fetch-Site': 'none' },
    ]
    const client = app.client()
    for (const headers of taken) {
      const answer = await client.post('/login', { email: 'nobody@example.com', password: 'x' }, { headers })
      expect(answer.status, JSON.stringify(headers)).toBe(422)
    }
  })

  test('with ORIGIN set, are compared with it and not with the host of the request', async () => {
    const client = behindProxy.client()
    const send = (headers: Record<string, string>) =>
      client.post('/login', { email: 'a@b.c', password: 'x' }, { headers })
    expect((await send({})).status).toBe(422)
    expect((await send({ Host: '10.0.0.7:3000' })).status).toBe(422)
    expect((await send({ Host: '10.0.0.7:3000', Origin: 'http://10.0.0.7:3000' })).status).toBe(403)
    expect((await send({ Origin: 'http://keys.example.com' })).status).toBe(403)
  })

  test('under htmx from another site, are refused with a message', async () => {
    const headers = { Origin: 'https://evil.example', 'HX-Request': 'true', 'HX-Request-Type': 'partial' }
    const answer = await app.client().post('/login', {}, { headers })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('HX-Retarget')).toBe('#flash')
    expect(textOf(answer.html, '[role=alert]')).toMatch(/^Nothing was changed\. Open Keyward/)
  })
})

describe('W2 reading', () => {
  test('GET, HEAD and OPTIONS of every page, as its owner, change nothing', async () => {
    const connection = await addConnection(app, app.root, 'Crawled')
    const fields = { username: new Secret('root'), password: new Secret('s3cret') }
    const made = await app.vault.create(app.root, {
      type: 'basic',
      name: 'Crawled',
      description: '',
      fields,
      connectionIds: [connection],
    })
    if (!made.ok) throw new Error(made.error)
    const client = await app.signInAs(app.root)
    const before = await fingerprint(app.db)
    for (const route of app.app.table.filter(({ method }) => method === 'GET')) {
      const id = route.path.startsWith('/connections') ? connection : made.id
      const path = pathOf(route, { id, connectionId: connection })
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const answer = await client.send(path, { method })
        expect(answer.status, `${method} ${route.path}`).toBeLessThan(500)
      }
    }
    expect(await fingerprint(app.db)).toEqual(before)
  })
})

describe('Hosts', () => {
  test('that a stranger could own, without ORIGIN, are not answered but told to set it', async () => {
    const client = app.client()
    for (const host of ['evil.example', 'localhost.evil.example', 'keys.example.com:3000', '127.0.0.1.nip.io']) {
      const answer = await client.get('/login', { headers: { Host: host } })
      expect(answer.status, host).toBe(421)
      expect(textOf(answer.html, 'main')).toContain('set ORIGIN')
    }
  })

  test('that are this machine, without ORIGIN, are answered', async () => {
    const client = app.client()
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000', '192.168.1.20', 'keyward.localhost']) {
      expect((await client.get('/login', { headers: { Host: host } })).status, host).toBe(200)
    }
    expect((await client.get('/up', { headers: { Host: 'probe.internal' } })).status).toBe(200)
  })
})
