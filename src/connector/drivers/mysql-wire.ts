import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { Refusal } from '../diagnosis.ts'
import { notMysql } from './mysql-greeting.ts'
import { isChallenge, needsPassword, refusedMethod, refusedOwnKey } from './mysql-methods.ts'

/** Takes the rows of one result, each without its header. */
export type RowSink = {
  /** One row, at `from` to `to` of `bytes`, which is not the sink's to keep. Returns a refusal to end with. */
  take(bytes: Buffer, from: number, to: number): Refusal | undefined
  /** True while nothing more should be read; whoever fills it calls `resumeRows` of the wire when that is over. */
  readonly isFull: boolean
}

export type WireOptions = {
  /** The server has proven who it is, so it may have the password itself. */
  readonly verified: boolean
  readonly encrypted: boolean
  readonly password: string
  /** The greeting that the client library is to see. */
  readonly greeting: Buffer
}

/**
 * The connection as the client library sees it, with a guard in between. The guard takes the packets of the MySQL protocol
 * apart before the library does, and ends the connection where the server asks for a password in a way that gives it away,
 * for a file of this machine, sends a packet larger than any honest one, or does not speak the protocol. The password
 * itself is written here and only here, to a server that was verified. Rows of an import go past the library.
 */
export class Wire extends Duplex {
  readonly #socket: Socket
  readonly #options: WireOptions
  #state: 'signing in' | 'idle' | 'answer' | 'columns' | 'columns end' | 'rows' = 'signing in'
  #method = 'mysql_native_password'
  #switches = 0
  #columnsLeft = 0
  #packets = 0
  #bytes = 0
  #gathered: Buffer[] = []
  #have = 0
  #need = headerLength
  #wrote = false
  #sink: RowSink | undefined
  /** Why the connection was ended, where the guard did it. */
  refusal: Refusal | undefined

  constructor(socket: Socket, options: WireOptions) {
    super()
    this.#socket = socket
    this.#options = options
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.once('end', () => this.push(null))
    socket.once('error', (error) => this.destroy(error))
    socket.once('close', () => this.destroy())
  }

  /** Begins, when the library listens. */
  start(): this {
    process.nextTick(() => {
      this.emit('connect')
      this.push(this.#options.greeting)
      this.#socket.resume()
    })
    return this
  }

  /** The library sets one. Time is kept elsewhere. */
  setTimeout(): this {
    return this
  }

  /** Sends the rows of the result that follows to `sink` instead of the library. */
  rowsInto(sink: RowSink): void {
    this.#sink = sink
  }

  /** Reads on after a full `RowSink` has room again. */
  resumeRows(): void {
    this.#socket.resume()
  }

  override _read(): void {}

  /** The library uses its buffer again, so what is written is a copy. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const copy = Buffer.from(chunk)
    if (this.#state === 'signing in') this.#adapt(copy)
    else if (this.#state === 'idle') this.#state = 'answer'
    this.#socket.write(copy)
    done()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  /** The request for TLS was a packet that the library knows nothing of: numbers are one higher, and its bit is set. */
  #adapt(packet: Buffer): void {
    if (this.#options.encrypted) {
      packet[3] = (packet[3] ?? 0) + 1
      if (!this.#wrote) packet[5] = (packet[5] ?? 0) | sslBit
    }
    this.#wrote = true
  }

  #receive(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.destroyed) {
      if (this.#have === 0) at = this.#takeWhole(chunk, at)
      if (at < chunk.length && !this.destroyed) at = this.#gather(chunk, at)
    }
    if (this.#sink?.isFull === true) this.#socket.pause()
  }

  /** Takes the packets that are whole in `chunk` and returns where they end: a row costs no buffer of its own this way. */
  #takeWhole(chunk: Buffer, from: number): number {
    let at = from
    while (at + headerLength <= chunk.length && !this.destroyed) {
      // As readUIntLE(at, 3) does, of which this is most of the time that a row takes here.
      const end = at + headerLength + ((chunk[at] ?? 0) | ((chunk[at + 1] ?? 0) << 8) | ((chunk[at + 2] ?? 0) << 16))
      if (end > chunk.length) break
      this.#take(chunk, at, end)
      at = end
    }
    return at
  }

  /** Takes bytes of a packet that is in several chunks, and returns where they end. */
  #gather(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.#need - this.#have)
    this.#gathered.push(chunk.subarray(from, end))
    this.#have += end - from
    if (this.#have < this.#need) return end
    if (this.#need === headerLength) {
      const length = Buffer.concat(this.#gathered).readUIntLE(0, 3)
      if (length > this.#largest()) this.#refuse(this.#isPassing() ? rowTooLong() : tooMuch())
      this.#need = headerLength + length
      if (length > 0) return end
    }
    const packet = Buffer.concat(this.#gathered)
    this.#gathered = []
    this.#have = 0
    this.#need = headerLength
    this.#take(packet, 0, packet.length)
    return end
  }

  #take(chunk: Buffer, from: number, to: number): void {
    const first = chunk[from + headerLength]
    if (this.#isPassing() && !isEnd(first, to - from)) {
      const tooLong = to - from - headerLength > this.#largest()
      const refusal = tooLong ? rowTooLong() : this.#sink?.take(chunk, from + headerLength, to)
      if (refusal !== undefined) this.#refuse(refusal)
      return
    }
    const packet = chunk.subarray(from, to)
    const isOfSignIn = this.#state === 'signing in'
    const verdict = this.#judgeSize(to - from - headerLength) ?? this.#judge(packet)
    if (verdict instanceof Refusal) this.#refuse(verdict)
    else if (verdict === 'pass') {
      if (isOfSignIn && this.#options.encrypted) packet[3] = (packet[3] ?? 0) - 1
      this.push(packet)
    }
  }

  /** True while rows go past the library. */
  #isPassing(): boolean {
    return this.#sink !== undefined && this.#state === 'rows'
  }

  #largest(): number {
    return this.#isPassing() ? longestRow : largestPacket[this.#state]
  }

  #refuse(refusal: Refusal): void {
    this.refusal ??= refusal
    this.destroy(refusal)
  }

  #judgeSize(length: number): Refusal | undefined {
    this.#packets++
    this.#bytes += length
    if (length === 0) return notMysql()
    const tooLarge = length > this.#largest() || this.#bytes > mostBytes
    return tooLarge || this.#packets > mostPackets ? tooMuch() : undefined
  }

  #judge(packet: Buffer): Verdict {
    const first = packet[headerLength] ?? 0
    switch (this.#state) {
      case 'signing in':
        return this.#judgeSignIn(packet, first)
      case 'idle':
        return first === code.error ? 'pass' : notMysql()
      case 'answer':
        return this.#judgeAnswer(packet, first)
      case 'columns':
        if (--this.#columnsLeft === 0) this.#state = 'columns end'
        return 'pass'
      case 'columns end':
        if (!isEnd(first, packet.length)) return notMysql()
        this.#state = first === code.error ? 'idle' : 'rows'
        return 'pass'
      case 'rows':
        if (!isEnd(first, packet.length)) return 'pass'
        this.#state = 'idle'
        this.#sink = undefined
        return 'pass'
    }
  }

  #judgeAnswer(packet: Buffer, first: number): Verdict {
    if (first === code.localFile) return wantsFile()
    if (first === code.ok || first === code.error) {
      this.#state = 'idle'
      return 'pass'
    }
    const columns = first === 0xfc && packet.length === headerLength + 3 ? packet.readUInt16LE(headerLength + 1) : first
    if (first > 0xfc || columns > mostColumns) return first > 0xfc ? notMysql() : tooMuch()
    this.#columnsLeft = columns
    this.#state = 'columns'
    return 'pass'
  }

  #judgeSignIn(packet: Buffer, first: number): Verdict {
    if (!this.#wrote) return notMysql()
    if (first === code.error) return 'pass'
    if (first === code.ok) {
      this.#state = 'idle'
      return 'pass'
    }
    if (first === code.switch) return this.#judgeSwitch(packet)
    if (first === code.more && this.#method === 'caching_sha2_password') return this.#judgeMore(packet)
    return first === code.more ? refusedMethod(this.#method) : notMysql()
  }

  /** The server wants another method than the one that was begun. */
  #judgeSwitch(packet: Buffer): Verdict {
    const end = packet.indexOf(0, headerLength + 1)
    const name = end < 0 ? 'mysql_old_password' : packet.toString('latin1', headerLength + 1, end)
    this.#method = name
    if (++this.#switches > mostSwitches) return notMysql()
    if (isChallenge(name)) return 'pass'
    return needsPassword(name) && this.#options.verified ? this.#sendPassword(packet) : refusedMethod(name)
  }

  /** `caching_sha2_password`: the server knows the challenge's answer, or it wants the password itself. */
  #judgeMore(packet: Buffer): Verdict {
    if (packet.length !== headerLength + 2) return refusedOwnKey()
    if (packet[headerLength + 1] === fastPath.succeeded) return 'pass'
    if (packet[headerLength + 1] !== fastPath.wantsPassword) return notMysql()
    return this.#options.verified ? this.#sendPassword(packet) : refusedMethod(this.#method)
  }

  /** Over TLS to a server that was verified, and to no other. */
  #sendPassword(asked: Buffer): Verdict {
    const body = Buffer.from(`${this.#options.password}\0`)
    const header = Buffer.alloc(headerLength)
    header.writeUIntLE(body.length, 0, 3)
    header[3] = (asked[3] ?? 0) + 1
    this.#socket.write(Buffer.concat([header, body]))
    return 'keep'
  }
}

/** What becomes of a packet: the library sees it, it stays here, or it ends the connection. */
type Verdict = 'pass' | 'keep' | Refusal

const headerLength = 4
/** TLS among the capabilities, in their second byte. */
const sslBit = 0x08

const code = { ok: 0, more: 1, localFile: 0xfb, switch: 0xfe, error: 0xff } as const
const fastPath = { succeeded: 3, wantsPassword: 4 } as const

const megabyte = 1_048_576

/** In bytes. Rows are those that the library reads: previews and lists. */
const largestPacket = {
  'signing in': 16_384,
  idle: 16_384,
  answer: megabyte,
  columns: 65_536,
  'columns end': 16_384,
  rows: 16_777_214,
} as const

/** In bytes. One packet holds no more, and a row in several is not read. */
const longestRow = 16_777_214

/** Of one job, rows of an import aside. */
const mostBytes = 64 * megabyte
const mostPackets = 200_000
/** MySQL and MariaDB allow 4,096 to a table. */
const mostColumns = 4_096
/** MariaDB tries the methods of an account one after the other. */
const mostSwitches = 5

/** The end of columns or rows, or an error in their stead. A row that begins like the former is far longer. */
function isEnd(first: number | undefined, length: number): boolean {
  return first === code.error || (first === code.switch && length < headerLength + 9)
}

function rowTooLong(): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: 'A row is larger than an import can take (16 MB).',
    nextStep: 'Import it with a query that leaves out or shortens the largest columns.',
  })
}

function tooMuch(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: 'The server sent more than an answer to this may be.',
    nextStep: 'Ask for less at once: fewer rows, or columns with shorter values.',
  })
}

function wantsFile(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server asked for a file of the machine that Keyward runs on. Nothing was sent.',
    nextStep: 'Check the host: an honest server never asks for one here.',
  })
}
