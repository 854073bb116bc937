import { Refusal } from '../diagnosis.ts'
import type { TextSink } from '../text-sink.ts'
import type { MysqlColumn } from './mysql-columns.ts'
import { notMysql } from './mysql-greeting.ts'
import type { RowSink } from './mysql-wire.ts'

/** Rows of the protocol become lines in the format of `startParquet`, and go to a `TextSink` when some have gathered. */
export class RowText implements RowSink {
  readonly #kinds: readonly MysqlColumn['kind'][]
  readonly #names: readonly string[]
  readonly #sink: TextSink
  #lines = Buffer.allocUnsafe(bufferBytes)
  #linesView = viewOf(this.#lines)
  #chunk: Buffer = Buffer.alloc(0)
  #chunkView = viewOf(this.#chunk)
  #at = 0
  #rows = 0

  constructor(columns: readonly MysqlColumn[], sink: TextSink) {
    this.#kinds = columns.map(({ kind }) => kind)
    this.#names = columns.map(({ name }) => name)
    this.#sink = sink
  }

  get isFull(): boolean {
    return this.#sink.isFull
  }

  /** Everything that is looked at for every cell is in a variable: there are millions. */
  take(bytes: Buffer, from: number, to: number): Refusal | undefined {
    const kinds = this.#kinds
    const lines = this.#reserve(2 * (to - from) + 24 * kinds.length)
    if (bytes !== this.#chunk) this.#look(bytes)
    const [target, source] = [this.#linesView, this.#chunkView]
    let at = from
    let out = this.#at
    for (let index = 0; index < kinds.length; index++) {
      if (index > 0) lines[out++] = tab
      const first = at < to ? (bytes[at] as number) : broken
      if (first === nullCell) {
        lines[out++] = backslash
        lines[out++] = letterN
        at++
        continue
      }
      const start = at + lengthOfLength(first)
      at = start > to ? start : start + cellLength(bytes, at, first)
      if (at > to) return misread()
      const kind = kinds[index]
      if (kind === 'bytes' || kind === 'bit' || kind === 'bits') out = writeBits(kind, lines, out, bytes, start, at)
      else out = writeText(target, out, source, start, at)
      if (out < 0) return holdsNul(this.#names[index] ?? '')
    }
    if (at !== to) return misread()
    if (kinds.length === 1) lines[out++] = tab
    lines[out++] = newline
    this.#at = out
    this.#rows++
    return undefined
  }

  /** Hands over what is left. */
  flush(): void {
    if (this.#rows > 0) this.#sink.take(this.#lines.subarray(0, this.#at), this.#rows)
    this.#at = 0
    this.#rows = 0
    this.#lines = Buffer.alloc(0)
  }

  #look(chunk: Buffer): void {
    this.#chunk = chunk
    this.#chunkView = viewOf(chunk)
  }

  #reserve(bytes: number): Buffer {
    if (this.#at + bytes > this.#lines.length) {
      this.flush()
      this.#lines = Buffer.allocUnsafe(Math.max(bufferBytes, bytes))
      this.#linesView = viewOf(this.#lines)
    }
    return this.#lines
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

/** Writes a cell that is no text and returns where it ends. */
function writeBits(
  kind: 'bytes' | 'bit' | 'bits',
  lines: Buffer,
  out: number,
  bytes: Buffer,
  from: number,
  to: number,
): number {
  if (kind === 'bytes') return out + lines.write(bytes.toString('hex', from, to), out, 'latin1')
  if (kind === 'bits') return out + lines.write(number(bytes, from, to).toString(), out, 'latin1')
  lines[out] = digitZero + ((bytes[from] ?? 0) & 1)
  return out + 1
}

/**
 * Writes text and returns where it ends; below zero where it has a character that a line cannot hold. It is copied four
 * bytes at a time, the last four maybe once more, and done anew where one of them is to be escaped.
 */
function writeText(lines: DataView, out: number, bytes: DataView, from: number, to: number): number {
  const last = to - 4
  if (last < from) return writeEscaped(lines, out, bytes, from, to)
  let found = 0
  let at = out
  for (let place = from; place < last; place += 4) {
    const four = bytes.getInt32(place, true)
    found |= escapesIn(four)
    lines.setInt32(at, four, true)
    at += 4
  }
  const four = bytes.getInt32(last, true)
  found |= escapesIn(four)
  lines.setInt32(out + last - from, four, true)
  return found === 0 ? out + to - from : writeEscaped(lines, out, bytes, from, to)
}

/** Not 0 where one of four bytes is a backslash or less than 14: a bit for each. */
function escapesIn(four: number): number {
  const slashes = four ^ 0x5c5c5c5c
  return (((four - 0x0e0e0e0e) & ~four) | ((slashes - 0x01010101) & ~slashes)) & 0x80808080
}

function writeEscaped(lines: DataView, start: number, bytes: DataView, from: number, to: number): number {
  let out = start
  for (let place = from; place < to; place++) {
    const byte = bytes.getUint8(place)
    if (byte === 0) return -1
    const letter = byte > 13 && byte !== backslash ? 0 : (letters[byte] ?? 0)
    if (letter > 0) lines.setUint8(out++, backslash)
    lines.setUint8(out++, letter > 0 ? letter : byte)
  }
  return out
}

const bufferBytes = 1_048_576

const nullCell = 0xfb
/** No cell begins so. */
const broken = 0xff
const tab = 9
const newline = 10
const backslash = 92
const letterN = 78
const digitZero = 48

/** What stands behind a backslash for a tab, an end of line and the backslash itself. */
const letters: Readonly<Record<number, number>> = { 9: 116, 10: 110, 13: 114, 92: 92 }

/** Bytes that tell how long a cell is. */
function lengthOfLength(first: number): number {
  if (first < nullCell) return 1
  return first === 0xfc ? 3 : first === 0xfd ? 4 : 9
}

function cellLength(bytes: Buffer, at: number, first: number): number {
  if (first < nullCell) return first
  if (first === 0xfc) return bytes.readUInt16LE(at + 1)
  if (first === 0xfd) return bytes.readUIntLE(at + 1, 3)
  return Number.MAX_SAFE_INTEGER
}

/** Bits come as bytes, the highest first. */
function number(bytes: Buffer, from: number, to: number): bigint {
  let value = 0n
  for (let place = from; place < Math.min(to, from + 8); place++) value = (value << 8n) | BigInt(bytes[place] ?? 0)
  return value
}

function misread(): Refusal {
  return notMysql('The server sent a row that cannot be understood.')
}

function holdsNul(column: string): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: `The column "${column.slice(0, 63).toWellFormed()}" has text with a NUL character, which a dataset cannot hold.`,
    nextStep: "Import it with a query that takes it out: REPLACE(…, CHAR(0), '').",
  })
}
