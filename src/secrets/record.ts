import { randomBytes } from 'node:crypto'
import { equalBytes, gcmOpen, gcmSeal, hkdf, ivLength, keyLength, tagLength } from './primitives.ts'

/** A record does not open. Always the same words: what exactly was wrong helps only who is trying to forge one. */
export class OpenFailed extends Error {
  constructor() {
    super('A sealed record does not open.')
  }
}

/** The term written in records whose key is a DEK. */
export const noTerm = 0

const format = 0x01
const suite = 0x01
const saltAt = 6
const commitmentAt = saltAt + 32
const ivAt = commitmentAt + 32
const headerLength = ivAt + ivLength

/** Bytes that a record has beside its plaintext. */
export const recordOverhead = headerLength + tagLength
/** Bytes that one record may hold: 64 KiB and the padding of a payload. */
export const maximumPlaintext = 66 * 1024

/**
 * Seals `plaintext` as a record of format 1 (docs/record-format.md) under a 32-byte key. The record opens only with the
 * same key, term and context.
 */
export function seal(key: Buffer, term: number, context: Buffer, plaintext: Buffer): Buffer {
  if (plaintext.length > maximumPlaintext) throw new RangeError('A record holds at most 66 KiB.')
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(format, 0)
  header.writeUInt8(suite, 1)
  header.writeUInt32BE(term, 2)
  randomBytes(32).copy(header, saltAt)
  const { recordKey, commitment } = derive(key, header)
  commitment.copy(header, commitmentAt)
  randomBytes(ivLength).copy(header, ivAt)
  const body = gcmSeal(recordKey, header.subarray(ivAt), Buffer.concat([header, context]), plaintext)
  recordKey.fill(0)
  return Buffer.concat([header, body])
}

/** Returns the plaintext of a record. Throws OpenFailed for whatever reason it does not open. */
export function open(key: Buffer, term: number, context: Buffer, record: Buffer): Buffer {
  if (!wellFormed(record) || record.readUInt32BE(2) !== term) throw new OpenFailed()
  const header = record.subarray(0, headerLength)
  const { recordKey, commitment } = derive(key, header)
  const committed = equalBytes(commitment, header.subarray(commitmentAt, ivAt))
  const aad = Buffer.concat([header, context])
  const plaintext = committed
    ? gcmOpen(recordKey, header.subarray(ivAt), aad, record.subarray(headerLength))
    : undefined
  recordKey.fill(0)
  if (plaintext === undefined) throw new OpenFailed()
  return plaintext
}

/** Returns the term a record names, without opening it. Throws OpenFailed where it is no record. */
export function termOf(record: Buffer): number {
  if (!wellFormed(record)) throw new OpenFailed()
  return record.readUInt32BE(2)
}

function wellFormed(record: Buffer): boolean {
  const { length } = record
  return (
    length >= recordOverhead &&
    length <= recordOverhead + maximumPlaintext &&
    record[0] === format &&
    record[1] === suite
  )
}

/** The single-use key of a record and its commitment to the key it came from, from the salt in its header. */
function derive(key: Buffer, header: Buffer): { recordKey: Buffer; commitment: Buffer } {
  if (key.length !== keyLength) throw new RangeError(`A key has ${keyLength} bytes, not ${key.length}.`)
  const salt = header.subarray(saltAt, commitmentAt)
  const suiteAndTerm = header.subarray(1, saltAt)
  return {
    recordKey: hkdf(key, salt, Buffer.concat([Buffer.from('keyward/v1/enc'), suiteAndTerm]), 32),
    commitment: hkdf(key, salt, Buffer.concat([Buffer.from('keyward/v1/commit'), suiteAndTerm]), 32),
  }
}
