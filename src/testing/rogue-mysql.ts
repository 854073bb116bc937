import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.ts'
import { badNames, type Rogue } from './rogue-postgres.ts'

export type RogueMysqlName = keyof typeof behaviours

/** Starts a server that speaks MySQL with bad intentions. With a certificate it speaks TLS, without one it offers none. */
export async function startRogueMysql(name: RogueMysqlName, certificate?: Certificate): Promise<Rogue> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const talk = new Talk(socket, heard)
    if (name === 'sends one byte a second') talk.drip(greeting(false))
    else if (name === 'announces a greeting of 16 MB') talk.send(Buffer.from([0xff, 0xff, 0xff, 0]))
    else talk.greet(certificate, () => behaviours[name](talk))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, heard: () => Buffer.concat(heard), close }
}

/** One conversation. Packets are numbered as the protocol wants it: on from what the client sent last. */
class Talk {
  #socket: Socket
  readonly #heard: Buffer[]
  readonly #waiting: ((chunk: Buffer) => void)[] = []
  #number = 0

  constructor(socket: Socket, heard: Buffer[]) {
    this.#socket = socket
    this.#heard = heard
    this.#listen(socket)
  }

  #listen(socket: Socket): void {
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#heard.push(chunk)
      this.#number = (chunk[3] ?? 0) + 1
      this.#waiting.shift()?.(chunk)
    })
  }

  /** Sends the greeting, speaks TLS where it can, and goes on when the client has said who it is. */
  greet(certificate: Certificate | undefined, next: () => void): void {
    this.send(numbered(0, greeting(certificate !== undefined)))
    this.onNext((answer) => {
      if (answer[0] !== sslRequest || certificate === undefined) return next()
      this.#socket.removeAllListeners('data').pause()
      // What the client sent right behind it belongs to TLS already.
      if (answer.length > 4 + sslRequest) this.#socket.unshift(answer.subarray(4 + sslRequest))
      const { certificate: cert, key } = certificate
      this.#socket = new TLSSocket(this.#socket, { isServer: true, cert, key })
      this.#listen(this.#socket)
      this.onNext(next)
    })
  }

  send(bytes: Buffer): this {
    if (this.#socket.writable) this.#socket.write(bytes)
    return this
  }

  packets(...bodies: readonly Buffer[]): this {
    return this.send(Buffer.concat(bodies.map((body) => numbered(this.#number++, body))))
  }

  /** Acts on the next thing the client sends. */
  onNext(act: (chunk: Buffer) => void): void {
    this.#waiting.push(act)
  }

  /** Lets the account in and answers with OK until a query that `wanted` matches, and then does `act`. */
  letIn(wanted: RegExp, act: () => void): void {
    const answer = (chunk: Buffer) => {
      const text = chunk.toString('utf8', 5)
      if (wanted.test(text)) return act()
      if (/^SELECT VERSION/.test(text)) this.packets(...result(['a', 'b'], [['11.4.2-MariaDB', 'rogue']]))
      else this.packets(ok)
      this.onNext(answer)
    }
    this.packets(ok).onNext(answer)
  }

  /** Sends the same again and again, as fast as it is taken. */
  flood(chunk: Buffer): void {
    const socket = this.#socket
    const more = () => {
      while (socket.writable && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  }

  drip(bytes: Buffer): void {
    let at = 0
    const packet = numbered(0, bytes)
    const timer = setInterval(() => {
      if (this.#socket.writable) this.send(packet.subarray(at, ++at))
      else clearInterval(timer)
    }, 1_000)
    this.#socket.once('close', () => clearInterval(timer))
  }
}

/** The length of the packet with which a client asks for TLS; no answer with a username is so short. */
const sslRequest = 32

function numbered(number: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(body.length, 0, 3)
  header[3] = number & 0xff
  return Buffer.concat([header, body])
}

const text = (value: string) => Buffer.from(`${value}\0`, 'latin1')

/** Everything that a server can offer, TLS where it has it. */
function greeting(tls: boolean): Buffer {
  const capabilities = Buffer.from([0xfe, tls ? 0xff : 0xf7])
  const seed = Buffer.from('0123456789abcdefghij')
  return Buffer.concat([
    ...[Buffer.from([10]), text('5.5.5-11.4.2-MariaDB'), Buffer.alloc(4, 1), seed.subarray(0, 8), Buffer.from([0])],
    ...[capabilities, Buffer.from([45, 2, 0, 0xff, 0xff, 21]), Buffer.alloc(6), Buffer.from([0x1d, 0, 0, 0])],
    ...[seed.subarray(8), Buffer.from([0]), text('mysql_native_password')],
  ])
}

const ok = Buffer.from([0, 0, 0, 2, 0, 0, 0])
const end = Buffer.from([0xfe, 0, 0, 2, 0])
const switchTo = (method: string) => Buffer.concat([Buffer.from([0xfe]), text(method), text('0123456789abcdefghij')])
const localFile = (path: string) => Buffer.concat([Buffer.from([0xfb]), Buffer.from(path)])
const error = (number: number, message: string) =>
  Buffer.concat([Buffer.from([0xff, number & 0xff, number >> 8]), Buffer.from(`#28000${message}`)])

const cell = (value: Buffer | string) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
const row = (cells: readonly (Buffer | string)[]) => Buffer.concat(cells.map(cell))
/** A column of text, with the extended metadata that was offered. */
const column = (name: string) =>
  Buffer.concat([
    ...['def', '', '', '', name, name].map(cell),
    Buffer.from([0, 0x0c, 45, 0, 0, 1, 0, 0, 0xfd, 0, 0, 0, 0, 0]),
  ])
const columns = (names: readonly string[]) => [Buffer.from([names.length]), ...names.map(column), end]
const result = (names: readonly string[], rows: readonly (readonly (Buffer | string)[])[]) => [
  ...columns(names),
  ...rows.map(row),
  end,
]

/** The password as it was sent in answer to a request for it. */
const typedIn = (chunk: Buffer) => chunk.subarray(4).toString().replace(/\0$/, '')

const ownKey = Buffer.concat([
  Buffer.from([1]),
  Buffer.from('-----BEGIN PUBLIC KEY-----\nMFww\n-----END PUBLIC KEY-----\n'),
])
const wantsPassword = Buffer.from([1, 4])

const behaviours = {
  'sends one byte a second': () => {},
  'announces a greeting of 16 MB': () => {},
  'refuses the password': (talk) => talk.packets(error(1045, "Access denied for user 'reader'@'localhost'")),
  'asks for the password in the clear': (talk) => ask(talk, 'mysql_clear_password'),
  'asks for the password as PAM does': (talk) => ask(talk, 'dialog'),
  'asks for the method of MySQL 3': (talk) => ask(talk, 'mysql_old_password'),
  'asks for the method of MySQL 3 without a name': (talk) =>
    talk.packets(Buffer.from([0xfe])).onNext(() => talk.packets(ok)),
  'asks for an unknown method': (talk) => ask(talk, 'auth_gssapi_client'),
  'asks for sha256_password': (talk) => ask(talk, 'sha256_password'),
  'offers its own RSA key': (talk) =>
    talk.packets(switchTo('caching_sha2_password')).onNext(() => talk.packets(ownKey).onNext(() => talk.packets(ok))),
  'asks for all of caching_sha2_password': (talk) =>
    talk
      .packets(switchTo('caching_sha2_password'))
      .onNext(() => talk.packets(wantsPassword).onNext(() => talk.packets(ok))),
  'switches methods without end': (talk) => {
    const again = () => talk.packets(switchTo('mysql_native_password')).onNext(again)
    again()
  },
  'repeats the password in an error': (talk) =>
    talk.packets(switchTo('sha256_password')).onNext((chunk) => {
      const typed = typedIn(chunk)
      talk.packets(error(1045, `\x1b[31mno entry for ${typed}\x07, \u202e${typed}`))
    }),
  'asks for a file at once': (talk) => talk.packets(ok).onNext(() => asksForFile(talk)),
  'asks for a file instead of rows': (talk) => talk.letIn(/information_schema/, () => asksForFile(talk)),
  'asks for a file instead of signing in': (talk) => asksForFile(talk),
  'sends rows without end': (talk) =>
    talk.letIn(/information_schema/, () => {
      talk.packets(...columns(['a', 'b', 'c']))
      talk.flood(Buffer.concat(Array(500).fill(numbered(9, row(['x'.repeat(100), 'shop', 'VIEW'])))))
    }),
  'announces a row of 16 MB and more': (talk) =>
    talk.letIn(/information_schema/, () => {
      talk.packets(...columns(['a'])).send(Buffer.from([0xff, 0xff, 0xff, 5]))
      talk.flood(Buffer.alloc(65_536, 1))
    }),
  'names columns without end': (talk) =>
    talk.letIn(/information_schema/, () =>
      talk.packets(Buffer.from([0xfc, 0xff, 0xff])).flood(numbered(2, column('a'))),
    ),
  'sends the wrong number of cells': (talk) =>
    talk.letIn(/^SELECT \* FROM/, () => {
      talk.packets(...result(['a', 'b'], []))
      talk.onNext(() => talk.packets(...columns(['a', 'b']), row(['only one']), end))
    }),
  'speaks unasked': (talk) => talk.packets(ok, ...result(['a'], [['b']])),
  'names schemas badly': (talk) =>
    talk.letIn(/information_schema/, () =>
      talk.packets(
        ...result(
          ['__proto__'],
          badNames.map((name) => [name]),
        ),
      ),
    ),
} satisfies Record<string, (talk: Talk) => void>

/** Asks for a method, and lets in whoever answers. */
function ask(talk: Talk, method: string): void {
  talk.packets(switchTo(method)).onNext(() => talk.packets(ok))
}

function asksForFile(talk: Talk): void {
  talk.packets(localFile('/etc/passwd')).onNext(() => talk.packets(ok))
}
