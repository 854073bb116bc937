import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { OperatorError } from './operator-error.ts'

/** A listening server. */
export type Listening = {
  /** The port it got; another than asked for when that was 0. */
  readonly port: number
  /** Takes no more connections, waits at most `milliseconds` for running requests, then cuts them. */
  drain(milliseconds: number): Promise<void>
}

type Application = { fetch(request: Request, env: unknown): Response | Promise<Response> }

/** Listens on `host` and `port`; rejects with a sentence when it may not or someone else does. */
export async function listen(
  app: Application,
  options: { readonly host: string; readonly port: number; readonly serverOptions?: object },
): Promise<Listening> {
  const { host, port, serverOptions = {} } = options
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions, hostname: host }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain: (milliseconds) => drain(server, milliseconds),
  }
}

async function drain(server: Server, milliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that is kept alive becomes idle only when its request is answered.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const impatient = setTimeout(() => server.closeAllConnections(), milliseconds)
  await closed
  clearInterval(idle)
  clearTimeout(impatient)
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken by another program. Stop that program, or set PORT to another number.`,
    EACCES: `This account may not listen on port ${port}. Set PORT to a number above 1023.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set HOST to one that is, such as 127.0.0.1.`,
    ENOTFOUND: `HOST names "${host}", which has no address. Set it to an address of this machine, such as 127.0.0.1.`,
  }
  const sentence = sentences[error.code ?? '']
  return sentence === undefined ? error : new OperatorError(sentence)
}
