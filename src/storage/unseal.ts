import type { FileHandle } from 'node:fs/promises'
import { OpenFailed } from '../secrets/record.ts'
import { createFileOpener, plainSize, sealedHeaderLength, sealedPieceLength } from '../secrets/sealed-file.ts'
import type { Secret } from '../secrets/secret.ts'

/** Returns how many bytes a sealed file holds. Throws OpenFailed for a file of a size that none has. */
export async function plainSizeOf(sealed: FileHandle): Promise<number> {
  return plainSize((await sealed.stat()).size)
}

/** Opens a sealed file piece by piece. Throws OpenFailed where it is not, byte for byte, what was sealed under this key. */
export async function unseal(sealed: FileHandle, key: Secret, write: (piece: Buffer) => Promise<void>): Promise<void> {
  const { size } = await sealed.stat()
  const opener = createFileOpener(key, await readAt(sealed, 0, sealedHeaderLength))
  try {
    for (let at = sealedHeaderLength; at < size; at += sealedPieceLength) {
      const length = Math.min(sealedPieceLength, size - at)
      await write(opener.open(await readAt(sealed, at, length), at + length === size))
    }
  } finally {
    opener.wipe()
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    // Cut while it was read.
    if (bytesRead === 0) throw new OpenFailed()
    done += bytesRead
  }
  return bytes
}
