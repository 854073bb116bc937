import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createSecureContext } from 'node:tls'
import { Secret } from '../../secrets/secret.ts'
import type { Session } from '../driver.ts'
import { createDialer, type EgressPolicy } from '../egress.ts'
import { client } from './postgresql-client.ts'

/**
 * Signs in once to a server that is made up in this process, and loads what looking up a name and TLS need, so that the
 * first real sign-in finds its code compiled. Opens no socket and knows no secret. Resolves to whether the made-up account
 * got in.
 */
export async function rehearse(): Promise<boolean> {
  createSecureContext()
  void askForTheWay()
  const { privileges } = await client.signIn(session, {})
  return privileges?.superuser === true
}

/**
 * Looks this machine's own name up and has its address judged, which is refused: the first look of a process takes the
 * system several milliseconds.
 */
async function askForTheWay(): Promise<void> {
  const { report, signal } = session
  const dial = createDialer({ policy: nowhere, report, signal, tcpMilliseconds: 1 })
  const opened = await dial('localhost', 5432).catch(() => undefined)
  opened?.destroy()
}

const nowhere: EgressPolicy = { deployment: 'managed', allow: [], deny: [] }

const password = 'rehearsal'

const session: Session = {
  job: {
    driver: 'postgresql',
    destination: { driver: 'postgresql', host: 'rehearsal', port: 5432, tls: 'disable', ca: null },
    parameters: { database: 'rehearsal' },
    credential: { type: 'basic', fields: { username: new Secret('nobody'), password: new Secret(password) } },
    operation: 'signIn',
    input: {},
    limits: { milliseconds: 1_000, heapMegabytes: 256, cellCharacters: 100 },
    runId: 'rehearsal',
  },
  dial: async () => new MadeUpServer() as unknown as Socket,
  report: { passed: () => {}, notApplicable: () => {}, progress: () => {} },
  signal: new AbortController().signal,
}

/** The other end of a connection: takes each of the client's messages and answers it. */
class MadeUpServer extends Duplex {
  #nonce = ''
  #firstMessages = ''

  override _read(): void {}

  /** The library writes whole messages, and one that wants an answer last. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const answer = this.#answer(chunk)
    if (answer !== undefined) setImmediate(() => this.push(answer))
    done()
  }

  #answer(chunk: Buffer): Buffer | undefined {
    const [type] = chunk
    if (type === 0) return authentication(10, 'SCRAM-SHA-256\0\0')
    if (type === letter('p')) return this.#nonce === '' ? this.#challenge(chunk) : this.#welcome(chunk)
    if (type === letter('Q'))
      return Buffer.concat([answerOf('PostgreSQL'), answerOf(), answerOf('public', 'one'), ready])
    // The end of one of the statements that are sent by the longer protocol.
    return chunk.subarray(-5).equals(sync) ? Buffer.concat([parsed, answerOf('t', 'f'), ready]) : undefined
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
const sync = message('S')
