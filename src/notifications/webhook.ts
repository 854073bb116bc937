import { request } from 'node:http'
import type { Socket } from 'node:net'
import type { Reporter } from '../connector/driver.ts'
import { startTls } from '../connector/tls.ts'
import { hmac } from '../secrets/primitives.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Message, Send } from './deliveries.ts'
import { type Dialling, dial, refusalSentence } from './dial.ts'
import type { WebhookSettings } from './settings.ts'

const limitMilliseconds = 10_000

/**
 * Returns what posts messages to the webhook, signed after the Standard Webhooks scheme. An answer counts by its status
 * alone: its body is not read, and redirects are not followed.
 */
export function createWebhook(settings: WebhookSettings, dialling: Dialling, now = () => new Date()): Send {
  return async (message, signal) => {
    const over = AbortSignal.any([signal, AbortSignal.timeout(limitMilliseconds)])
    try {
      const socket = await connect(settings, dialling, over)
      return refusalOf(await post(socket, settings, signed(message, settings.keys, now()), over))
    } catch (error) {
      if (over.aborted) return 'The webhook did not answer within 10 seconds.'
      return refusalSentence(error) ?? 'The webhook ended the connection without an answer.'
    }
  }
}

/** Returns the value of `webhook-signature`: one signature for each key, so that a receiver can go from one to the next. */
export function signatureOf(id: string, timestamp: number, body: string, keys: readonly Secret[]): string {
  const content = Buffer.from(`${id}.${timestamp}.${body}`)
  return keys.map((key) => `v1,${hmac(key.expose(), content).toString('base64')}`).join(' ')
}

type Signed = { readonly body: string; readonly headers: Readonly<Record<string, string | number>> }

function signed({ id, event, createdAt, body: data }: Message, keys: readonly Secret[], at: Date): Signed {
  const body = JSON.stringify({ type: event, timestamp: createdAt.toISOString(), data })
  const timestamp = Math.floor(at.getTime() / 1_000)
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'Keyward',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(id, timestamp, body, keys),
    },
  }
}

async function connect({ host, port, isHttps, ca }: WebhookSettings, dialling: Dialling, over: AbortSignal) {
  const socket = await dial(dialling, { host, port }, over)
  // What is waited for here ends with the message's time, whatever the other side does.
  over.addEventListener('abort', () => socket.destroy())
  return isHttps ? startTls(socket, { driver: 'webhook', host, port, tls: 'verify-full', ca }, quiet) : socket
}

const quiet: Reporter = { passed: () => {}, notApplicable: () => {}, progress: () => {} }

/** Resolves with the status of the answer. */
function post(
  socket: Socket,
  { authority, path }: WebhookSettings,
  { body, headers }: Signed,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const its = { ...headers, host: authority, connection: 'close' }
    const sent = request({ method: 'POST', path, headers: its, createConnection: () => socket, signal })
    // Stays: an error after the answer is nobody's any more.
    sent.on('error', reject)
    // Of an answer that would have another protocol spoken, nothing else is said.
    sent.once('close', () => reject(new Error('The connection was closed without an answer.')))
    sent.once('response', (response) => {
      response.on('error', () => {})
      resolve(response.statusCode ?? 0)
      sent.destroy()
    })
    sent.end(body)
  })
}

function refusalOf(status: number): string | null {
  if (status >= 200 && status < 300) return null
  const redirects = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
  return `The webhook answered ${status}${redirects}.`
}
