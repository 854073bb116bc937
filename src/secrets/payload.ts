import { exactUtf8 } from './context.ts'
import { OpenFailed } from './record.ts'
import { Secret } from './secret.ts'

const version = 0x01
const bucket = 64
/** Bytes that all fields of one credential may take together. */
export const maximumPayload = 64 * 1024

/**
 * Returns the bytes that are sealed for a version's fields: a version byte, the count, length-prefixed (name, value)
 * pairs in name order, and zeros up to a multiple of 64, so that the length tells little. The caller zeroes them.
 */
export function encodeFields(fields: Readonly<Record<string, Secret>>): Buffer {
  const pairs = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))
  const parts = pairs.flatMap(([name, secret]) => [prefixed(exactUtf8(name)), prefixed(secret.expose())])
  const length = 3 + parts.reduce((sum, part) => sum + part.length, 0)
  if (length > maximumPayload) {
    for (const part of parts) part.fill(0)
    throw new RangeError('The fields of a credential may take 64 KiB together.')
  }
  const bytes = Buffer.alloc(Math.ceil(length / bucket) * bucket)
  bytes.writeUInt8(version, 0)
  bytes.writeUInt16BE(pairs.length, 1)
  let at = 3
  for (const part of parts) {
    at += part.copy(bytes, at)
    part.fill(0)
  }
  return bytes
}

/** Returns the fields that `encodeFields` was given, as an object without a prototype. Throws OpenFailed for other bytes. */
export function decodeFields(bytes: Buffer): Record<string, Secret> {
  const reader = { at: 3 }
  if (bytes.length < 3 || bytes.length % bucket !== 0 || bytes[0] !== version) throw new OpenFailed()
  const fields: Record<string, Secret> = Object.create(null)
  for (let left = bytes.readUInt16BE(1); left > 0; left--) {
    const name = take(bytes, reader).toString('utf8')
    const value = take(bytes, reader)
    if (Object.hasOwn(fields, name)) throw new OpenFailed()
    fields[name] = new Secret(value)
  }
  if (bytes.length - reader.at >= bucket || bytes.subarray(reader.at).some((byte) => byte !== 0)) throw new OpenFailed()
  return fields
}

function prefixed(value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + value.length)
  bytes.writeUInt32BE(value.length)
  value.copy(bytes, 4)
  return bytes
}

function take(bytes: Buffer, reader: { at: number }): Buffer {
  if (reader.at + 4 > bytes.length) throw new OpenFailed()
  const length = bytes.readUInt32BE(reader.at)
  const start = reader.at + 4
  if (start + length > bytes.length) throw new OpenFailed()
  reader.at = start + length
  return bytes.subarray(start, reader.at)
}
