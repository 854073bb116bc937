import type { Sample, Source } from '../../src/connector/driver.ts'

/** Returns "2,000,000 rows" or "1 row". */
export function rowsInWords(rows: number): string {
  return `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`
}

/** Returns "512 B", "1.4 MB": decimal units, as disks and networks are sold. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), 4)
  const value = bytes / 1000 ** power
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
}

/** Returns "8 s", "2 min 5 s", "1 h 3 min". */
export function durationInWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** Returns what a dataset is made from in one line: `sales.orders`, or "SQL query". */
export function sourceInWords(source: Source): string {
  return source.kind === 'table' ? `${source.schema}.${source.table}` : 'SQL query'
}

/** Returns "5 % of the rows, at random" or "10,000 rows, at random". */
export function sampleInWords({ of, amount }: Sample): string {
  return of === 'percent' ? `${amount} % of the rows, at random` : `${rowsInWords(amount)}, at random`
}
