/** Where a keyset page ends: the sort it belongs to, the sort key of its last row, and that row's id. */
type Cursor = { readonly key: string; readonly id: string }

/** Returns an opaque, URL-safe text for the end of a page. */
export function encodeCursor(sort: string, key: string, id: string): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url')
}

/** Returns what a cursor of this sort says, or undefined for one that was made up or belongs to another sort. */
export function decodeCursor(text: string, sort: string): Cursor | undefined {
  try {
    const [itsSort, key, id] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    if (itsSort !== sort || typeof key !== 'string' || typeof id !== 'string') return undefined
    if (!/^[0-9a-f-]{36}$/.test(id) || key.includes('\0')) return undefined
    if (isMoment(sort) && !/^-?infinity$/.test(key) && Number.isNaN(Date.parse(key))) return undefined
    return { key, id }
  } catch {
    return undefined
  }
}

function isMoment(sort: string): boolean {
  return sort === 'used' || sort === 'expires'
}
