/** Returns SQL for a value as a person reads it, at most so many characters of it; then it ends in "…". */
export function shownText(expression: string, type: string, characters: number): string {
  const text = type === 'BLOB' ? `('\\x' || lower(hex(${expression})))` : `${expression}::VARCHAR`
  return `CASE WHEN length(${text}) > ${characters} THEN left(${text}, ${characters}) || '…' ELSE ${text} END`
}
