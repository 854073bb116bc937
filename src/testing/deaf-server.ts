import { createServer, type Socket } from 'node:net'

/** A server of no protocol, which keeps what it is sent. */
export type DeafServer = {
  readonly port: number
  /** All that was sent, a byte a character. */
  heard(): string
  /** Resolves when somebody connects from now on. */
  dialled(): Promise<void>
  close(): Promise<void>
}

/** Starts one on loopback, which does `greet` to whoever connects and answers nothing. */
export async function startDeaf(greet: (socket: Socket) => void = () => {}): Promise<DeafServer> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  let waiting: (() => void)[] = []
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    greet(socket)
    for (const arrived of waiting) arrived()
    waiting = []
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard: () => Buffer.concat(heard).toString('latin1'),
    dialled: () => new Promise((resolve) => waiting.push(resolve)),
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
