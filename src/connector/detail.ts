/** The most characters of a target's own words that are kept. */
export const detailCharacters = 500

/**
 * Returns what a target said in a form that can be stored and shown: without control and invisible formatting
 * characters, without any of `secrets`, and cut at 500 characters. Null where nothing is left.
 */
export function foldDetail(raw: string | undefined, secrets: readonly string[]): string | null {
  if (raw === undefined) return null
  // First the characters that could stand between the letters of a secret, then the secret, and only then the cut.
  const visible = withoutControls(raw)
  const cleared = secrets
    .map(withoutControls)
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '[secret]'), visible)
  if (cleared === '') return null
  if (cleared.length <= detailCharacters) return cleared
  // Not between the two halves of a character: half of one cannot be stored.
  return `${cleared.slice(0, detailCharacters - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** Line breaks become spaces; lone halves of surrogate pairs, which cannot be stored, become U+FFFD. */
function withoutControls(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('utf8')
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
}
