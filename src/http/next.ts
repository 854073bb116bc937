const base = 'http://keyward.invalid'

/**
 * Returns where to go after signing in, if `text` is an address within Keyward, as the browser would read it: one
 * slash, no backslash, no control character, no other host. Undefined otherwise.
 */
export function safeNext(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 2_000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return undefined
  if (text.includes('\\') || !URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  if (url.origin !== base || url.pathname.startsWith('//')) return undefined
  if (/^\/(login|logout|setup)?$/.test(url.pathname)) return undefined
  return url.pathname + url.search
}
