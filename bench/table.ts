import { cpus, totalmem } from 'node:os'
import type { Figure } from './measurement.ts'

/** Returns the figures of one measurement as an aligned table. */
export function tableOf(figures: readonly Figure[]): string {
  const header = ['what', 'figure', 'limit', 'figure ÷ limit', '']
  const rows = figures.map(({ what, figure, limit, ratio, met }) => [
    what,
    figure,
    limit ?? 'for the record',
    ratio === null ? '' : ratio.toFixed(2),
    met === null ? '' : met ? 'met' : 'NOT MET',
  ])
  const lines = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}

/** Returns what the figures were measured on. */
export function machine(): string {
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0)
  return `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gigabytes} GB, Node ${process.version}, ${process.platform} ${process.arch}`
}
