import {
  createFileOpener,
  createFileSealer,
  pieceLength,
  sealedHeaderLength,
  sealedPieceLength,
} from '../secrets/sealed-file.ts'
import type { Secret } from '../secrets/secret.ts'

/** Returns a value as JSON, sealed as a snapshot's file is. Wipes the key. */
export function sealResult(key: Secret, value: unknown): Buffer {
  const sealer = createFileSealer(key)
  try {
    const plain = Buffer.from(JSON.stringify(value))
    const sealed = [sealer.header]
    const pieces = Math.max(1, Math.ceil(plain.length / pieceLength))
    for (let place = 0; place < pieces; place++) {
      const piece = plain.subarray(place * pieceLength, (place + 1) * pieceLength)
      sealed.push(sealer.seal(piece, place === pieces - 1))
    }
    return Buffer.concat(sealed)
  } finally {
    sealer.wipe()
    key.wipe()
  }
}

/** Returns the value that was sealed under the key, and wipes the key. Throws OpenFailed. */
export function openResult(key: Secret, sealed: Buffer): unknown {
  const opener = createFileOpener(key, sealed.subarray(0, sealedHeaderLength))
  try {
    const plain: Buffer[] = []
    for (let at = sealedHeaderLength; at < sealed.length; at += sealedPieceLength) {
      const end = at + sealedPieceLength
      plain.push(opener.open(sealed.subarray(at, end), end >= sealed.length))
    }
    return JSON.parse(Buffer.concat(plain).toString())
  } finally {
    opener.wipe()
    key.wipe()
  }
}
