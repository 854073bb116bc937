import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.ts'

/** A server that speaks PostgreSQL with bad intentions, and keeps every byte it is sent. */
export type Rogue = {
  readonly port: number
  /** All that clients have sent, TLS taken off. */
  heard(): Buffer
  close(): Promise<void>
}

export type RogueName = keyof typeof behaviours

/** Starts one. With a certificate it speaks TLS, without one it says that it has none. */
export async function startRogue(name: RogueName, certificate?: Certificate): Promise<Rogue> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (
      name === 'never answers' ||
      name === 'sends garbage' ||
      name === 'sends garbage that begins with a letter of ours'
    ) {
      socket.on('data', (chunk: Buffer) => heard.push(chunk))
      behaviours[name](new Talk(socket))
    } else greet(socket, certificate, (open) => listen(open, heard, name))
  })
  const port = await listenOnLoopback(server)
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { port, heard: () => Buffer.concat(heard), close }
}

/** One conversation. What waits for the client's next messages is asked for by `onNext`. */
class Talk {
  readonly socket: Socket
  readonly #waiting: ((chunk: Buffer) => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
  }

  hear(chunk: Buffer): void {
    this.#waiting.shift()?.(chunk)
  }

  send(...messages: readonly Buffer[]): this {
    if (this.socket.writable) this.socket.write(Buffer.concat(messages))
    return this
  }

  /** Acts on the next thing the client sends. */
  onNext(act: (chunk: Buffer) => void): void {
    this.#waiting.push(act)
  }

  /** Sends the same again and again, as fast as it is taken. */
  flood(chunk: Buffer): void {
    const more = () => {
      while (this.socket.writable && this.socket.write(chunk));
    }
    this.socket.on('drain', more)
    more()
  }
}

function message(type: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body)
  const header = Buffer.alloc(5)
  header.write(type)
  header.writeUInt32BE(bytes.length + 4, 1)
  return Buffer.concat([header, bytes])
}

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const int16 = (value: number) => int32(value).subarray(2)
const authentication = (code: number, body: Buffer | string = '') =>
  message('R', Buffer.concat([int32(code), Buffer.from(body)]))

const ok = authentication(0)
const ready = message('Z', 'I')
const welcome = Buffer.concat([ok, message('S', 'server_version\x0018.0\0'), message('K', Buffer.alloc(8)), ready])
const sasl = authentication(10, 'SCRAM-SHA-256\0\0')
const complete = Buffer.concat([message('C', 'SELECT 1\0'), ready])
const begun = Buffer.concat([message('C', 'BEGIN\0'), ready])
const error = (code: string, text: string) => message('E', `SFATAL\0VFATAL\0C${code}\0M${text}\0Rauth_failed\0\0`)

const field = (name: Buffer | string) =>
  Buffer.concat([Buffer.from(name), Buffer.from([0]), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)])
const description = (...names: readonly (Buffer | string)[]) =>
  message('T', Buffer.concat([int16(names.length), ...names.map(field)]))
const row = (...cells: readonly (Buffer | string)[]) =>
  message(
    'D',
    Buffer.concat([int16(cells.length), ...cells.flatMap((c) => [int32(Buffer.byteLength(c)), Buffer.from(c)])]),
  )
const parsed = Buffer.concat([message('1', ''), message('2', '')])

/** Answers SCRAM's first message with its own numbers. */
function scram(talk: Talk, rounds: number, final?: string): void {
  talk.send(sasl).onNext((first) => {
    const nonce = /r=([^,]*)$/.exec(first.toString('latin1'))?.[1] ?? ''
    const salt = randomBytes(16).toString('base64')
    talk.send(authentication(11, `r=${nonce}rogue,s=${salt},i=${rounds}`))
    if (final !== undefined) talk.onNext(() => talk.send(authentication(12, final), welcome))
  })
}

/** Lets the account in, lets it begin a transaction, and then does `act` on its first query. */
function inside(talk: Talk, act: () => void): void {
  talk.send(welcome).onNext(() => talk.send(begun).onNext(act))
}

const behaviours = {
  'never answers': () => {},
  'sends garbage': (talk) => talk.flood(randomBytes(65_536)),
  'sends garbage that begins with a letter of ours': (talk) => talk.flood(Buffer.alloc(65_536, 'R')),
  'refuses the password': (talk) => talk.send(error('28P01', 'password authentication failed for user "reader"')),
  'asks for the password in the clear': (talk) => talk.send(authentication(3)).onNext(() => talk.send(welcome)),
  'asks for an MD5': (talk) => talk.send(authentication(5, 'salt')).onNext(() => talk.send(welcome)),
  'asks for GSSAPI': (talk) => talk.send(authentication(7)),
  'asks for 20,000,000 rounds': (talk) => scram(talk, 20_000_000),
  'offers an unknown mechanism': (talk) => talk.send(authentication(10, 'SCRAM-PLAIN\0\0')),
  'leaves out its own proof': (talk) => talk.send(sasl).onNext(() => talk.send(welcome)),
  'gives a false proof': (talk) => scram(talk, 4_096, `v=${randomBytes(32).toString('base64')}`),
  'asks for the password after SCRAM': (talk) => talk.send(sasl).onNext(() => talk.send(authentication(3))),
  'repeats the password in an error': (talk) =>
    talk.send(authentication(3)).onNext((password) => {
      const typed = password.subarray(5, -1).toString()
      talk.send(error('28P01', `\x1b[31mno entry for ${typed}\x07, \u202e${typed}`))
    }),
  'sends rows without end': (talk) =>
    inside(talk, () => talk.send(parsed, description('a')).flood(Buffer.concat(Array(500).fill(row('x'.repeat(100)))))),
  'announces a row of two gigabytes': (talk) =>
    inside(talk, () =>
      talk.send(parsed, description('a'), Buffer.from('D\x7f\xff\xff\xff', 'latin1')).flood(Buffer.alloc(65_536, 1)),
    ),
  'sends notices without end': (talk) =>
    talk.send(ok).flood(Buffer.concat(Array(100).fill(message('N', 'SNOTICE\0Mhello\0\0')))),
  'sends one byte a second': (talk) => {
    let at = 0
    const timer = setInterval(() => {
      if (!talk.socket.writable) clearInterval(timer)
      else talk.socket.write(welcome.subarray(at, ++at))
    }, 1_000)
    talk.socket.once('close', () => clearInterval(timer))
  },
  'names schemas badly': (talk) =>
    inside(talk, () => talk.send(parsed, description('__proto__'), ...badNames.map((name) => row(name)), complete)),
  'names columns without end': (talk) =>
    inside(talk, () => talk.send(parsed, description(...Array(40_000).fill('x'.repeat(60))))),
} satisfies Record<string, (talk: Talk) => void>

/** Names that have broken programs before. */
export const badNames: readonly (Buffer | string)[] = [
  '__proto__',
  'constructor',
  '"; DROP TABLE users; --',
  '<script>alert(1)</script>',
  Buffer.from([0xff, 0xfe, 0x80, 0x41]),
  '\u202eevil',
]

/** Takes the startup message, with TLS before it where the client asks. */
function greet(socket: Socket, certificate: Certificate | undefined, next: (open: Socket) => void): void {
  socket.once('data', (first: Buffer) => {
    const asksForTls = first.length === 8 && first.readUInt32BE(4) === 80_877_103
    if (!asksForTls) {
      next(socket)
      socket.emit('data', first)
    } else if (certificate === undefined) {
      next(socket)
      socket.write('N')
    } else {
      socket.write('S')
      const { certificate: cert, key } = certificate
      const encrypted = new TLSSocket(socket, { isServer: true, cert, key })
      encrypted.on('error', () => {})
      next(encrypted)
    }
  })
}

function listen(socket: Socket, heard: Buffer[], name: RogueName): void {
  const talk = new Talk(socket)
  talk.onNext(() => behaviours[name](talk))
  socket.on('data', (chunk: Buffer) => {
    heard.push(chunk)
    talk.hear(chunk)
  })
}

function listenOnLoopback(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
