import { type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listening, listen } from '../http-server.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import { serverOptions } from './server-options.ts'

let app: TestApp
let server: Listening

beforeAll(async () => {
  app = await testApp()
  server = await listen(app.app, { host: '127.0.0.1', port: 0, serverOptions })
})
afterAll(async () => {
  await server.drain(1_000)
  await app.close()
})

type Reply = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }

/** Sends a request as it is written, chunks and all. */
function send(options: RequestOptions, chunks: readonly string[] = []): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: server.port, agent: false, ...options }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (text: string) => {
        body += text
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }))
    })
    outgoing.on('error', reject)
    for (const chunk of chunks) outgoing.write(chunk)
    outgoing.end()
  })
}

/** Sends bytes and returns the first line of the answer, or '' when the server just hangs up. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (data: string) => {
      answer += data
      socket.end()
    })
    socket.on('error', () => resolve(answer.split('\r\n')[0] ?? ''))
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''))
  })
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const own = () => ({ ...form, Origin: `http://127.0.0.1:${server.port}` })

test('W5 the server, asked with TRACE or a method that no page uses, refuses it', async () => {
  for (const method of ['TRACE', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    const reply = await send({ method, path: '/login', headers: { 'X-Canary': 'canary' } })
    expect(reply.status, method).toBe(405)
    expect(reply.body, method).not.toContain('canary')
    expect(reply.headers['content-security-policy'], method).toBeDefined()
  }
})

test('W5 a body over the limit, announced or in chunks, is refused; the server goes on', async () => {
  const megabytes = Array.from({ length: 40 }, () => 'x'.repeat(64 * 1024))
  const announced = await send({
    method: 'POST',
    path: '/login',
    headers: { ...own(), 'Content-Length': '2000000000' },
  }).catch(() => null)
  expect(announced?.status ?? 413).toBe(413)
  const chunked = await send({ method: 'POST', path: '/login', headers: own() }, megabytes).catch(() => null)
  expect(chunked?.status ?? 413).toBe(413)
  expect((await send({ path: '/up' })).status).toBe(200)
})

test('W5 a body of another type, or none, is answered without a 5xx', async () => {
  for (const type of ['application/json', 'text/plain', '', 'multipart/form-data', 'multipart/form-data; boundary=']) {
    for (const chunks of [[], ['{"email":1}'], ['email=%ff%fe&password=%'], ['--\r\n\r\n']]) {
      const reply = await send({ method: 'POST', path: '/login', headers: { ...own(), 'Content-Type': type } }, chunks)
      expect(reply.status, `${type} ${chunks.join()}`).toBeGreaterThanOrEqual(400)
      expect(reply.status, `${type} ${chunks.join()}`).toBeLessThan(500)
    }
  }
})

test('W5 malformed requests, are refused and the server goes on', async () => {
  const host = `Host: 127.0.0.1:${server.port}\r\n`
  const odd = [
    `GET /login HTTP/1.1\r\n\r\n`,
    `GET login HTTP/1.1\r\n${host}\r\n`,
    `GET http://evil.example/login HTTP/1.1\r\n${host}\r\n`,
    `GET //evil.example/login HTTP/1.1\r\n${host}\r\n`,
    `GET /\\evil.example HTTP/1.1\r\n${host}\r\n`,
    `GET /%zz HTTP/1.1\r\n${host}\r\n`,
    `GET /login HTTP/1.1\r\nHost: a b\r\n\r\n`,
    `GET /login HTTP/1.1\r\nHost: [::1\r\n\r\n`,
    `GET /login HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    `POST /login HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`,
    `nonsense\r\n\r\n`,
  ]
  for (const text of odd) {
    const line = await sendRaw(text)
    expect(line, JSON.stringify(text.slice(0, 60))).toMatch(/^$|^HTTP\/1\.1 [34]\d\d /)
  }
  expect((await send({ path: '/up' })).status).toBe(200)
})

test('The probes, asked by anyone, say whether it lives and whether it can serve', async () => {
  expect(await send({ path: '/up' })).toMatchObject({ status: 200, body: 'up\n' })
  expect(await send({ path: '/ready' })).toMatchObject({ status: 200, body: 'ready\n' })
})

test('HEAD of a page, has the headers and no body', async () => {
  const reply = await send({ method: 'HEAD', path: '/login' })
  expect([reply.status, reply.body]).toEqual([200, ''])
})
