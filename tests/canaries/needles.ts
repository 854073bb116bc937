/** Texts to look for, and where each came from. */
export type Needles = {
  /** Returns the name of every needle of which a piece is in `hay`. */
  findIn(hay: Buffer): Set<string>
}

/** How many bytes in a row give a secret away. Every piece of this length is looked for, at steps of itself. */
const window = 12

/**
 * Prepares to look for secrets in every way in which one could be written: raw, UTF-16 in both orders, base64 and
 * base64url at three alignments, hex in both cases, URL-encoded, JSON-escaped, HTML-escaped. A part of 23 bytes of any
 * of them is found. Secrets should be random and at least 24 bytes long, or chance finds them.
 */
export function needlesOf(secrets: Readonly<Record<string, string>>): Needles {
  const pieces = new Map<number, { bytes: Buffer; name: string }[]>()
  const starts = new Uint8Array(1 << 24)
  for (const [name, secret] of Object.entries(secrets)) {
    for (const text of encodingsOf(secret)) {
      for (const bytes of piecesOf(text)) {
        const key = bytes.readUIntBE(0, 3)
        starts[key] = 1
        const list = pieces.get(key) ?? []
        list.push({ bytes, name })
        pieces.set(key, list)
      }
    }
  }
  return {
    findIn(hay) {
      const found = new Set<string>()
      let key = 0
      for (let index = 0; index < hay.length; index++) {
        key = ((key << 8) | (hay[index] ?? 0)) & 0xffffff
        if (starts[key] === 0 || index < 2) continue
        for (const { bytes, name } of pieces.get(key) ?? []) {
          if (hay.compare(bytes, 0, bytes.length, index - 2, Math.min(index - 2 + bytes.length, hay.length)) === 0)
            found.add(name)
        }
      }
      return found
    },
  }
}

/** Returns a text in every encoding, each once. */
export function encodingsOf(text: string): Buffer[] {
  const raw = Buffer.from(text)
  const utf16 = Buffer.from(text, 'utf16le')
  const ascii = [
    raw.toString('hex'),
    raw.toString('hex').toUpperCase(),
    ...base64Of(raw),
    ...base64Of(raw).map((each) => each.replaceAll('+', '-').replaceAll('/', '_')),
    encodeURIComponent(text),
    new URLSearchParams({ x: text }).toString().slice(2),
    JSON.stringify(text).slice(1, -1),
    escapeHtml(text),
  ]
  const all = [raw, utf16, Buffer.from(utf16).swap16(), ...ascii.map((each) => Buffer.from(each))]
  return [...new Map(all.map((each) => [each.toString('latin1'), each])).values()]
}

/** What of the base64 is the same whatever stands before and after, for each of the three places it can begin at. */
function base64Of(raw: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), raw])
      .toString('base64')
      .replace(/=+$/, '')
    return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + raw.length) * 8) / 6))
  })
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => names[character] ?? character)
}

function piecesOf(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  for (let start = 0; start + window <= bytes.length; start += window)
    pieces.push(bytes.subarray(start, start + window))
  return pieces
}
