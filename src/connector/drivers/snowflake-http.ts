import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Client, type Dispatcher } from 'undici'
import { foldDetail } from '../detail.ts'
import { Refusal } from '../diagnosis.ts'
import type { Session } from '../driver.ts'
import { startTlsAtOnce } from '../tls.ts'
import { tokenMaker } from './snowflake-jwt.ts'

/** An answer: its status, its JSON, and Snowflake's words without the token that was sent. */
export type Reply = {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly said: string | undefined
}

export type SnowflakeHttp = {
  /** Sends one request with a token of its own. Follows no redirect. Rejects with a `Refusal` for what is no answer. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Reply>
  /** Asks for a statement to be ended, also when the job's time is over. */
  cancel(path: string): Promise<void>
  close(): void
}

/** Returns the way to an account, over sockets that were dialled and verified by us. Nothing is sent before the first use. */
export function openHttp(session: Session, over: AbortSignal): SnowflakeHttp {
  const { destination, parameters, credential } = session.job
  const makeToken = tokenMaker(parameters.account ?? '', credential)
  const connect = async () => {
    const socket = await session.dial(destination.host, destination.port)
    return startTlsAtOnce(socket, destination, session.report)
  }
  const client = new Client(`https://${authorityOf(destination.host)}:${destination.port}`, {
    connect: (_options, callback) =>
      void connect().then(
        (socket) => callback(null, socket),
        (error) => callback(error, null),
      ),
    // The job has a clock of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  })
  const send = (method: 'GET' | 'POST', path: string, token: string, signal: AbortSignal, body?: object) =>
    client.request({
      ...{ method, path, signal },
      headers: {
        authorization: `Bearer ${token}`,
        'x-snowflake-authorization-token-type': 'KEYPAIR_JWT',
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'content-type': 'application/json',
        'user-agent': 'keyward/1.0',
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
  return {
    async ask(method, path, body) {
      const token = makeToken()
      return read(await send(method, path, token, over, body), token)
    },
    async cancel(path) {
      const { body } = await send('POST', path, makeToken(), AbortSignal.timeout(300))
      await body.dump()
    },
    close: () => void client.destroy().catch(() => {}),
  }
}

function authorityOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function read(response: Dispatcher.ResponseData, token: string): Promise<Reply> {
  const { statusCode: status, headers } = response
  if (status >= 300 && status < 400) throw redirected()
  const bytes = await decoded(await gather(response.body), String(headers['content-encoding'] ?? ''))
  const body = parse(bytes)
  if (body === undefined) throw status === 404 || status === 403 ? noAccount() : notSnowflake()
  const message = typeof body.message === 'string' ? `${String(body.code ?? '')} ${body.message}` : undefined
  return { status, body, said: foldDetail(message, [token, ...token.split('.')]) ?? undefined }
}

/** Bytes of one answer, as sent and as unpacked: a part of a result is some megabytes. */
const mostBytes = 67_108_864

async function gather(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > mostBytes) throw tooMuch()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

const unpack = promisify(gunzip)

async function decoded(bytes: Buffer, encoding: string): Promise<Buffer> {
  if (encoding !== 'gzip') return bytes
  try {
    return await unpack(bytes, { maxOutputLength: mostBytes })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooMuch() : notSnowflake()
  }
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function tooMuch(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: 'Snowflake sent more at once than an answer may be (64 MB).',
    nextStep: 'Ask for less at once: fewer columns, or columns with shorter values.',
  })
}

function redirected(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server sends Keyward to another address. Nothing is sent there.',
    nextStep: 'Enter the account or the host that answers by itself.',
  })
}

function noAccount(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'There is no such account of Snowflake at this address.',
    nextStep: 'Check the account identifier: ORGANIZATION-ACCOUNT, or the locator with its region.',
  })
}

function notSnowflake(): Refusal {
  return new Refusal('current', 'protocol.unexpected', { sentence: 'What answers there is not Snowflake’s SQL API.' })
}
