import { createHash, createHmac, pbkdf2Sync, randomUUID } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { Secret } from '../../secrets/secret.ts'
import type { Job, Reporter } from '../driver.ts'
import { createDialer, type EgressPolicy } from '../egress.ts'
import { client } from './postgresql-client.ts'

/**
 * Signs in to a server that is made up in this process, from looking a name up to saying goodbye, and loads what TLS needs,
 * so that the first real sign-in finds its code compiled. What goes over the connection stays in this process: it is a
 * socket of this machine's own kind, by a name that no one knows. Resolves to whether the made-up account got in.
 */
export async function rehearse(): Promise<boolean> {
  createSecureContext()
  const server = createServer(answerAll)
  try {
    const path = await listen(server)
    const dial = createDialer({
      policy: thisMachine,
      report,
      signal,
      tcpMilliseconds: 500,
      connect: () => connect(path),
    })
    const { privileges } = await client.signIn({ job, dial, report, signal }, {})
    return privileges?.superuser === true
  } finally {
    server.close()
  }
}

/** In the namespace of names without files, which is Linux's; elsewhere there is no rehearsal. */
function listen(server: Server): Promise<string> {
  const path = `\0keyward-rehearsal-${randomUUID()}`
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(path))
  })
}

const thisMachine: EgressPolicy = {
  deployment: 'managed',
  allow: [{ kind: 'name', name: 'localhost', ports: null }],
  deny: [],
}
const report: Reporter = { passed: () => {}, notApplicable: () => {}, progress: () => {} }
const { signal } = new AbortController()

const password = 'rehearsal'

const job: Job = {
  driver: 'postgresql',
  destination: { driver: 'postgresql', host: 'localhost', port: 5432, tls: 'disable', ca: null },
  parameters: { database: 'rehearsal' },
  credential: { type: 'basic', fields: { username: new Secret('nobody'), password: new Secret(password) } },
  operation: 'signIn',
  input: {},
  limits: { milliseconds: 1_000, heapMegabytes: 256, cellCharacters: 100 },
  runId: 'rehearsal',
}

function answerAll(socket: Socket): void {
  const server = new MadeUpServer()
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    socket.write(server.answer(chunk))
  })
}

/** The other end of a connection: takes each of the client's messages and answers it. */
class MadeUpServer {
  #nonce = ''
  #firstMessages = ''

  /** The library writes whole messages. */
  answer(chunk: Buffer): Buffer {
    const [type] = chunk
    if (type === 0) return authentication(10, 'SCRAM-SHA-256\0\0')
    if (type === letter('p')) return this.#nonce === '' ? this.#challenge(chunk) : this.#welcome(chunk)
    if (type === letter('Q'))
      return Buffer.concat([answerOf('PostgreSQL'), answerOf(), answerOf('public', 'one'), ready])
    // Each statement that is sent by the longer protocol ends in a message that is not part of anything else.
    const statements = chunk.toString('latin1').split(sync).length - 1
    return Buffer.concat(Array(statements).fill(Buffer.concat([parsed, answerOf('t', 'f'), ready])))
  }

  #challenge(chunk: Buffer): Buffer {
    const [, first = '', nonce = ''] = /(n=[^,]*,r=(.*))$/s.exec(chunk.toString('latin1')) ?? []
    this.#nonce = `${nonce}made-up`
    const challenge = `r=${this.#nonce},s=${salt.toString('base64')},i=1`
    this.#firstMessages = `${first},${challenge}`
    return authentication(11, challenge)
  }

  #welcome(chunk: Buffer): Buffer {
    const [, unproven = ''] = /(c=.*),p=/s.exec(chunk.toString('latin1')) ?? []
    const key = createHmac('sha256', pbkdf2Sync(password, salt, 1, 32, 'sha256'))
      .update('Server Key')
      .digest()
    const signature = createHmac('sha256', key).update(`${this.#firstMessages},${unproven}`).digest('base64')
    const version = message('S', 'server_version\x0018.0\0')
    return Buffer.concat([authentication(12, `v=${signature}`), authentication(0), version, ready])
  }
}

function letter(one: string): number {
  return one.charCodeAt(0)
}

function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int16(value: number): Buffer {
  return int32(value).subarray(2)
}

function authentication(request: number, body = ''): Buffer {
  return message('R', int32(request), body)
}

/** A row of these cells; none where there are none. */
function answerOf(...cells: readonly string[]): Buffer {
  const field = Buffer.concat([Buffer.from('a\0'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)])
  const description = message('T', int16(cells.length), ...cells.map(() => field))
  const row = message('D', int16(cells.length), ...cells.flatMap((cell) => [int32(cell.length), cell]))
  return Buffer.concat([description, ...(cells.length === 0 ? [] : [row]), message('C', 'SELECT 1\0')])
}

const salt = createHash('sha256').update('rehearsal').digest()
const ready = message('Z', 'I')
const parsed = Buffer.concat([message('1'), message('2')])
const sync = message('S').toString('latin1')
