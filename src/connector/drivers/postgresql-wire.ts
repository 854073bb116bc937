import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { Refusal } from '../diagnosis.ts'

/** How the server had the account prove itself. `none` is a server that asked for nothing. */
export type Proof = 'scram' | 'password' | 'none'

/** Takes the rows of a COPY. */
export type CopySink = {
  /** One piece of the payload, which is the sink's from now on, and the number of rows that end in it. */
  take(bytes: Buffer, rows: number): void
  /** True while nothing more should be read; calls `resume` of the wire when that is over. */
  readonly isFull: boolean
}

/**
 * The connection as the client library sees it, with a guard in between. The guard reads the frames of the PostgreSQL
 * protocol before the library does, and ends the connection where the server asks for the password in the clear without
 * verified TLS, skips its own proof, announces a message larger than any honest one, or does not speak the protocol.
 * Notices are dropped, and the payload of a COPY goes past the library.
 */
export class Wire extends Duplex {
  readonly #socket: Socket
  readonly #mayAskForPassword: boolean
  readonly #onAuthenticated: (proof: Proof) => void
  readonly #header = Buffer.alloc(9)
  #headerLength = 0
  #bodyLeft = 0
  #judged: Buffer[] = []
  #goesTo: 'library' | 'copy' | 'nowhere' = 'library'
  #proof: Proof | 'scram begun' | 'scram answered' | null = null
  #messages = 0
  #bytes = 0
  #copy: CopySink | undefined

  /** `verified`: the server has proven who it is, so it may have the password itself. */
  constructor(socket: Socket, options: { verified: boolean; onAuthenticated: (proof: Proof) => void }) {
    super()
    this.#socket = socket
    this.#mayAskForPassword = options.verified
    this.#onAuthenticated = options.onAuthenticated
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.once('end', () => this.push(null))
    socket.once('error', (error) => this.destroy(error))
    socket.once('close', () => this.destroy())
  }

  /** The library calls this to connect; the socket is connected already. */
  connect(): this {
    process.nextTick(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  /** For channel binding. The library asks only where TLS is in use. */
  getPeerCertificate(): unknown {
    return this.#socket instanceof TLSSocket ? this.#socket.getPeerCertificate() : {}
  }

  /** Sends the payload of the COPY that follows to `sink` instead of the library. */
  copyInto(sink: CopySink): void {
    this.#copy = sink
  }

  /** Reads on after a full `CopySink` has room again. */
  resumeCopy(): void {
    this.#socket.resume()
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  /** The library writes a statement in five pieces at once. In one packet, a server wakes up once for it. */
  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  #receive(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.destroyed) {
      if (this.#bodyLeft === 0) {
        at = this.#takeRows(chunk, at)
        at = this.#readHeader(chunk, at)
        continue
      }
      const end = Math.min(chunk.length, at + this.#bodyLeft)
      this.#bodyLeft -= end - at
      if (this.#goesTo === 'copy') this.#copy?.take(chunk.subarray(at, end), this.#bodyLeft === 0 ? 1 : 0)
      else if (this.#goesTo === 'library') this.#judged.push(chunk.subarray(at, end))
      at = end
    }
    this.#pass()
    if (this.#copy?.isFull === true) this.#socket.pause()
  }

  /** Hands what was judged to the library, all that came together at once. */
  #pass(): void {
    if (this.#judged.length > 0) this.push(Buffer.concat(this.#judged))
    this.#judged = []
  }

  /**
   * Takes the rows of a COPY that are whole in `chunk` and returns where they end. Their headers are closed over in
   * place: a row costs a few dozen nanoseconds this way, and there are millions.
   */
  #takeRows(chunk: Buffer, from: number): number {
    if (this.#copy === undefined || this.#headerLength > 0) return from
    let at = from
    let end = from
    let rows = 0
    while (at + 5 <= chunk.length && chunk[at] === code.d) {
      const next = at + 1 + chunk.readUInt32BE(at + 1)
      if (next > chunk.length || next < at + 5) break
      chunk.copyWithin(end, at + 5, next)
      end += next - at - 5
      at = next
      rows++
    }
    if (rows > 0) this.#copy.take(chunk.subarray(from, end), rows)
    return at
  }

  /** Takes header bytes from `chunk` and returns where they end. Authentication requests count four bytes more. */
  #readHeader(chunk: Buffer, from: number): number {
    let at = from
    for (;;) {
      const wanted = this.#headerLength > 0 && this.#header[0] === code.R ? 9 : 5
      if (this.#headerLength === wanted) break
      const byte = chunk[at]
      if (byte === undefined) return at
      this.#header[this.#headerLength++] = byte
      at++
    }
    const length = this.#headerLength
    this.#headerLength = 0
    const refusal = this.#judge(this.#header[0] ?? 0, this.#header.readUInt32BE(1), length)
    if (refusal !== undefined) this.#refuse(refusal)
    else if (this.#goesTo === 'library') this.#judged.push(Buffer.from(this.#header.subarray(0, length)))
    return at
  }

  #refuse(refusal: Refusal): void {
    this.#pass()
    this.destroy(refusal)
  }

  #judge(type: number, length: number, headerLength: number): Refusal | undefined {
    this.#bodyLeft = length + 1 - headerLength
    if (this.#bodyLeft < 0) return notPostgres()
    if (type === code.d && this.#copy !== undefined) {
      this.#goesTo = 'copy'
      // A row without a body would otherwise never be counted.
      if (this.#bodyLeft === 0) this.#copy.take(nothing, 1)
      return undefined
    }
    const largest = largestMessage.get(type)
    if (largest === undefined) return notPostgres()
    this.#goesTo = type === code.N || type === code.A ? 'nowhere' : 'library'
    this.#messages++
    this.#bytes += length
    // A server that begins with so much speaks something else, whose first byte is one of our letters by chance.
    if (length > largest && this.#messages === 1) return notPostgres()
    if (length > largest || this.#bytes > mostBytes || this.#messages > mostMessages) return tooMuch()
    return type === code.R ? this.#judgeAuthentication(this.#header.readUInt32BE(5)) : undefined
  }

  #judgeAuthentication(request: number): Refusal | undefined {
    const before = this.#proof
    if (request === ask.ok) {
      if (before === 'scram begun') return skippedProof()
      const proof = before === 'scram answered' ? 'scram' : (before ?? 'none')
      if (proof === 'scram' || proof === 'password' || proof === 'none') this.#onAuthenticated(proof)
      return undefined
    }
    if (request === ask.saslContinue && before === 'scram begun') return undefined
    if (request === ask.saslFinal && before === 'scram begun') return this.#nowAt('scram answered')
    if (before !== null) return notPostgres()
    if (request === ask.sasl) return this.#nowAt('scram begun')
    if (request !== ask.cleartext && request !== ask.md5) return unknownMethod()
    return this.#mayAskForPassword ? this.#nowAt('password') : givesItAway(request === ask.md5)
  }

  #nowAt(proof: Proof | 'scram begun' | 'scram answered'): undefined {
    this.#proof = proof
  }
}

/** Message types of the protocol, by their letter. */
const code = { R: 0x52, N: 0x4e, A: 0x41, d: 0x64 } as const

const ask = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const

const megabyte = 1_048_576

/** What a server may send, and how large one such message may honestly be, in bytes. */
const largestMessage = new Map(
  Object.entries({
    ...{
      R: 16_384,
      K: 1_024,
      S: 65_536,
      Z: 16,
      E: megabyte,
      N: megabyte,
      A: 65_536,
      T: 2 * megabyte,
      D: 32 * megabyte,
    },
    ...{ C: 1_024, I: 16, '1': 16, '2': 16, '3': 16, s: 16, n: 16, t: 1_048_576, H: 16_384, c: 16 },
  }).map(([letter, bytes]) => [letter.charCodeAt(0), bytes]),
)

/** Of one job, COPY aside: previews and lists are far smaller. */
const mostBytes = 64 * megabyte
const mostMessages = 200_000

const nothing = Buffer.alloc(0)

function notPostgres(): Refusal {
  return new Refusal('current', 'protocol.unexpected', { sentence: 'The server does not speak PostgreSQL.' })
}

function tooMuch(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: 'The server sent more than an answer to this may be.',
    nextStep: 'Ask for less at once: fewer rows, or columns with shorter values.',
  })
}

function unknownMethod(): Refusal {
  return new Refusal('authentication', 'auth.method_refused', {
    sentence: 'The server wants to authenticate in a way that Keyward does not know, such as GSSAPI or SSPI.',
    nextStep: 'Have the server accept SCRAM (scram-sha-256) for this account.',
  })
}

function givesItAway(md5: boolean): Refusal {
  return new Refusal('authentication', 'auth.method_refused', {
    sentence: md5
      ? 'The server wants an MD5 of the password, which can be guessed by whoever reads it. Nothing was sent.'
      : 'The server wants the password itself, readable for others on the way. Nothing was sent.',
  })
}

function skippedProof(): Refusal {
  return new Refusal('authentication', 'protocol.unexpected', {
    sentence: 'The server did not prove that it knows this password.',
    nextStep: 'Check the host: another server may be posing as yours.',
  })
}
