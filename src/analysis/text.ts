import { cellCharacters } from './analysis.ts'

/** Characters of an answer's cells in all: more would keep the process that shows it from other people's requests. */
const mostCharacters = 2_000_000

/** Returns how many characters of each of so many cells are shown. */
export function charactersFor(cells: number): number {
  return Math.max(20, Math.min(cellCharacters, Math.floor(mostCharacters / Math.max(1, cells))))
}

/** Returns SQL for a value as a person reads it, at most so many characters of it; then it ends in "…". */
export function shownText(expression: string, type: string, characters: number): string {
  const text = type === 'BLOB' ? `('\\x' || lower(hex(${expression})))` : `${expression}::VARCHAR`
  return `CASE WHEN length(${text}) > ${characters} THEN left(${text}, ${characters}) || '…' ELSE ${text} END`
}
