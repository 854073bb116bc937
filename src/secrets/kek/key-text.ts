import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A key file's text is not usable. The message says why and what to do, and holds nothing of the key. */
export class BadKeyText extends Error {}

const prefix = 'kwkek1'
const line = /^kwkek1_([A-Za-z0-9_-]{43})_([0-9a-f]{8})$/
const generate = 'Generate one with "keyward key generate".'
/** SHA-256 of keys that everyone knows: the example of docs/record-format.md. */
const published = new Set(['6cc9f2531133b1e14e4e02b28e15483aed65015c92ea56a05362e7eb5dc34709'])

/** Returns the text of a new key: `kwkek1_<base64url of 32 bytes>_<crc32 hex>` and a line break. */
export function newKeyText(): string {
  const key = randomBytes(32).toString('base64url')
  return `${prefix}_${key}_${checksum(key)}\n`
}

/** Returns the keys of a text, one a line, the first being the one that wraps new terms. Throws BadKeyText. */
export function parseKeyText(text: string): readonly Buffer[] {
  const lines = text.split('\n').map((each) => each.trim())
  const keys = lines.filter((each) => each !== '' && !each.startsWith('#')).map(parseLine)
  if (keys.length === 0) throw new BadKeyText(`The key is empty. ${generate}`)
  return keys
}

function parseLine(text: string, index: number): Buffer {
  const [, encoded, sum] = line.exec(text) ?? []
  const where = `Line ${index + 1} of the key`
  if (encoded === undefined) throw new BadKeyText(`${where} is not of the form kwkek1_…_…. ${generate}`)
  const key = Buffer.from(encoded, 'base64url')
  if (key.length !== 32 || key.toString('base64url') !== encoded || checksum(encoded) !== sum) {
    throw new BadKeyText(`${where} was cut or mistyped: its checksum does not fit. Copy it again.`)
  }
  if (published.has(createHash('sha256').update(key).digest('hex'))) {
    throw new BadKeyText(`${where} is the published example. ${generate}`)
  }
  if (isWeak(key)) throw new BadKeyText(`${where} is not random. ${generate}`)
  return key
}

function checksum(encoded: string): string {
  return crc32(encoded).toString(16).padStart(8, '0')
}

/**
 * Reports whether a key was plainly not drawn at random: few different bytes, readable text, or a constant step. Among 32
 * random bytes fewer than 20 different ones, or only printable ASCII, come up less than once in 10^12 keys.
 */
function isWeak(key: Buffer): boolean {
  const different = new Set(key).size
  const printable = key.every((byte) => byte >= 0x20 && byte < 0x7f)
  const first = key.readUInt8(0)
  const step = (key.readUInt8(1) - first + 256) % 256
  const counting = key.every((byte, index) => byte === (first + index * step) % 256)
  return different < 20 || printable || counting
}
