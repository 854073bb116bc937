/** A name that may be stored, or why not. `key` is what names are compared, sorted and searched by. */
export type ParsedName =
  | { readonly ok: true; readonly name: string; readonly key: string }
  | { readonly ok: false; readonly error: string }

const maximumLength = 100

const longestDescription = 500

/** Returns why a description cannot be stored, as a sentence; undefined where it can. */
export function refuseDescription(text: string): string | undefined {
  if ([...text].length <= longestDescription) return undefined
  return `Description must be ${longestDescription} characters or fewer. Shorten it.`
}

/** Returns the name trimmed, with its key; `label` is what the form calls the field ("Account name"). */
export function parseName(text: string, label: string): ParsedName {
  const name = text.trim()
  if (name === '') return { ok: false, error: `Enter an ${label.toLowerCase()}.`.replace(/an (?=[^aeiou])/, 'a ') }
  if ([...name].length > maximumLength) {
    return { ok: false, error: `${label} must be ${maximumLength} characters or fewer. Shorten it.` }
  }
  // Categories Cc (control) and Cs (lone surrogates) cannot be stored or shown; a name of only Cf or Z is invisible.
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return { ok: false, error: `${label} contains a control character. Remove it.` }
  if (!/[^\p{Cf}\p{Z}\p{M}]/u.test(name)) return { ok: false, error: `${label} needs at least one visible character.` }
  return { ok: true, name, key: nameKey(name) }
}

/** Returns the form of a name in which two names that read the same are equal: NFKC, folded, single spaces. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim()
}

/** Returns the form of a name in which two names that DuckDB takes for one are equal: to it, only A to Z have two cases. */
export function queryKey(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * Returns what a search looks in: name and username folded, one on each line, so that no search finds what begins in the
 * one and ends in the other.
 */
export function searchKey(name: string, username: string | null): string {
  return [name, username ?? ''].map(foldForSearch).join('\n').trim()
}

/** Returns a text as searches compare it: without accents and case (`Straße` is `strasse`), with single spaces. */
export function foldForSearch(text: string): string {
  // Up and down again: `ß` is lower case, and `SS` in capitals.
  const plain = withoutMarks(withoutMarks(text).toLowerCase().toUpperCase().toLowerCase())
  return plain.replace(/\s+/gu, ' ').trim()
}

function withoutMarks(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '')
}
