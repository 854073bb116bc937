/**
 * Returns when a token ends that says so itself: the `exp` of a JSON Web Token (RFC 7519, §4.1.4), which is readable
 * without its key. Null for every other token. Its signature is not looked at: whom it opens for is up to the target.
 */
export function endOfToken(token: string): Date | null {
  const [, claims, signature, ...more] = token.split('.')
  if (claims === undefined || signature === undefined || more.length > 0) return null
  try {
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { exp?: unknown }
    return typeof exp === 'number' && exp >= 0 && exp <= latest ? new Date(exp * 1_000) : null
  } catch {
    return null
  }
}

/** The end of the year 9999, in seconds: dates beyond it have no common spelling. */
const latest = 253_402_300_799
