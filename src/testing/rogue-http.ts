import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.ts'

/** A web server with bad intentions, which keeps every byte it is sent. */
export type RogueHttp = {
  readonly port: number
  /** All that clients have sent, TLS taken off. */
  heard(): string
  close(): Promise<void>
}

export type RogueHttpName = keyof typeof behaviours

/** Starts one, with TLS where it gets a certificate. `words` are what some of them answer with. */
export async function startRogueHttp(name: RogueHttpName, words = '', certificate?: Certificate): Promise<RogueHttp> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((raw) => {
    sockets.add(raw)
    raw.on('error', () => {})
    const socket =
      certificate === undefined
        ? raw
        : new TLSSocket(raw, { isServer: true, cert: certificate.certificate, key: certificate.key })
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk)
      if (chunk.includes('\r\n\r\n')) behaviours[name](socket, words)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  const { port } = server.address() as { port: number }
  return { port, heard: () => Buffer.concat(heard).toString('latin1'), close }
}

/** Sends the same again and again, as fast as it is taken. */
function flood(socket: Socket, chunk: Buffer): void {
  const more = () => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}

function drip(socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => {
    if (!socket.writable) clearInterval(timer)
    else socket.write(text.charAt(at++ % text.length))
  }, 200)
  socket.once('close', () => clearInterval(timer))
}

const listing = 'HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<ListBucketResult>'
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\na,b\n'

const behaviours = {
  'never answers': () => {},
  'sends garbage': (socket) => flood(socket, randomBytes(65_536)),
  'sends headers without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    flood(socket, Buffer.from(`X-More: ${'x'.repeat(1_000)}\r\n`))
  },
  'drips its answer': (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX: '),
  'sends a list without end': (socket) => {
    socket.write(listing)
    flood(socket, Buffer.from('<Contents><Key>a.csv</Key><Size>1</Size></Contents>'.repeat(1_000)))
  },
  'sends a line without end': (socket) => {
    socket.write(head)
    flood(socket, Buffer.alloc(65_536, 'x'))
  },
  'stops in the middle': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\na,b\n1,2\n'),
  'answers with': (socket, words) => {
    socket.write(words)
  },
} satisfies Record<string, (socket: Socket, words: string) => void>

/** Returns an answer with a body, for `answers with`. */
export function answer(status: string, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)) })
  return `HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
