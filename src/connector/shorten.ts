/** Returns a cell of at most so many characters, cut ones ending in "…". Never cuts a character in half. */
export function shortenCell(text: string | null, characters: number): string | null {
  if (text === null || text.length <= characters) return text
  const kept = Array.from(text.slice(0, 2 * characters + 2))
    .slice(0, characters)
    .join('')
  return kept.length === text.length ? text : `${kept}…`
}
