import type { FileHandle } from 'node:fs/promises'

/** Writes all pieces, into a pipe, or from `place` of a file on. Resolves when the system has taken them. */
export async function writePieces(to: FileHandle, pieces: readonly Uint8Array[], place?: number): Promise<void> {
  let left = pieces.filter((piece) => piece.length > 0)
  let at = place
  while (left.length > 0) {
    const { bytesWritten } = await to.writev(left, at)
    left = without(left, bytesWritten)
    if (at !== undefined) at += bytesWritten
  }
}

function without(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  return pieces.flatMap((piece) => {
    const skipped = Math.min(skip, piece.length)
    skip -= skipped
    return skipped === piece.length ? [] : [piece.subarray(skipped)]
  })
}
