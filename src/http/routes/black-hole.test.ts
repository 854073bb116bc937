import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Connector } from '../../connector/driver.ts'
import { type Listening, listen } from '../../http-server.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import { childrenOf } from '../../testing/child-processes.ts'
import { testConnector } from '../../testing/jobs.ts'
import { type SilentPort, startSilent } from '../../testing/silent-port.ts'

// Test connection against what never answers, through a real server, as a crowd of browsers meets it (C6).

const perUser = 8
const crowd = 200
/** Against a port whose time is up after five seconds: all must have been answered by then, on a busy machine too. */
const smallerCrowd = 40

let app: TestApp
let connector: Connector
let server: Listening
let hole: Server
let silent: SilentPort | undefined
let cookie: string
const held = new Set<Socket>()

beforeAll(async () => {
  app = await testApp()
  connector = testConnector({ warm: 0, perUser, waitMilliseconds: 200 })
  app.connector.run = connector.run
  server = await listen(app.app, { host: '127.0.0.1', port: 0 })
  hole = createServer((socket) => {
    held.add(socket)
    socket.on('error', () => {}).on('close', () => held.delete(socket))
  })
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve))
  silent = await startSilent()
  const ada = await app.signInAs(app.ada)
  cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
})

afterAll(async () => {
  for (const socket of held) socket.destroy()
  await server.drain(1_000)
  await connector.close()
  await silent?.close()
  hole.close()
  await app.close()
})

async function connectionTo(port: number): Promise<string> {
  const parameters = { host: '127.0.0.1', port: String(port), database: 'shop', tls: 'disable' }
  const made = await app.connections.create(app.ada, { name: `Hole ${port}`, driver: 'postgresql', parameters })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

function tryOn(connection: string, signal: AbortSignal): Promise<Response> {
  const origin = `http://127.0.0.1:${server.port}`
  return fetch(`${origin}/connections/${connection}/sign-ins/new`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: cookie, Origin: origin },
    body: new URLSearchParams({
      type: 'basic',
      username: 'reader',
      password: 'canary-5c9d7a4d1e1b',
      intent: 'sign-in',
    }),
    signal,
  })
}

/** Sockets of this machine that lead to a port or try to, by the kernel's own list. */
function socketsTo(port: number): number {
  const rows = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(existsSync)
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return rows.filter((row) => {
    const [, , remote = '', state = ''] = row.trim().split(/\s+/)
    return remote.endsWith(`:${wanted}`) && (state === '01' || state === '02')
  }).length
}

const workers = () => childrenOf(process.pid, 'worker.cjs')

async function crowdAgainst(port: number, crowd: number): Promise<void> {
  const before = socketsTo(port)
  const connection = await connectionTo(port)
  const gone = new AbortController()
  const refused: Response[] = []
  let running = 0
  const asked = Array.from({ length: crowd }, () =>
    tryOn(connection, gone.signal).then(
      (answer) => refused.push(answer),
      () => running++,
    ),
  )
  await vi.waitFor(() => expect(refused).toHaveLength(crowd - perUser), { timeout: 30_000 })
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]))
  expect(refused.every(({ headers }) => Number(headers.get('Retry-After')) > 0)).toBe(true)
  await vi.waitFor(() => expect(socketsTo(port) - before).toBe(perUser), { timeout: 10_000 })
  const page = (await refused[0]?.text()) ?? ''
  expect(page).toContain('name="username" value="reader"')
  expect(page).not.toContain('canary')
  // The browsers go away: what they asked for ends at once, long before its time is up.
  gone.abort()
  await Promise.all(asked)
  expect(running).toBe(perUser)
  await vi.waitFor(() => expect([workers(), socketsTo(port) - before]).toEqual([[], 0]), { timeout: 5_000 })
}

describe.skipIf(process.platform !== 'linux')('C6 200 sign-ins at once', () => {
  test('against a server that never answers are 8 at a time, the others 429; gone browsers leave no worker and no socket', async () => {
    await crowdAgainst((hole.address() as { port: number }).port, crowd)
  }, 60_000)

  test('against a port that drops packets as well', async () => {
    if (silent !== undefined) await crowdAgainst(silent.port, smallerCrowd)
  }, 60_000)

  test('leave no sign-in behind that nobody waited for, and everything in the ledger', async () => {
    const entries = await app.activity.list(app.ada)
    expect(entries.rows[0]).toMatchObject({ action: 'connection.use', purpose: 'test' })
    const { rows } = await app.connectionQueries.list(app.ada, {})
    expect(rows.map(({ lastSignInCode }) => lastSignInCode)).toEqual(rows.map(() => null))
  })
})

if (process.platform !== 'linux') {
  process.stdout.write('Not tested here: sockets left by sign-ins, because this system has no /proc/net.\n')
}
