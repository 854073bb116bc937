import { createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.ts'
import type { Rogue } from './rogue-postgres.ts'
import { columns, done, error, loginAck, packetOf, routing, row, tableMessage } from './tds-tokens.ts'

export type TdsRogueName = keyof typeof behaviours

/**
 * Starts a server that speaks TDS as SQL Server does, or with bad intentions, and keeps every byte it is sent, TLS taken
 * off. Without a certificate it says that it cannot encrypt, and takes whoever signs in all the same.
 */
export async function startTdsRogue(name: TdsRogueName, certificate?: Certificate): Promise<Rogue> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    const answers: (open: Duplex, words: Words) => void = behaviours[name]
    greet(socket, certificate, (open) => listen(open, heard, answers))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard: () => Buffer.concat(heard),
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** What a client asks: its kind (16 is a sign-in), and whether its statement holds a text. */
type Words = { readonly kind: number; has(text: string): boolean }

function say(open: Duplex, ...tokens: readonly Buffer[]): void {
  if (open.writable) open.write(tableMessage(...tokens))
}

/** Signs everybody in, and then does `act` on the first statement that is about data. */
function inside(act: (open: Duplex, words: Words) => void) {
  return (open: Duplex, words: Words) => {
    if (words.kind === 16) say(open, loginAck, done)
    else if (words.has('set ') || words.has('BEGIN TRANSACTION')) say(open, done)
    else if (words.has('ProductVersion')) say(open, columns('', 0), row('16.0.4105.2', 3), done)
    else act(open, words)
  }
}

/** Describes three columns, and gives `act` what follows. */
function reading(act: (open: Duplex) => void) {
  return inside((open, words) => {
    if (!words.has('dm_exec_describe')) return act(open)
    const described = [row('id', 'int', null, null), row('name', 'nvarchar(50)', null, null)]
    say(open, columns('', '', '', ''), ...described, row('raw', 'varbinary(8)', null, null), done)
  })
}

const dataColumns = columns(0, '', Buffer.alloc(0))
const dataRow = (id: number) => row(id, id % 2 === 0 ? null : `a\tb\\c\n${id}`, Buffer.from([0, 255]))

function flood(open: Duplex, bytes: Buffer): void {
  const more = () => {
    while (open.writable && open.write(bytes));
  }
  open.on('drain', more)
  more()
}

const behaviours = {
  'refuses the password': (open) => say(open, error(18456, "Login failed for user 'reader'.")),
  'has no such database': (open) =>
    say(open, error(4060, 'Cannot open database "shop"'), error(18456, "Login failed for user 'reader'.")),
  'sends elsewhere': (open) => say(open, loginAck, routing('127.0.0.1', 9), done),
  'answers a sign-in with garbage': (open) => void open.write(packetOf(0x04, Buffer.alloc(200, 0x17))),
  'hangs up on a sign-in': (open) => open.destroy(),
  'lets no one read': inside((open, words) => {
    if (words.has('HAS_PERMS_BY_NAME')) say(open, columns('', ''), row('dbo', 'orders'), done)
    else say(open, error(229, "The SELECT permission was denied on the object 'orders'."))
  }),
  'has an empty database': inside((open) => say(open, columns(''), done)),
  'names schemas badly': inside((open) =>
    say(open, columns(''), row('__proto__'), row('"; DROP'), row('<script>'), row('\u202eevil'), done),
  ),
  'sends rows without end': inside((open) => {
    open.write(packetOf(0x04, columns(''), false))
    flood(open, packetOf(0x04, Buffer.concat(Array(20).fill(row('x'.repeat(99)))), false))
  }),
  'does not answer a query': inside(() => {}),
  'has three rows': reading((open) => say(open, dataColumns, dataRow(1), dataRow(2), dataRow(3), done)),
  'has many rows': reading((open) =>
    say(open, dataColumns, ...Array.from({ length: 20_000 }, (_, id) => dataRow(id)), done),
  ),
  'has rows without end': reading((open) => {
    open.write(packetOf(0x04, dataColumns, false))
    flood(open, packetOf(0x04, Buffer.concat(Array(50).fill(dataRow(1))), false))
  }),
  'fails after some rows': reading((open) => say(open, dataColumns, dataRow(1), error(8134, 'Divide by zero error.'))),
  'hangs up after some rows': reading((open) => {
    open.write(packetOf(0x04, Buffer.concat([dataColumns, dataRow(1)]), false))
    setTimeout(() => open.destroy(), 200)
  }),
  'knows no such table': inside((open) =>
    say(open, columns('', '', 0, ''), row(null, null, 208, "Invalid object name 'nothing'."), done),
  ),
} satisfies Record<string, (open: Duplex, words: Words) => void>

/** Answers the first message of a client, and encrypts where it can. */
function greet(socket: Socket, certificate: Certificate | undefined, next: (open: Duplex) => void): void {
  socket.once('data', () => {
    const encryption = certificate === undefined ? 2 : 1
    const body = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0x10, 0x09, 0, 0, encryption]
    socket.write(packetOf(0x04, Buffer.from(body)))
    if (certificate === undefined) return next(socket)
    const { certificate: cert, key } = certificate
    const encrypted = new TLSSocket(unpacked(socket) as unknown as Socket, { isServer: true, cert, key })
    encrypted.on('error', () => socket.destroy())
    next(encrypted)
  })
}

/** The handshake without its packets; after it, the bytes as they are. They begin with what begins no packet. */
function unpacked(socket: Socket): Duplex {
  let waiting = Buffer.alloc(0)
  let framing = true
  const inner = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, written) => void socket.write(framing ? packetOf(0x12, chunk) : chunk, written),
    destroy: (problem, ended) => {
      socket.destroy()
      ended(problem)
    },
  })
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    while (framing && waiting.length >= 8 && waiting[0] === 0x12) {
      const length = waiting.readUInt16BE(2)
      if (waiting.length < length) return
      inner.push(waiting.subarray(8, length))
      waiting = waiting.subarray(length)
    }
    if (waiting.length === 0 || waiting[0] === 0x12) return
    framing = false
    inner.push(waiting)
    waiting = Buffer.alloc(0)
  })
  socket.once('close', () => inner.push(null))
  return inner
}

function listen(open: Duplex, heard: Buffer[], answer: (open: Duplex, words: Words) => void): void {
  let waiting = Buffer.alloc(0)
  let message: Buffer[] = []
  open.on('data', (chunk: Buffer) => {
    heard.push(chunk)
    waiting = Buffer.concat([waiting, chunk])
    while (waiting.length >= 8 && waiting.length >= waiting.readUInt16BE(2)) {
      const length = Math.max(8, waiting.readUInt16BE(2))
      const [kind = 0, status = 0] = waiting
      message.push(waiting.subarray(8, length))
      waiting = waiting.subarray(length)
      if ((status & 1) === 0) continue
      const whole = Buffer.concat(message)
      message = []
      answer(open, { kind, has: (text) => whole.includes(Buffer.from(text, 'ucs2')) })
    }
  })
}
