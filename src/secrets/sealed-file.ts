import { randomBytes } from 'node:crypto'
import { equalBytes, gcmOpen, gcmSeal, hkdf, ivLength, keyLength, tagLength } from './primitives.ts'
import { OpenFailed } from './record.ts'
import type { Secret } from './secret.ts'

// A file of any size, sealed in pieces (docs/record-format.md §9): the STREAM construction over AES-256-GCM. Each piece is
// bound to its place and to whether it is the last, so none can be left out, repeated, moved, or cut off.

/** Bytes of plaintext in every piece but the last, which has fewer or as many; only an empty file has an empty one. */
export const pieceLength = 256 * 1024
/** Bytes of a piece in the file, the last one aside. */
export const sealedPieceLength = pieceLength + tagLength
/** Bytes before the first piece. */
export const sealedHeaderLength = 74

/** Seals the pieces of one file, in order. */
export type FileSealer = {
  /** What the file begins with. */
  readonly header: Buffer
  /** Returns the next piece, sealed. Throws RangeError for one of the wrong size, or after the last. */
  seal(piece: Buffer, isLast: boolean): Buffer
  /** Zeroes its key. */
  wipe(): void
}

/** Opens the pieces of one file, in order. */
export type FileOpener = {
  /** Returns the next piece. Throws OpenFailed where it is not the one that was sealed for this place. */
  open(sealed: Buffer, isLast: boolean): Buffer
  /** Zeroes its key. */
  wipe(): void
}

/** Begins a sealed file under the 32-byte key of its version. The key of its pieces is drawn anew for every file. */
export function createFileSealer(versionKey: Secret): FileSealer {
  const header = Buffer.alloc(sealedHeaderLength)
  magic.copy(header)
  header.writeUInt32BE(pieceLength, 6)
  randomBytes(32).copy(header, saltAt)
  const { fileKey, commitment } = derive(versionKey, header)
  commitment.copy(header, commitmentAt)
  const places = placesOf()
  return {
    header,
    seal(piece, isLast) {
      const fits = isLast ? piece.length <= pieceLength : piece.length === pieceLength
      if (!fits) throw new RangeError('A piece of a sealed file has the wrong size.')
      return gcmSeal(fileKey, places.next(isLast), header, piece)
    },
    wipe: () => void fileKey.fill(0),
  }
}

/** Begins to open a sealed file. Throws OpenFailed for what is none, or was sealed under another key. */
export function createFileOpener(versionKey: Secret, header: Buffer): FileOpener {
  const known = header.length === sealedHeaderLength && header.subarray(0, magic.length).equals(magic)
  if (!known || header.readUInt32BE(6) !== pieceLength) throw new OpenFailed()
  const { fileKey, commitment } = derive(versionKey, header)
  if (!equalBytes(commitment, header.subarray(commitmentAt))) throw new OpenFailed()
  const places = placesOf()
  return {
    open(sealed, isLast) {
      const plaintext = gcmOpen(fileKey, places.next(isLast), header, sealed)
      if (plaintext === undefined) throw new OpenFailed()
      return plaintext
    },
    wipe: () => void fileKey.fill(0),
  }
}

/** Returns how many bytes a sealed file holds, from its own size. Throws OpenFailed for a size that none has. */
export function plainSize(sealedSize: number): number {
  const body = sealedSize - sealedHeaderLength
  const pieces = Math.ceil(body / sealedPieceLength)
  const last = body - (pieces - 1) * sealedPieceLength
  // An empty piece ends an empty file and no other.
  if (pieces < 1 || last < tagLength || (last === tagLength && pieces > 1)) throw new OpenFailed()
  return body - pieces * tagLength
}

/** "KWSF", format 1, suite 1. */
const magic = Buffer.from('4b5753460101', 'hex')
const saltAt = 10
const commitmentAt = saltAt + 32

/** The IVs of a file's pieces: the number of the piece (u32) in bytes 7 to 10, and 1 in byte 11 for the last. */
function placesOf() {
  let number = 0
  let over = false
  return {
    next(isLast: boolean): Buffer {
      if (over || number > 0xffffffff) throw new RangeError('A sealed file has ended.')
      over = isLast
      const iv = Buffer.alloc(ivLength)
      iv.writeUInt32BE(number++, 7)
      iv.writeUInt8(isLast ? 1 : 0, 11)
      return iv
    },
  }
}

function derive(versionKey: Secret, header: Buffer): { fileKey: Buffer; commitment: Buffer } {
  const key = versionKey.expose()
  if (key.length !== keyLength) throw new RangeError(`A key has ${keyLength} bytes, not ${key.length}.`)
  const salt = header.subarray(saltAt, commitmentAt)
  const format = header.subarray(0, saltAt)
  return {
    fileKey: hkdf(key, salt, Buffer.concat([Buffer.from('keyward/file/v1/enc'), format]), keyLength),
    commitment: hkdf(key, salt, Buffer.concat([Buffer.from('keyward/file/v1/commit'), format]), keyLength),
  }
}
