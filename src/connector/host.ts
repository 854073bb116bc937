import { isIP, isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'

/**
 * Returns a host in the one spelling Keyward uses: lower case, ASCII, an IPv6 address without brackets; or undefined
 * where it is not one host. Names that other programs would read as numbers (`127.1`, `0x7f000001`, `2130706433`,
 * `0177.0.0.1`), zone ids, paths, lists and control characters are not hosts. A trailing dot is kept: it is how a name
 * says that it is complete.
 */
export function parseHost(text: string): string | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (bare.includes(':')) return isIP(bare) === 6 && !bare.includes('%') ? bare.toLowerCase() : undefined
  // Asked first, because a process that has just begun takes a while to learn what a letter is.
  const isPlain = /^[\w.-]+$/.test(bare)
  if (bare !== text || !(isPlain || /^[\p{L}\p{N}\p{M}._-]+$/u.test(bare))) return undefined
  // Names outside ASCII are compared and resolved as what DNS knows them by; URL's rules do not allow an underscore.
  const ascii = isPlain ? bare.toLowerCase() : domainToASCII(bare)
  return isName(ascii) ? ascii : undefined
}

/** Returns a host without the dot that may end it, which is how addresses, patterns and certificates are compared. */
export function withoutTrailingDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host
}

function isName(host: string): boolean {
  const name = withoutTrailingDot(host)
  if (isIPv4(name)) return name === host
  const labels = name.split('.')
  const wellFormed = labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
  return wellFormed && name.length <= 253 && !/^(?:0x[0-9a-f]*|\d+)$/.test(labels.at(-1) ?? '')
}
