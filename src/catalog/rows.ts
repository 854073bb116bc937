import { identifier, openParquet, type TextRows } from './parquet.ts'

/** Twenty rows of a snapshot. A cell is null for NULL and cut at 1,000 characters, then it ends in "…". */
export type RowsPage = {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: TextRows
  /** From 1. */
  readonly page: number
  /** Whether a page follows. */
  readonly more: boolean
}

export const rowsPerPage = 20
const cellCharacters = 1000
const previewMilliseconds = 10_000

/** Reading a snapshot took longer than a page may. */
export class ReadTooLong extends Error {
  constructor() {
    super('Reading this snapshot took too long. Try again, or download it.')
  }
}

/** Reads one page of a snapshot's file. A page after the last is empty. Throws `ReadTooLong` after ten seconds. */
export async function readPage(path: string, page: number): Promise<RowsPage> {
  const parquet = await openParquet(path)
  let late = false
  const timer = setTimeout(() => {
    late = true
    parquet.interrupt()
  }, previewMilliseconds)
  try {
    const { columns } = parquet
    const cells = columns.map(({ name, type }) => cut(asText(name, type))).join(', ')
    const found = await parquet.query(cells, `limit ${rowsPerPage + 1} offset ${(page - 1) * rowsPerPage}`)
    return { columns, rows: found.slice(0, rowsPerPage), page, more: found.length > rowsPerPage }
  } catch (error) {
    throw late ? new ReadTooLong() : error
  } finally {
    clearTimeout(timer)
    parquet.close()
  }
}

/** Returns the SQL of a column as text; bytes are `\x` and hexadecimal digits. */
export function asText(name: string, type: string): string {
  const column = identifier(name)
  return type === 'BLOB' ? `('\\x' || lower(hex(${column})))` : `${column}::varchar`
}

function cut(text: string): string {
  return `case when length(${text}) > ${cellCharacters} then left(${text}, ${cellCharacters}) || '…' else ${text} end`
}
