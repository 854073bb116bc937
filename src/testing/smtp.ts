import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.ts'

/** A mail that was taken. */
export type Mail = { readonly from: string; readonly to: string; readonly text: string; readonly secure: boolean }

/** What is odd about a server. `refuses` answers a command that begins so with a code. */
export type SmtpOptions = {
  readonly startTls?: Certificate
  /** Shown at once, as SMTPS does. */
  readonly tls?: Certificate
  readonly refuses?: { readonly command: string; readonly answer: string }
}

/** A mail server on this machine that keeps what it gets and every command it hears. Close it at the end. */
export async function smtpServer(options: SmtpOptions = {}) {
  const mails: Mail[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const heard = options.tls === undefined ? socket : encrypt(socket, options.tls)
    heard.write('220 test ready\r\n')
    converse(heard, { options, mails, commands, secure: options.tls !== undefined })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    commands,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

type Conversation = {
  readonly options: SmtpOptions
  readonly mails: Mail[]
  readonly commands: string[]
  readonly secure: boolean
}

function converse(socket: Socket, { options, mails, commands, secure }: Conversation): void {
  const { refuses, startTls } = options
  let pending = ''
  let mail = { from: '', to: '' }
  let isData = false
  const answerTo = (line: string): string => {
    commands.push(line)
    if (refuses !== undefined && line.startsWith(refuses.command)) return refuses.answer
    if (line.startsWith('EHLO')) return `250-test\r\n250 ${startTls && !secure ? 'STARTTLS' : 'AUTH PLAIN'}`
    if (line === 'STARTTLS') return startTls ? '220 go ahead' : '502 not here'
    if (line.startsWith('AUTH')) return '235 welcome'
    if (line.startsWith('MAIL FROM:')) mail = { ...mail, from: line.slice(10) }
    if (line.startsWith('RCPT TO:')) mail = { ...mail, to: line.slice(8) }
    isData = line === 'DATA'
    return isData ? '354 go ahead' : line === 'QUIT' ? '221 bye' : '250 ok'
  }
  const take = (text: string): string => {
    isData = false
    mails.push({ ...mail, text, secure })
    return '250 taken'
  }
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    pending += chunk.toString('utf8')
    for (let end = endOf(pending, isData); end > 0; end = endOf(pending, isData)) {
      const text = pending.slice(0, end).replace(/\r\n(\.\r\n)?$/, '')
      pending = pending.slice(end)
      socket.write(`${isData ? take(text) : answerTo(text)}\r\n`)
      if (text !== 'STARTTLS' || startTls === undefined) continue
      socket.removeAllListeners('data')
      return converse(encrypt(socket, startTls), { options, mails, commands, secure: true })
    }
  })
}

function encrypt(socket: Socket, { certificate: cert, key }: Certificate): TLSSocket {
  return new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ cert, key }) })
}

/** Where the next command or mail ends; 0 where that has not come yet. */
function endOf(pending: string, isData: boolean): number {
  const mark = isData ? '\r\n.\r\n' : '\r\n'
  const at = pending.indexOf(mark)
  return at < 0 ? 0 : at + mark.length
}
