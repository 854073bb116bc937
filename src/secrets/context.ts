/** One field of a context. Texts are encoded as UTF-8, numbers (whole, exact) as their decimal text. */
export type ContextField = string | number | Buffer

/**
 * Returns the bytes that a record is bound to: each field behind its length (u32, big endian). Two lists of fields have
 * the same bytes exactly when they are the same list. Throws RangeError for what has no encoding of its own: a text with
 * a lone surrogate, a number that is not a safe integer.
 */
export function encodeContext(fields: readonly ContextField[]): Buffer {
  const encoded = fields.map(encode)
  const bytes = Buffer.allocUnsafe(encoded.reduce((sum, each) => sum + 4 + each.length, 0))
  let at = 0
  for (const each of encoded) {
    at = bytes.writeUInt32BE(each.length, at)
    at += each.copy(bytes, at)
  }
  return bytes
}

/** Returns the UTF-8 of a text. Throws RangeError for a lone surrogate, which UTF-8 would turn into another character. */
export function exactUtf8(text: string): Buffer {
  if (!text.isWellFormed()) throw new RangeError('A text with half a character has no exact encoding.')
  return Buffer.from(text, 'utf8')
}

function encode(field: ContextField): Buffer {
  if (Buffer.isBuffer(field)) return field
  if (typeof field === 'string') return exactUtf8(field)
  if (!Number.isSafeInteger(field)) throw new RangeError('A number in a context is a safe integer.')
  return Buffer.from(String(field))
}
