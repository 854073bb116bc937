import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Certificate } from './certificates.ts'

/** What the SQL API was asked, and with which token. */
export type Heard = { readonly method: string; readonly path: string; readonly body: string; readonly token: string }

/** An answer as the SQL API gives it; `never` is none. */
export type Recorded =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'never'

/** A server that speaks Snowflake's SQL API as far as it was recorded, and checks every token for real. */
export type RecordedSnowflake = {
  readonly port: number
  readonly heard: readonly Heard[]
  /** Decides what comes back, from the statement and the path; undefined for the usual answer. */
  answer: (heard: Heard, statement: string) => Recorded | undefined
  close(): Promise<void>
}

/** Starts such a server for one user, whose public key it knows. */
export async function startSnowflake(
  certificate: Certificate,
  user: { readonly account: string; readonly name: string; readonly publicKey: string },
): Promise<RecordedSnowflake> {
  const heard: Heard[] = []
  const recorded = { answer: (() => undefined) as RecordedSnowflake['answer'] }
  const server = createServer({ cert: certificate.certificate, key: certificate.key }, async (request, response) => {
    const one = await hear(request)
    heard.push(one)
    const statement = String((JSON.parse(one.body || '{}') as { statement?: unknown }).statement ?? '')
    const answer = recorded.answer(one, statement)
    if (answer !== undefined) return reply(response, answer)
    reply(response, isToken(one.token, user) ? usual(one, statement) : { status: 401, body: invalidToken })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(recorded, {
    port: (server.address() as AddressInfo).port,
    heard,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}

/** What Snowflake says to a token that it does not take. */
export const invalidToken = { code: '390144', message: 'JWT token is invalid.' }

/** Returns the body of a finished statement: columns as `name:type` with what else is said of them, and its rows. */
export function resultBody(
  columns: readonly Readonly<Record<string, unknown>>[],
  rows: readonly unknown[],
  parts: number = 1,
): unknown {
  return {
    resultSetMetaData: {
      numRows: rows.length * parts,
      format: 'jsonv2',
      partitionInfo: Array.from({ length: parts }, () => ({ rowCount: rows.length, uncompressedSize: 100 })),
      rowType: columns,
    },
    data: rows,
    code: '090001',
    statementHandle: '01b2c3d4-0000-1111-0000-000000000001',
    message: 'Statement executed successfully.',
  }
}

const text = (name: string) => ({ name, type: 'text', length: 255, nullable: true })

function usual({ path }: Heard, statement: string): Recorded {
  if (path.includes('partition=')) return { status: 404, body: { code: '000709', message: 'Statement not found' } }
  if (statement.includes('CURRENT_VERSION')) {
    const columns = ['CURRENT_VERSION()', 'CURRENT_DATABASE()', 'CURRENT_WAREHOUSE()'].map(text)
    return { status: 200, body: resultBody(columns, [['9.12.0', 'SALES', 'READING']]) }
  }
  if (statement.includes('information_schema.schemata')) {
    return { status: 200, body: resultBody([text('SCHEMA_NAME')], [['PUBLIC'], ['__proto__'], ['"; DROP']]) }
  }
  if (statement.includes('information_schema.tables')) {
    const columns = ['TABLE_SCHEMA', 'TABLE_NAME', 'TABLE_TYPE'].map(text)
    const rows = [
      ['PUBLIC', 'ORDERS', 'BASE TABLE'],
      ['PUBLIC', 'SPENDING', 'VIEW'],
    ]
    return { status: 200, body: resultBody(columns, rows) }
  }
  return { status: 200, body: resultBody([{ name: 'ID', type: 'fixed', precision: 38, scale: 0 }], [['1'], ['2']]) }
}

async function hear(request: IncomingMessage): Promise<Heard> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const { method = '', url = '', headers } = request
  const isKeyPair = headers['x-snowflake-authorization-token-type'] === 'KEYPAIR_JWT'
  const token = isKeyPair ? (headers.authorization ?? '').replace(/^Bearer /, '') : ''
  return { method, path: url, body: Buffer.concat(pieces).toString('utf8'), token }
}

/** Checks a token as Snowflake does: signature, issuer with the fingerprint of the key, subject and time. */
function isToken(token: string, user: { account: string; name: string; publicKey: string }): boolean {
  const [head = '', claims = '', signature = ''] = token.split('.')
  const key = createPublicKey(user.publicKey)
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))) return false
  const { iss, sub, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
  const print = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64')
  const subject = `${user.account}.${user.name}`
  const now = Date.now() / 1_000
  const isInTime = Number(iat) <= now + 1 && Number(exp) > now && Number(exp) - Number(iat) <= 3_600
  return sub === subject && iss === `${subject}.SHA256:${print}` && isInTime
}

function reply(response: ServerResponse, answer: Recorded): void {
  if (answer === 'never') return
  const { status, body, headers = {} } = answer
  const content = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const isPacked = headers['Content-Encoding'] === 'gzip' && typeof body !== 'string'
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(isPacked ? gzipSync(content) : content)
}
