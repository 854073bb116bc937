import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileOpener, sealedHeaderLength, sealedPieceLength } from '../secrets/sealed-file.ts'
import { Secret } from '../secrets/secret.ts'
import { importFile } from './file-table.ts'
import { fromWire, toWire } from './messages.ts'
import { startParquet } from './parquet.ts'

const canary = 'the-canary-of-this-table'
const bytes = randomBytes(32)
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-output-'))
  file = join(folder, 'version.sealed')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('an import with a key', () => {
  it('makes a sealed file of exactly the Parquet that the key opens, readable by this account alone', async () => {
    const made = await importFile(csvOf(60_000), 'csv', { rowLimit: null }, { file, key: new Secret(bytes) })
    expect(made).toMatchObject({ rows: 60_000, bytes: statSync(file).size })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(file).size).toBeGreaterThan(2 * sealedPieceLength)
    const plain = join(folder, 'opened.parquet')
    writeFileSync(plain, unsealed(file))
    expect(await countOf(plain)).toEqual([60_000n, 59_999n])
    expect(readdirSync(folder).sort()).toEqual(['opened.parquet', 'source.csv', 'version.sealed'])
  })

  it('from rows as text, is the same', async () => {
    const column = { name: 'id', type: 'BIGINT', textType: 'BIGINT', expression: (cell: string) => cell }
    const writer = await startParquet({ file, key: new Secret(bytes) }, [column])
    await writer.write([Buffer.from('1\t\n2\t\n')])
    expect(await writer.finish()).toMatchObject({ rows: 2, bytes: statSync(file).size })
    const plain = join(folder, 'opened.parquet')
    writeFileSync(plain, unsealed(file))
    expect(await countOf(plain)).toEqual([2n, 2n])
  })

  it('shows no text of the table in what it leaves on the disk', async () => {
    await importFile(csvOf(2_000), 'csv', { rowLimit: null }, { file, key: new Secret(bytes) })
    expect(readFileSync(file).includes(canary)).toBe(false)
    const plain = join(folder, 'plain.parquet')
    await importFile(csvOf(2_000), 'csv', { rowLimit: null }, { file: plain })
    expect(readFileSync(plain).includes(canary)).toBe(true)
  })

  it('that would take more bytes than it may, is refused with the next step and leaves nothing', async () => {
    const refusal = importFile(
      csvOf(60_000),
      'csv',
      { rowLimit: null },
      { file, key: new Secret(bytes), mostBytes: 300_000 },
    )
    await expect(refusal).rejects.toMatchObject({ code: 'limit.exceeded', text: { nextStep: /limit under Storage/ } })
    expect(readdirSync(folder)).toEqual(['source.csv'])
  })

  it('of a size that is just allowed, is whole; with a byte less, refused', async () => {
    const target = { file, key: new Secret(bytes) }
    const { bytes: size } = await importFile(csvOf(10_000), 'csv', { rowLimit: null }, target)
    const again = join(folder, 'again.sealed')
    const fits = await importFile(csvOf(10_000), 'csv', { rowLimit: null }, { ...target, file: again, mostBytes: size })
    expect(fits.bytes).toBe(size)
    const short = importFile(
      csvOf(10_000),
      'csv',
      { rowLimit: null },
      { ...target, file: join(folder, 'x'), mostBytes: size - 1 },
    )
    await expect(short).rejects.toMatchObject({ code: 'limit.exceeded' })
  })

  it('that cannot be read, says so and does not wait for a pipe that nobody opens', async () => {
    const path = join(folder, 'source.json')
    writeFileSync(path, '{"a":')
    const refusal = importFile(path, 'json', { rowLimit: null }, { file, key: new Secret(bytes) })
    await expect(refusal).rejects.toMatchObject({ code: 'protocol.unexpected' })
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(folder)).toEqual(['source.json'])
  })
})

describe('the key of an import on its way to a worker', () => {
  it('is bytes of the message, which are zeroed when it was taken out', () => {
    const key = new Secret(bytes)
    const input = { source: { kind: 'query', query: 'select 1' }, rowLimit: null, file, key } as const
    const credential = { type: 'basic', fields: {} }
    const wire = toWire({ operation: 'import', input, credential } as never)
    expect(JSON.stringify(wire.input)).not.toContain('secret')
    const sent = structuredClone(wire)
    const job = fromWire(sent)
    expect(sent.fileKey?.every((byte) => byte === 0)).toBe(true)
    expect((job.input as typeof input).key.expose().equals(bytes)).toBe(true)
    expect(JSON.stringify(job)).not.toContain(bytes.toString('base64').slice(0, 20))
  })
})

function csvOf(rows: number): string {
  const path = join(folder, 'source.csv')
  const line = (id: number) => `${id},${canary},${createHash('sha256').update(String(id)).digest('hex')}`
  writeFileSync(path, `id,name,hash\n${[...Array(rows).keys()].map(line).join('\n')}\n`)
  return path
}

/** Reads a sealed file by its format alone. */
function unsealed(path: string): Buffer {
  const sealed = readFileSync(path)
  const opener = createFileOpener(new Secret(bytes), sealed.subarray(0, sealedHeaderLength))
  const pieces: Buffer[] = []
  for (let at = sealedHeaderLength; at < sealed.length; at += sealedPieceLength) {
    const isLast = at + sealedPieceLength >= sealed.length
    pieces.push(opener.open(sealed.subarray(at, at + sealedPieceLength), isLast))
  }
  return Buffer.concat(pieces)
}

async function countOf(path: string) {
  const connection = await (await DuckDBInstance.create()).connect()
  const read = await connection.runAndReadAll(`select count(*), max(id) from '${path}'`)
  connection.closeSync()
  return read.getRows()[0]
}
