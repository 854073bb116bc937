import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from './diagnosis.ts'
import { download, importLimits, readBeginning, refuseSize } from './download.ts'
import type { Imported, Operations, Rows, Session } from './driver.ts'
import type { FileFormat } from './file-format.ts'
import { temporaryFiles } from './import-files.ts'
import { openScratch, type ScratchFile } from './scratch-file.ts'

/** A file on its way here: how it is written, how large it was announced, and what of it comes. */
export type RemoteFile = {
  readonly format: FileFormat
  /** In bytes, as it lies there; undefined where the server did not say. */
  readonly size: number | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/** Reads the first rows of a remote file: of its beginning, or for Parquet, whose directory is at its end, of all of it. */
export function previewRemote(session: Session, remote: RemoteFile, rows: number): Promise<Rows> {
  const { kind } = remote.format
  const name = join(tmpdir(), `keyward-${process.pid}-${Date.now()}`)
  return withScratch(name, async (scratch) => {
    if (kind === 'parquet') await fetchWhole(session, remote, scratch, mostParquet)
    else await scratch.append(await firstLines(remote))
    await scratch.flush()
    refuseEmpty(scratch)
    const { previewFile } = await import('./file-table.ts')
    const read = await previewFile(scratch.path, kind, rows, session.job.limits.cellCharacters)
    session.report.passed('read', 'The file can be read.')
    return read
  })
}

/** Downloads a remote file beside where its dataset goes, and makes the dataset. Nothing else stays, however it ends. */
export function importRemote(
  session: Session,
  remote: RemoteFile,
  { source, rowLimit, ...target }: Operations['import']['input'],
): Promise<Imported> {
  const [, , name] = temporaryFiles(target.file)
  // DuckDB takes a moment to load: the moment in which the file comes.
  const table = import('./file-table.ts')
  return withScratch(name, async (scratch) => {
    await fetchWhole(session, remote, scratch, importLimits.received)
    refuseEmpty(scratch)
    session.report.passed('read', 'The file can be read.')
    const { importFile } = await table
    const taken = { rowLimit, sample: tableSource(source).sample }
    const imported = await importFile(scratch.path, remote.format.kind, taken, target)
    session.report.progress({ rows: imported.rows, bytes: scratch.size })
    return imported
  })
}

/** Throws where something other than a table is asked for: files have no queries. */
export function tableSource(source: Operations['preview']['input']['source']) {
  if (source.kind === 'table') return source
  throw new Refusal('read', 'read.denied', {
    sentence: 'Files cannot be asked with SQL.',
    nextStep: 'Choose a file, and ask its dataset with SQL once it is in the catalog.',
  })
}

/** Bytes of a Parquet file that a preview may fetch, and of the beginning of any other. */
const mostParquet = 64 * 2 ** 20
const mostText = 2 ** 20

async function withScratch<T>(name: string, work: (scratch: ScratchFile) => Promise<T>): Promise<T> {
  const scratch = await openScratch(name)
  try {
    return await work(scratch)
  } finally {
    await scratch.close()
  }
}

async function fetchWhole(session: Session, remote: RemoteFile, scratch: ScratchFile, most: number): Promise<void> {
  refuseSize(remote.size, most)
  const limits = { ...importLimits, received: most }
  await download(remote.body, remote.format, scratch, limits, session.report.progress)
}

/** The beginning of a file up to the end of its last whole row. */
async function firstLines({ body, format }: RemoteFile): Promise<Buffer> {
  const { bytes, cut } = await readBeginning(body, format, mostText)
  if (!cut) return bytes
  if (format.kind === 'json' && /^\s*\[/.test(bytes.subarray(0, 100).toString('latin1'))) return closedArray(bytes)
  const end = format.kind === 'json' ? bytes.lastIndexOf(lineEnd) : lastRowEnd(bytes)
  if (end > 0) return bytes.subarray(0, end + 1)
  throw new Refusal('read', 'limit.exceeded', {
    sentence: 'The first row is larger than a preview can show (1 MB).',
    nextStep: 'Check that it is the right file. An import takes rows of up to 16 MB.',
  })
}

const lineEnd = 0x0a
const quotationMark = 0x22

/** Where the last row of CSV ends: at a line end outside quotes. */
function lastRowEnd(bytes: Buffer): number {
  let quoted = false
  let end = -1
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === quotationMark) quoted = !quoted
    else if (bytes[at] === lineEnd && !quoted) end = at
  }
  return end
}

/** One array of objects, closed again behind the last object that is whole. */
function closedArray(bytes: Buffer): Buffer {
  let depth = 0
  let quoted = false
  let end = 0
  for (let at = 0; at < bytes.length; at++) {
    const letter = String.fromCharCode(bytes[at] ?? 0)
    if (quoted && letter === '\\') at++
    else if (letter === '"') quoted = !quoted
    else if (!quoted && (letter === '{' || letter === '[')) depth++
    else if (!quoted && (letter === '}' || letter === ']') && --depth === 1) end = at + 1
  }
  return Buffer.concat([bytes.subarray(0, end), Buffer.from(']')])
}

function refuseEmpty(scratch: ScratchFile): void {
  if (scratch.size > 0) return
  throw new Refusal('read', 'read.denied', {
    sentence: 'The file is empty.',
    nextStep: 'Choose another file, or try again when it has been written.',
  })
}
