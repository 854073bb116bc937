import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { download } from './download.ts'
import type { Session } from './driver.ts'
import type { FileFormat } from './file-format.ts'
import { previewRemote } from './read-file.ts'
import { openScratch } from './scratch-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyward-read-'))
let count = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A body in pieces of 64 KB. */
async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Downloads into a scratch file and returns what is then in it. */
async function downloaded(bytes: Buffer, format: Partial<FileFormat>, received = 2 ** 30, unpacked = 2 ** 30) {
  const scratch = await openScratch(join(folder, `${++count}.source`))
  expect(readdirSync(folder)).toEqual([])
  try {
    const whole: FileFormat = { kind: 'csv', gzip: false, ...format }
    await download(inPieces(bytes), whole, scratch, { received, unpacked }, () => {})
    return readFileSync(scratch.path)
  } finally {
    await scratch.close()
    expect(existsSync(scratch.path)).toBe(false)
  }
}

test('A download holds what came, unpacked, in a file that nobody finds', async () => {
  const text = Buffer.from('a,b\n'.repeat(100_000))
  expect((await downloaded(text, {})).equals(text)).toBe(true)
  expect((await downloaded(gzipSync(text), { gzip: true })).equals(text)).toBe(true)
})

test.each([
  ['larger than may come', Buffer.alloc(200_000, 'a\n'), {}, 100_000, 2 ** 30, 'limit.exceeded'],
  [
    'larger than may be unpacked',
    gzipSync(Buffer.alloc(200_000, 'a\n')),
    { gzip: true },
    2 ** 30,
    100_000,
    'limit.exceeded',
  ],
  [
    'packed like a bomb',
    gzipSync(Buffer.alloc(120 * 2 ** 20, 'a\n')),
    { gzip: true },
    2 ** 30,
    2 ** 30,
    'limit.exceeded',
  ],
  ['one line without end', Buffer.alloc(17 * 2 ** 20, 'x'), {}, 2 ** 30, 2 ** 30, 'limit.exceeded'],
  [
    'gzip cut short',
    gzipSync(Buffer.from('a,b\n'.repeat(9_999))).subarray(0, 50),
    { gzip: true },
    2 ** 30,
    2 ** 30,
    'protocol.unexpected',
  ],
] as const)('A download that is %s is refused', async (_what, bytes, format, received, unpacked, code) => {
  const failure = await downloaded(bytes, format, received, unpacked).then(
    () => null,
    (error) => error,
  )
  expect(failure).toMatchObject({ rung: 'read', code })
})

test.each([
  ['CSV is cut inside quotes', 'csv', `a,b\n1,2\n3,"${'line\n'.repeat(300_000)}"\n`, ['a', 'b'], [['1', '2']]],
  [
    'an array of JSON is cut inside an object',
    'json',
    `[{"a": 1}, {"a": 2, "b": "${'}]'.repeat(600_000)}"}]`,
    ['a'],
    [['1']],
  ],
  ['JSON lines are cut', 'json', `{"a": "x"}\n{"a": "${'y'.repeat(1_200_000)}"}\n`, ['a'], [['x']]],
] as const)('A preview where %s shows the rows that are whole', async (_what, kind, text, names, rows) => {
  const session = {
    job: { limits: { milliseconds: 10_000, heapMegabytes: 256, cellCharacters: 50 } },
    report: { passed() {}, notApplicable() {}, progress() {} },
  } as unknown as Session
  const remote = { format: { kind, gzip: false }, size: undefined, body: inPieces(Buffer.from(text)) }
  const preview = await previewRemote(session, remote, 5)
  expect(preview.columns.map(({ name }) => name)).toEqual(names)
  expect(preview.rows).toEqual(rows)
})
