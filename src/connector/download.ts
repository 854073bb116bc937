import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Refusal } from './diagnosis.ts'
import type { Progress } from './driver.ts'
import type { FileFormat } from './file-format.ts'
import type { ScratchFile } from './scratch-file.ts'

/** What of a file may come, in bytes; `unpacked` is after gzip. */
export type DownloadLimits = { readonly received: number; readonly unpacked: number }

/** Of an import: both what comes and what it becomes lie on the disk of Keyward. */
export const importLimits: DownloadLimits = { received: 5 * 2 ** 30, unpacked: 5 * 2 ** 30 }

/**
 * Writes a file, gzip taken off, into `scratch` while it comes. Memory stays flat. Rejects with a `Refusal` where it is
 * larger than the limits, damaged, or packed like a bomb.
 */
export async function download(
  body: AsyncIterable<Uint8Array>,
  { gzip, kind }: FileFormat,
  scratch: ScratchFile,
  limits: DownloadLimits,
  report: (progress: Progress) => void,
): Promise<void> {
  let received = 0
  let line = 0
  const counted = count(body, (bytes) => {
    received += bytes
    if (received > limits.received) throw tooLarge(limits.received)
    report({ rows: 0, bytes: received })
  })
  for await (const chunk of gzip ? unpack(counted) : counted) {
    if (scratch.size + chunk.length > limits.unpacked) throw tooLarge(limits.unpacked)
    if (gzip && isBomb(scratch.size, received)) throw bomb()
    await scratch.append(chunk)
    if (kind === 'csv' || kind === 'tsv') line = lineAfter(line, chunk)
    if (line > longestLine) throw longRow()
  }
  await scratch.flush()
}

/** As DuckDB's, whose search for the ends of lines takes minutes where there are none. */
const longestLine = 16 * 2 ** 20

/** Returns how long the line is that a chunk leaves open; of one that it closes only pieces smaller than itself are missed. */
function lineAfter(before: number, chunk: Uint8Array): number {
  const end = Math.max(chunk.lastIndexOf(0x0a), chunk.lastIndexOf(0x0d))
  return end === -1 ? before + chunk.length : chunk.length - end - 1
}

function longRow(): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: 'The file has a row that is larger than one may be (16 MB).',
    nextStep: 'Check that it is the right file, and have its largest values left out.',
  })
}

/** The beginning of a file, gzip taken off; `cut` where there is more of it. */
export type Beginning = { readonly bytes: Buffer; readonly cut: boolean }

/** Reads as many bytes of a file as are asked for, and has the rest not sent. */
export async function readBeginning(
  body: AsyncIterable<Uint8Array>,
  { gzip }: FileFormat,
  most: number,
): Promise<Beginning> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of gzip ? unpack(body) : body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > most) break
  }
  return { bytes: Buffer.concat(chunks).subarray(0, most), cut: size > most }
}

/** A file that was announced with this size is refused before it comes. */
export function refuseSize(bytes: number | undefined, most: number): void {
  if (bytes !== undefined && bytes > most) throw tooLarge(most)
}

async function* count(
  body: AsyncIterable<Uint8Array>,
  take: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of body) {
    take(chunk.length)
    yield chunk
  }
}

async function* unpack(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  // Whichever of the two ends first takes the other with it.
  const unpacked = pipeline(Readable.from(body), createGunzip(), () => {})
  try {
    for await (const chunk of unpacked) yield chunk
  } catch (error) {
    throw error instanceof Error && (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true ? damaged() : error
  }
}

/** Text packs to a tenth, maybe a fiftieth. Nothing honest and large packs to less than this. */
function isBomb(unpacked: number, received: number): boolean {
  return unpacked > 100 * 2 ** 20 && unpacked > 200 * received
}

function tooLarge(most: number): Refusal {
  const size = most >= 2 ** 30 ? `${most / 2 ** 30} GB` : `${Math.round(most / 2 ** 20)} MB`
  return new Refusal('read', 'limit.exceeded', {
    sentence: `The file is larger than ${size}, which is as large as it may be for this.`,
    nextStep: 'Split it into smaller files.',
  })
}

function bomb(): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: 'The file grows to more than 200 times its size when it is unpacked, which no honest file does.',
    nextStep: 'Check where the file comes from. If it is right, store it unpacked.',
  })
}

function damaged(): Refusal {
  return new Refusal('read', 'protocol.unexpected', {
    sentence: 'The file ends in .gz but is not gzip, or is damaged.',
    nextStep: 'Have the file written again.',
  })
}
