import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newDatasetKey, versionKey } from './dataset-key.ts'
import { createKeyring } from './keyring.ts'
import { OpenFailed } from './record.ts'
import { createFileOpener, createFileSealer, pieceLength, plainSize, sealedHeaderLength } from './sealed-file.ts'
import { Secret } from './secret.ts'

const key = new Secret(randomBytes(32))
const pieces = [randomBytes(pieceLength), randomBytes(pieceLength), randomBytes(1000)]
const file = sealed(key, pieces)

describe('a sealed file', () => {
  it.each([0, 1, pieceLength - 1, pieceLength, pieceLength + 1, 2 * pieceLength])(
    'of %i bytes opens to them',
    (size) => {
      const plain = randomBytes(size)
      const made = sealed(key, split(plain))
      const bytes = Buffer.concat([made.header, ...made.body])
      expect(plainSize(bytes.length)).toBe(size)
      expect(Buffer.concat(opened(key, made.header, made.body)).equals(plain)).toBe(true)
      // Of fewer bytes chance may repeat some.
      expect(size >= 16 && bytes.includes(plain.subarray(0, 16))).toBe(false)
    },
  )

  it('S2 with any bit of its header flipped, or a bit of any piece, does not open', () => {
    for (let bit = 0; bit < file.header.length * 8; bit++) {
      expect(() => opened(key, flipped(file.header, bit), file.body), `bit ${bit}`).toThrow(OpenFailed)
    }
    for (const [index, piece] of file.body.entries()) {
      for (const bit of [0, 4001, piece.length * 4, piece.length * 8 - 1]) {
        if (bit >= piece.length * 8) continue
        const changed = file.body.with(index, flipped(piece, bit))
        expect(() => opened(key, file.header, changed), `piece ${index}, bit ${bit}`).toThrow(OpenFailed)
      }
    }
  })

  it('S2 with pieces swapped, left out, repeated, cut off or added does not open', () => {
    const [a, b, c] = file.body as [Buffer, Buffer, Buffer]
    for (const body of [[b, a, c], [a, c], [b, c], [a, b], [a], [a, a, b, c], [a, b, c, c], [c], []]) {
      expect(() => opened(key, file.header, body)).toThrow()
    }
    expect(() => opened(key, file.header, [a, b, c.subarray(0, 20)])).toThrow(OpenFailed)
  })

  it('S2 does not open with another key, or with the header or a piece of another file of the same key', () => {
    const twin = sealed(key, pieces)
    expect(() => opened(new Secret(randomBytes(32)), file.header, file.body)).toThrow(OpenFailed)
    expect(() => opened(key, twin.header, file.body)).toThrow(OpenFailed)
    expect(() => opened(key, file.header, file.body.with(1, twin.body[1] as Buffer))).toThrow(OpenFailed)
  })

  it('sealed twice has nothing in common but how it begins', () => {
    const twin = sealed(key, pieces)
    expect(twin.header.subarray(0, 10)).toEqual(file.header.subarray(0, 10))
    expect(twin.header.subarray(10, 26)).not.toEqual(file.header.subarray(10, 26))
    expect(twin.body[0]?.subarray(0, 16)).not.toEqual(file.body[0]?.subarray(0, 16))
  })

  it('takes no piece of another size before the last, and none after it', () => {
    const sealer = createFileSealer(key)
    expect(() => sealer.seal(Buffer.alloc(10), false)).toThrow(RangeError)
    expect(() => sealer.seal(Buffer.alloc(pieceLength + 1), true)).toThrow(RangeError)
    sealer.seal(Buffer.alloc(10), true)
    expect(() => sealer.seal(Buffer.alloc(10), true)).toThrow(RangeError)
  })

  it.each([
    0,
    sealedHeaderLength,
    sealedHeaderLength + 15,
    sealedHeaderLength + pieceLength + 17,
    sealedHeaderLength + pieceLength + 32,
  ])('of the size %i is none', (size) => expect(() => plainSize(size)).toThrow(OpenFailed))
})

describe('the key of a version', () => {
  const keyring = createKeyring(new Map([[1, randomBytes(32)]]), 1)
  const identity = { deploymentId: 'd', organizationId: 'o', datasetId: 's' }
  const grant = newDatasetKey(keyring, identity)
  const bytes = (secret: Secret) => secret.expose().toString('hex')

  it('is the same each time and another for every version', () => {
    const first = versionKey(keyring, identity, grant, 'v1')
    expect(bytes(versionKey(keyring, identity, grant, 'v1'))).toBe(bytes(first))
    expect(bytes(versionKey(keyring, identity, grant, 'v2'))).not.toBe(bytes(first))
    const other = newDatasetKey(keyring, identity)
    expect(bytes(versionKey(keyring, identity, other, 'v1'))).not.toBe(bytes(first))
  })

  it.each(['deploymentId', 'organizationId', 'datasetId'])('S2 of another %s does not open', (name) => {
    expect(() => versionKey(keyring, { ...identity, [name]: 'x' }, grant, 'v1')).toThrow(OpenFailed)
  })

  it('S2 with any bit of its record flipped does not open', () => {
    for (let bit = 0; bit < grant.sealed.length * 8; bit++) {
      const forged = { ...grant, sealed: flipped(grant.sealed, bit) }
      expect(() => versionKey(keyring, identity, forged, 'v1')).toThrow(OpenFailed)
    }
  })
})

function sealed(under: Secret, parts: readonly Buffer[]) {
  const sealer = createFileSealer(under)
  const body = parts.map((piece, index) => sealer.seal(piece, index === parts.length - 1))
  return { header: sealer.header, body }
}

function opened(under: Secret, header: Buffer, body: readonly Buffer[]): Buffer[] {
  const opener = createFileOpener(under, header)
  if (body.length === 0) throw new OpenFailed()
  return body.map((piece, index) => opener.open(piece, index === body.length - 1))
}

function split(plain: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < plain.length; at += pieceLength) parts.push(plain.subarray(at, at + pieceLength))
  return parts.length === 0 ? [plain] : parts
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const forged = Buffer.from(bytes)
  forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return forged
}
