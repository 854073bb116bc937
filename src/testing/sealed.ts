import { writeFileSync } from 'node:fs'
import { createFileSealer, pieceLength } from '../secrets/sealed-file.ts'
import type { Secret } from '../secrets/secret.ts'

/** Writes a sealed file, as the connector does for an import. */
export function writeSealed(file: string, key: Secret, plain: Buffer): void {
  const sealer = createFileSealer(key)
  const pieces = [sealer.header]
  for (let at = 0; at === 0 || at < plain.length; at += pieceLength) {
    pieces.push(sealer.seal(plain.subarray(at, at + pieceLength), at + pieceLength >= plain.length))
  }
  writeFileSync(file, Buffer.concat(pieces))
}
