import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { Refusal } from '../diagnosis.ts'
import type { Destination, Reporter } from '../driver.ts'
import { closedWithoutAnswer, reportTls, startTls } from '../tls.ts'

/**
 * Greets the server as TDS does and resolves to the encrypted connection, or to the plain one where the destination says
 * so. Reports the rung; rejects with a `Refusal`. A server that offers no TLS is never accepted in silence: the client
 * library would send the password to it all the same.
 */
export async function secure(socket: Socket, destination: Destination, report: Reporter): Promise<Duplex> {
  if (destination.tls === 'disable') {
    reportTls(destination, report)
    return socket
  }
  const packets = new Packets(socket)
  packets.write(preLogin(on))
  const offered = encryptionIn(await firstAnswer(packets))
  if (offered !== on && offered !== required) throw new Refusal('tls', 'tls.not_offered')
  // TLS 1.3 sends more after its handshake, which could not be told from what is no longer in packets.
  const encrypted = await startTls(packets, destination, report, { maxVersion: 'TLSv1.2' })
  packets.stopFraming()
  return encrypted
}

const on = 1
const notSupported = 2
const required = 3

/** Bytes in front of each packet: its kind, whether it is the last of a message, its length, and four of no matter. */
export const headerLength = 8

/** Returns a packet that is a whole message of kind *pre-login*, or an answer to one, which is a table. */
export function packet(kind: 'pre-login' | 'table', body: Buffer): Buffer {
  const header = Buffer.from([kind === 'table' ? 0x04 : 0x12, 1, 0, 0, 0, 0, 1, 0])
  header.writeUInt16BE(headerLength + body.length, 2)
  return Buffer.concat([header, body])
}

/** Returns what each side says first: a version, and how it would encrypt. */
export function preLogin(encryption: number): Buffer {
  return Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, encryption])
}

function encryptionIn(answer: Buffer): number {
  for (let at = 0; at + 5 <= answer.length && answer[at] !== 0xff; at += 5) {
    const place = answer.readUInt16BE(at + 1)
    if (answer[at] === 1) return answer[place] ?? notSupported
  }
  throw notTds()
}

function notTds(): Refusal {
  return new Refusal('tls', 'protocol.unexpected', {
    sentence: 'What answers there does not speak TDS, the protocol of SQL Server.',
    nextStep: 'Check host and port. A server that forces strict encryption (TDS 8) is not supported yet.',
  })
}

function firstAnswer(packets: Packets): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(closedWithoutAnswer())
    const failed = (error: Error) => reject(error instanceof Refusal ? error : closedWithoutAnswer())
    packets.once('end', ended).once('error', failed)
    packets.once('data', (answer: Buffer) => {
      packets.pause()
      packets.off('end', ended).off('error', failed)
      packets.on('error', () => {})
      resolve(answer)
    })
  })
}

/** The bodies of pre-login packets, in which TDS has the handshake of TLS travel; later the bytes as they come. */
class Packets extends Duplex {
  readonly #socket: Socket
  #framing = true
  #waiting: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.once('end', () => this.push(null))
    socket.once('error', (error) => this.destroy(error))
    socket.once('close', () => this.destroy())
  }

  stopFraming(): void {
    this.#framing = false
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(this.#framing ? packet('pre-login', chunk) : chunk, done)
  }

  /** What is written together is one message. */
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'utf8', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  #receive(chunk: Buffer): void {
    if (!this.#framing) {
      if (!this.push(chunk)) this.#socket.pause()
      return
    }
    this.#waiting = Buffer.concat([this.#waiting, chunk])
    while (this.#waiting.length >= headerLength) {
      const length = this.#waiting.readUInt16BE(2)
      const kind = this.#waiting[0]
      if ((kind !== 0x04 && kind !== 0x12) || length < headerLength) return void this.destroy(notTds())
      if (this.#waiting.length < length) return
      this.push(this.#waiting.subarray(headerLength, length))
      this.#waiting = this.#waiting.subarray(length)
    }
  }
}
