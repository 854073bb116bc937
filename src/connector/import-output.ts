import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { createFileSealer, type FileSealer, pieceLength } from '../secrets/sealed-file.ts'
import type { Secret } from '../secrets/secret.ts'
import { Refusal } from './diagnosis.ts'
import type { Operations } from './driver.ts'
import { putInPlace } from './duckdb.ts'
import { makeFifos, releaseReader } from './fifo.ts'
import { temporaryFiles } from './import-files.ts'

/** Where an import goes, and how it is kept there. */
export type ImportTarget = Pick<Operations['import']['input'], 'file' | 'key' | 'mostBytes'>

/** The file of an import in the making. Nothing is at its place before `finish` resolves. */
export type ImportOutput = {
  /** Where DuckDB writes its Parquet to. */
  readonly path: string
  /** Ends the file when DuckDB has written all, and resolves when it is whole, on the disk and in its place: its bytes. */
  finish(): Promise<number>
  /** Gives up after DuckDB did, with this error. Rejects with the reason, which is its own where that was first. */
  abandon(error: unknown): Promise<never>
}

/**
 * Opens what an import writes to. With a key, DuckDB writes into a pipe and what comes out of it is sealed, so that no row
 * is ever on a disk in the clear; without one, it writes a Parquet file.
 */
export async function openOutput({ file, key, mostBytes }: ImportTarget): Promise<ImportOutput> {
  return key === undefined ? plainOutput(file) : sealedOutput(file, key, mostBytes ?? Number.POSITIVE_INFINITY)
}

async function sealedOutput(file: string, key: Secret, most: number): Promise<ImportOutput> {
  const [partial, , , pipe] = temporaryFiles(file)
  await makeFifos(pipe)
  const sealer = createFileSealer(key)
  const to = await open(partial, 'wx', 0o600)
  // Waits until DuckDB writes at the other end.
  const reader = open(pipe, 'r')
  const sealed = sealAll(reader, sealer, to, most)
  sealed.catch(() => {})
  const close = async () => {
    sealer.wipe()
    await to.close()
    await rm(pipe, { force: true })
  }
  return {
    path: pipe,
    async finish() {
      const { last, bytes } = await sealed
      const end = sealer.seal(last, true)
      refuseOver(bytes + end.length, most)
      await to.writeFile(end)
      await to.sync()
      await close()
      await rename(partial, file)
      return bytes + end.length
    },
    async abandon(error) {
      await releaseReader(pipe, reader).catch(() => {})
      const own = await reasonOf(sealed)
      await close()
      await rm(partial, { force: true })
      throw own ?? error
    },
  }
}

function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

function plainOutput(file: string): ImportOutput {
  const [partial] = temporaryFiles(file)
  return {
    path: partial,
    finish: () => putInPlace(partial, file),
    async abandon(error) {
      await rm(partial, { force: true })
      throw error
    },
  }
}

/** Seals all that comes out of the pipe but the last piece: whether that is the end, only DuckDB's own word tells. */
async function sealAll(opening: Promise<FileHandle>, sealer: FileSealer, file: FileHandle, most: number) {
  const reader = await opening
  let bytes = sealer.header.length
  let last: Buffer = Buffer.alloc(0)
  try {
    await file.writeFile(sealer.header)
    for await (const piece of pieces(reader)) {
      if (last.length > 0) bytes += await write(file, sealer.seal(last, false))
      refuseOver(bytes + piece.length, most)
      last = piece
    }
    return { last, bytes }
  } catch (error) {
    throw withoutRoom(error) ? diskFull() : error
  } finally {
    await reader.close()
  }
}

/** Yields what a pipe gives in pieces of one size, the last aside. A piece is overwritten by the one after the next. */
async function* pieces(pipe: FileHandle): AsyncGenerator<Buffer> {
  let [filling, other] = [Buffer.allocUnsafe(pieceLength), Buffer.allocUnsafe(pieceLength)]
  let length = 0
  for (;;) {
    const { bytesRead } = await pipe.read(filling, length, pieceLength - length, null)
    length += bytesRead
    if (bytesRead > 0 && length < pieceLength) continue
    if (length > 0) yield filling.subarray(0, length)
    if (bytesRead === 0) return
    ;[filling, other] = [other, filling]
    length = 0
  }
}

async function write(file: FileHandle, bytes: Buffer): Promise<number> {
  await file.writeFile(bytes)
  return bytes.length
}

function refuseOver(bytes: number, most: number): void {
  if (bytes <= most) return
  throw new Refusal('read', 'limit.exceeded', {
    sentence: 'This snapshot takes more space than the organization has left.',
    nextStep:
      'Delete datasets for good that nobody needs, take fewer rows, or ask an administrator to raise the limit under Storage. Then create the snapshot again.',
  })
}

function withoutRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

function diskFull(): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: 'The disk that Keyward writes snapshots to is full.',
    nextStep: 'Ask whoever runs Keyward to make room, then create the snapshot again.',
  })
}
