/** How a file holds a table. */
export type FileFormat = { readonly kind: 'csv' | 'tsv' | 'json' | 'parquet'; readonly gzip: boolean }

/** Returns the format that a file's name tells of; undefined where it is not one that can be read as a table. */
export function formatOf(name: string): FileFormat | undefined {
  const [, ending = '', gzip] = /\.([a-z]+)(\.gz)?$/i.exec(name) ?? []
  const kind = kinds.get(ending.toLowerCase())
  if (kind === undefined || (kind === 'parquet' && gzip !== undefined)) return undefined
  return { kind, gzip: gzip !== undefined }
}

const kinds: ReadonlyMap<string, FileFormat['kind']> = new Map([
  ['csv', 'csv'],
  ['tsv', 'tsv'],
  ['tab', 'tsv'],
  ['json', 'json'],
  ['jsonl', 'json'],
  ['ndjson', 'json'],
  ['parquet', 'parquet'],
])
