import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createPlainServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type EgressPolicy, parsePolicy } from '../connector/egress.ts'
import { Secret } from '../secrets/secret.ts'
import { type Certificate, type Certificates, makeCertificates } from '../testing/certificates.ts'
import type { Message } from './deliveries.ts'
import type { WebhookSettings } from './settings.ts'
import { createWebhook, signatureOf } from './webhook.ts'

const message: Message = {
  id: '01900000-0000-7000-8000-000000000000',
  event: 'credential.expiring',
  recipient: null,
  createdAt: new Date('2026-11-24T12:00:00.000Z'),
  body: { credentialId: 'c', name: 'Warehouse "ü"', days: 7, url: null },
}
const key = Buffer.alloc(32, 7)
const now = new Date('2026-11-24T12:34:56.789Z')
const egress = parsePolicy('managed', '', '').policy
const open: Server[] = []

afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function listening(server: Server): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A receiver that keeps what it got and answers `status`. */
async function receiver(status: number, headers: Record<string, string> = {}) {
  const got: { request: IncomingMessage; body: string }[] = []
  const listener: RequestListener = async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    got.push({ request, body })
    response.writeHead(status, headers).end('an answer with hunter2 in it')
  }
  return { port: await listening(createServer(listener)), got }
}

function send(port: number, change: Partial<WebhookSettings> = {}, policy: EgressPolicy = egress) {
  const settings = {
    ...{ host: '127.0.0.1', port, isHttps: false, authority: `127.0.0.1:${port}`, path: '/hook?a=1' },
    ...{ keys: [new Secret(key)], ca: null },
    ...change,
  }
  return createWebhook(settings, { egress: policy }, () => now)(message, new AbortController().signal)
}

describe('A webhook', () => {
  it('is posted as JSON and signed so that the receiver can verify it', async () => {
    const { port, got } = await receiver(204)
    expect(await send(port)).toBeNull()
    const [{ request, body } = { request: undefined, body: '' }] = got
    expect([request?.method, request?.url, request?.headers.host]).toEqual(['POST', '/hook?a=1', `127.0.0.1:${port}`])
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'content-type': type } = request?.headers ?? {}
    expect([id, timestamp, type]).toEqual([message.id, String(Math.floor(now.getTime() / 1_000)), 'application/json'])
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    expect(request?.headers['webhook-signature']).toBe(`v1,${expected}`)
    expect(JSON.parse(body)).toEqual({
      ...{ type: 'credential.expiring', timestamp: '2026-11-24T12:00:00.000Z', data: message.body },
    })
  })

  it('is signed with each key, so that a receiver may know either', async () => {
    const { port, got } = await receiver(200)
    await send(port, { keys: [new Secret(key), new Secret(Buffer.alloc(24, 9))] })
    expect(got[0]?.request.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/)
  })

  it('is signed as the published example of Standard Webhooks is', () => {
    const secret = new Secret(Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'))
    const signature = signatureOf('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}', [secret])
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it.each([
    [500, 'The webhook answered 500.'],
    [404, 'The webhook answered 404.'],
    [302, 'The webhook answered 302, and redirects are not followed.'],
  ])('answered with %i is not taken, and nothing of the answer is repeated', async (status, sentence) => {
    const { port, got } = await receiver(status, { location: 'http://127.0.0.1/elsewhere' })
    expect(await send(port)).toBe(sentence)
    expect(got).toHaveLength(1)
  })

  it('that nobody listens for, or that ends without an answer, is said in a sentence', async () => {
    const port = await listening(createPlainServer((socket) => socket.destroy()))
    expect(await send(port)).toBe('The webhook ended the connection without an answer.')
    open.splice(0)[0]?.close()
    expect(await send(port)).toBe('Nothing listens on this port.')
  })

  it('that wants another protocol spoken, keeps nothing waiting: it has not taken the message', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'
    const port = await listening(createPlainServer((socket) => void socket.once('data', () => socket.write(upgrade))))
    expect(await send(port)).toBe('The webhook ended the connection without an answer.')
  })

  it('ends when the process does, whatever the receiver does', async () => {
    const port = await listening(createPlainServer(() => stopping.abort()))
    const stopping = new AbortController()
    const settings = {
      host: '127.0.0.1',
      port,
      isHttps: false,
      authority: 'x',
      path: '/',
      ca: null,
      keys: [new Secret(key)],
    }
    expect(await createWebhook(settings, { egress })(message, stopping.signal)).toContain('did not answer')
  })

  it('may go to this machine because the settings name it, but not where EGRESS_DENY says no, nor to metadata services', async () => {
    const { port, got } = await receiver(200)
    const denied = parsePolicy('self-managed', '', '127.0.0.0/8').policy
    expect(await send(port, {}, denied)).toBe('Connections to this destination are not allowed here.')
    expect(await send(80, { host: '169.254.169.254' })).toBe('Connections to this destination are not allowed here.')
    expect(got).toEqual([])
    expect(await send(port, {}, parsePolicy('self-managed', '', '*').policy)).toBeNull()
  })
})

const folder = mkdtempSync(join(tmpdir(), 'keyward-webhook-'))
const certificates = makeCertificates(folder)
rmSync(folder, { recursive: true })

describe.skipIf(certificates === undefined)('A webhook over HTTPS', () => {
  const { authority: ca, ...shown } = certificates as Certificates

  /** Sends to a receiver that shows a certificate; resolves with what came of it and what the receiver got. */
  async function sendTo({ certificate: cert, key: its }: Certificate, change: Partial<WebhookSettings>) {
    const got: { readonly signature: unknown; readonly body: string }[] = []
    const listener: RequestListener = async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      got.push({ signature: request.headers['webhook-signature'], body })
      response.writeHead(204).end()
    }
    const port = await listening(createSecureServer({ cert, key: its }, listener))
    return { came: await send(port, { isHttps: true, host: 'localhost', ...change }), got }
  }

  it.each(['localhost', '127.0.0.1'])(
    'at %s with a certificate of the given authority, gets it signed',
    async (host) => {
      const { came, got } = await sendTo(shown.good, { host, ca })
      expect(came).toBeNull()
      const [{ signature, body } = { signature: '', body: '' }] = got
      const content = `${message.id}.${Math.floor(now.getTime() / 1_000)}.${body}`
      expect(signature).toBe(`v1,${createHmac('sha256', key).update(content).digest('base64')}`)
      expect(JSON.parse(body)).toMatchObject({ data: message.body })
    },
  )

  it.each([
    ['of an authority that nobody trusts', 'good', null, /not signed by an authority/],
    ['that signed itself', 'selfSigned', null, /not signed by an authority/],
    ['that signed itself, beside the given authority', 'selfSigned', ca, /not signed by an authority/],
    ['for another host', 'wrongHost', ca, /^The certificate of the server is not for localhost\.$/],
    ['that has expired', 'expired', ca, /expired/],
  ] as const)(
    'with a certificate %s, gets nothing, and that is said in a sentence',
    async (_, which, trusted, said) => {
      const { came, got } = await sendTo(shown[which], { ca: trusted })
      expect(came).toMatch(said)
      expect(got).toEqual([])
    },
  )
})
