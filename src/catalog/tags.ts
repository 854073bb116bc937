import { nameKey } from '../names.ts'

/** A tag that may be stored. `key` is what tags are compared by. */
export type Tag = { readonly tag: string; readonly key: string }

export type ParsedTags =
  | { readonly ok: true; readonly tags: readonly Tag[] }
  | { readonly ok: false; readonly error: string }

/** How many tags a dataset has at most, and how many characters each. */
export const mostTags = 20
export const longestTag = 50

/** Returns the tags that were typed with commas or line ends between them, each once, in their order; or why not. */
export function parseTags(text: string): ParsedTags {
  const found = new Map<string, string>()
  for (const typed of text.split(/[,\n\r]/)) {
    const tag = typed.normalize('NFC').replace(/\s+/gu, ' ').trim()
    if (tag === '') continue
    const error = refuseTag(tag)
    if (error !== undefined) return { ok: false, error }
    const key = nameKey(tag)
    if (!found.has(key)) found.set(key, tag)
  }
  if (found.size > mostTags) {
    return { ok: false, error: `These are ${found.size} tags. A dataset has at most ${mostTags}; remove some.` }
  }
  return { ok: true, tags: [...found].map(([key, tag]) => ({ key, tag })) }
}

function refuseTag(tag: string): string | undefined {
  const letters = [...tag]
  if (letters.length > longestTag) {
    return `The tag "${letters.slice(0, 20).join('')}…" is longer than ${longestTag} characters. Shorten it.`
  }
  if (/[\p{Cc}\p{Cs}]/u.test(tag)) return 'A tag contains a control character. Remove it.'
  if (!/[^\p{Cf}\p{Z}\p{M}]/u.test(tag)) return 'A tag needs at least one visible character.'
  return undefined
}
