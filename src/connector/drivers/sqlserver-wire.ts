import { Duplex } from 'node:stream'
import { Refusal } from '../diagnosis.ts'
import { headerLength, packet, preLogin } from './sqlserver-tls.ts'

/**
 * The connection as the client library sees it: a server that has just been reached and cannot encrypt, since the greeting
 * is over and the connection is encrypted already. The guard ends it where the server sends more than it honestly would.
 */
export class Wire extends Duplex {
  readonly #connection: Duplex
  #greeting: Buffer | undefined = Buffer.alloc(0)
  #bytes = 0

  constructor(connection: Duplex) {
    super()
    this.#connection = connection
    connection.on('data', (chunk: Buffer) => this.#receive(chunk))
    connection.once('end', () => this.push(null))
    connection.once('error', (error) => this.destroy(error))
    connection.once('close', () => this.destroy())
    connection.pause()
  }

  /** A row of an import has arrived whole; what comes next is counted anew. */
  countAnew(): void {
    this.#bytes = 0
  }

  /** The library calls these as it would of a socket. */
  setKeepAlive(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  override _read(): void {
    this.#connection.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#greeting === undefined) this.#connection.write(chunk, done)
    else {
      this.#greet(Buffer.concat([this.#greeting, chunk]))
      done()
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.destroy()
    done(error)
  }

  /** Answers the library's greeting in the server's place. */
  #greet(greeting: Buffer): void {
    this.#greeting = greeting
    if (greeting.length < headerLength || greeting.length < greeting.readUInt16BE(2)) return
    this.#greeting = undefined
    this.push(packet('table', preLogin(cannotEncrypt)))
  }

  #receive(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > mostBytes) this.destroy(tooMuch())
    else if (!this.push(chunk)) this.#connection.pause()
  }
}

const cannotEncrypt = 2

/** Of one job, or between two rows of an import: previews and lists are far smaller, and so is a row that can be kept. */
const mostBytes = 67_108_864

function tooMuch(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: 'The server sent more than an answer to this may be.',
    nextStep: 'Ask for less at once: fewer rows, or columns with shorter values.',
  })
}
