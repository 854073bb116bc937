import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import type { Secret } from '../secrets/secret.ts'
import { Secret as SecretClass } from '../secrets/secret.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import { type Client, fragmentHeaders } from '../testing/client.ts'
import { addConnection } from '../testing/domain.ts'
import { pathOf } from '../testing/every-route.ts'
import { textOf } from '../testing/html.ts'
import type { AppEnv } from './app-context.ts'
import { Routes, refuseUnregistered, tableOf } from './routing.ts'

let app: TestApp
let ids: { readonly credential: string; readonly connection: string }

beforeAll(async () => {
  app = await testApp()
  ids = await belongings(app.ada)
})
afterAll(() => app.close())

async function belongings(owner: UserActor) {
  const connection = await addConnection(app, owner)
  const fields: Record<string, Secret> = { username: new SecretClass('ada'), password: new SecretClass('s3cret') }
  const made = await app.vault.create(owner, {
    type: 'basic',
    name: 'Warehouse',
    description: '',
    fields,
    connectionIds: [connection],
  })
  if (!made.ok) throw new Error(made.error)
  return { credential: made.id, connection }
}

function ask(client: Client, route: { method: string }, path: string) {
  return route.method === 'GET' ? client.get(path) : client.post(path)
}

/** The ids of Ada's things where a path asks for one. */
function adasPath(path: string): string | undefined {
  const own = path.startsWith('/credentials/:id')
    ? ids.credential
    : path.startsWith('/connections/:id')
      ? ids.connection
      : undefined
  return own === undefined ? undefined : pathOf({ path }, { id: own, connectionId: ids.connection })
}

describe('W1 every route', () => {
  test('signed out, leads to the sign-in page unless it is for anyone', async () => {
    for (const route of app.app.table) {
      const answer = await ask(app.client(), route, pathOf(route))
      const name = `${route.method} ${route.path}`
      if (route.policy === 'anyone') expect(answer.location ?? '', name).not.toMatch(/^\/login\?next/)
      else expect([answer.status, answer.location?.split('?')[0]], name).toEqual([303, '/login'])
    }
  })

  test('signed out under htmx, makes the browser load the sign-in page', async () => {
    for (const route of app.app.table.filter(({ policy }) => policy !== 'anyone')) {
      const extra = { headers: { ...fragmentHeaders, 'HX-Current-URL': 'http://localhost/credentials?q=x' } }
      const path = pathOf(route)
      const client = app.client()
      const answer = await (route.method === 'GET' ? client.get(path, extra) : client.post(path, {}, extra))
      expect([answer.status, answer.headers.get('HX-Redirect')]).toEqual([401, '/login?next=%2Fcredentials%3Fq%3Dx'])
    }
  })

  test('pressed after the session ended, says that nothing was done; signing out says that it is', async () => {
    const client = app.client()
    const { location } = await client.post('/credentials/new?type=basic', { name: 'Lost' })
    const page = await client.get(location ?? '')
    expect(textOf(page.html, '#flash')).toContain('Your session had ended, so what you just sent was not done')
    await client.post('/credentials/new?type=basic', { name: 'Lost' }, { headers: fragmentHeaders })
    expect(textOf((await client.get('/login')).html, '#flash')).toContain('Your session had ended')
    await client.post('/logout')
    expect(textOf((await client.get('/login')).html, '#flash')).toBe('You are signed out.')
    await client.get('/credentials')
    expect(textOf((await client.get('/login')).html, '#flash')).toBe('')
  })

  test('for administrators, asked for by a member, answers 403', async () => {
    const member = await app.signInAs(app.ada)
    const routes = app.app.table.filter(({ policy }) => policy === 'administrator')
    expect(routes.length).toBeGreaterThan(3)
    for (const route of routes) {
      const answer = await ask(member, route, pathOf(route))
      expect(answer.status, `${route.method} ${route.path}`).toBe(403)
      expect(textOf(answer.html, 'h1')).toBe('You may not do that')
    }
  })

  test('of stored credentials, with the feature off, answers 403 and says so', async () => {
    await app.features.change(app.root, app.root.organizationId, 'stored_credentials', false)
    const client = await app.signInAs(app.ada)
    const routes = app.app.table.filter(({ path }) => path.startsWith('/credentials'))
    expect(routes.length).toBeGreaterThan(8)
    for (const route of routes) {
      const answer = await ask(client, route, adasPath(route.path) ?? route.path)
      expect(answer.status, `${route.method} ${route.path}`).toBe(403)
      expect(textOf(answer.html, 'main')).toContain('switched off')
    }
    expect(textOf((await client.get('/connections')).html, 'header')).not.toContain('Credentials')
    await app.features.change(app.root, app.root.organizationId, 'stored_credentials', true)
  })

  test('with an id that nothing has, or that is none, answers 404', async () => {
    const client = await app.signInAs(app.root)
    const routes = app.app.table.filter(({ path }) => /:(id|\w+Id)\b/.test(path))
    expect(routes.length).toBeGreaterThan(5)
    for (const route of routes) {
      const name = `${route.method} ${route.path}`
      expect((await ask(client, route, pathOf(route))).status, name).toBe(404)
      expect((await ask(client, route, pathOf(route, { id: 'not-an-id' }))).status, name).toBe(404)
      const shouted = pathOf(route, { id: ids.credential.toUpperCase() })
      expect((await ask(client, route, shouted)).status, name).toBe(404)
    }
  })

  test("with another person's id, answers exactly as for a random one, in the same organization and in another", async () => {
    for (const stranger of [app.ben, app.root, app.eve]) {
      const client = await app.signInAs(stranger)
      for (const route of app.app.table) {
        const path = adasPath(route.path)
        if (path === undefined) continue
        const name = `${route.method} ${route.path} as ${stranger.name}`
        const foreign = await ask(client, route, path)
        const random = await ask(client, route, pathOf(route))
        expect(foreign.status, name).toBe(404)
        expect(foreign.text, name).toBe(random.text)
      }
    }
  })
})

describe('W1 a connection that is shared', () => {
  /** What is refused to each role; everything else of a connection is theirs to open. */
  const refusedTo: Readonly<Record<string, RegExp>> = {
    consumer: /^\/connections\/:id\/(edit|deletion|health.*|sharing\/.*)$|^POST \/connections\/:id\/sharing$/,
    editor: /^\/connections\/:id\/(deletion|health.*|sharing\/.*)$|^POST \/connections\/:id\/sharing$/,
    owner: /^nothing$/,
  }

  test.each(['consumer', 'editor', 'owner'])(
    'with someone as %s, answers 403 to what the role may not',
    async (role) => {
      const shared = await addConnection(app, app.ada, `Shared as ${role}`)
      await app.sharing.share(app.ada, shared, app.ben.email, role)
      const client = await app.signInAs(app.ben)
      const routes = app.app.table.filter(({ path }) => path.startsWith('/connections/:id'))
      expect(routes.length).toBeGreaterThan(12)
      // What ends the connection comes last.
      const ordered = [...routes].sort(
        (a, b) => Number(a.path.includes('deletion')) - Number(b.path.includes('deletion')),
      )
      for (const route of ordered) {
        const name = `${route.method} ${route.path} as ${role}`
        const path = pathOf(route, { id: shared, userId: app.root.id })
        const asked = route.method === 'GET' ? client.get(path) : client.post(path, { type: 'basic' })
        const { status } = await asked
        const forbidden = refusedTo[role]?.test(route.path) || refusedTo[role]?.test(`${route.method} ${route.path}`)
        if (forbidden) expect(status, name).toBe(403)
        // Another person's share, and the sign-in of a random id, are not there.
        else if (/:\w+Id/.test(route.path)) expect(status, name).toBe(404)
        else expect([200, 303, 422], name).toContain(status)
        const stranger = await ask(await strangerClient(), route, path)
        expect(stranger.status, `${name}, to a stranger`).toBe(404)
      }
    },
  )

  let stranger: Client | undefined
  async function strangerClient(): Promise<Client> {
    stranger ??= await app.signInAs(app.eve)
    return stranger
  }
})

describe('Paths', () => {
  test('of a page, spelled in another way, never reach it but through the one address', async () => {
    const client = await app.signInAs(app.ada)
    const id = ids.credential
    const nobody = [
      '//credentials',
      '/credentials//',
      `/credentials%2f${id}`,
      '/%63redentials',
      '/Credentials',
      '/credentials/..%2f',
    ]
    for (const path of [...nobody, '/credentials/%00', '/credentials;x', '/.//credentials', '/%']) {
      expect((await client.get(path)).status, path).toBe(404)
    }
    const slash = await client.get('/credentials/?q=a')
    expect([slash.status, slash.location]).toEqual([308, '/credentials?q=a'])
    expect((await client.post('/credentials/new/')).status).toBe(404)
  })
})

describe('The table of routes', () => {
  test('with a route that has no policy, is refused at the start', () => {
    const routes = new Routes()
    routes.table.push({
      method: 'GET',
      path: '/x',
      policy: 'nobody' as never,
      maximumBody: 1,
      handle: () => new Response(),
    })
    expect(() => tableOf([routes])).toThrow('GET /x has no policy')
  })

  test('with two routes for one address, is refused at the start', () => {
    const routes = new Routes()
    routes.get('/x', 'anyone', () => new Response())
    routes.get('/x', 'signed-in', () => new Response())
    expect(() => tableOf([routes])).toThrow('GET /x is there twice')
  })

  test('without a route that the app has, is refused at the start', () => {
    const app = new Hono<AppEnv>()
    app.get('/hidden', () => new Response())
    expect(() => refuseUnregistered(app, [])).toThrow('GET /hidden is not in the table')
  })
})
