/** One field of a context. Numbers are encoded as their decimal text. */
export type ContextField = string | number | Buffer

/**
 * Returns the bytes that a record is bound to: each field behind its length (u32, big endian). Two lists of fields have
 * the same bytes exactly when they are the same list.
 */
export function encodeContext(fields: readonly ContextField[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => withLength(Buffer.isBuffer(field) ? field : Buffer.from(String(field)))),
  )
}

function withLength(bytes: Buffer): Buffer[] {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return [length, bytes]
}
