import type { CookieOptions } from 'hono/utils/cookie'
import type { AppContext } from './app-context.ts'

/** Returns the name under which a cookie is kept: `__Host-` over HTTPS, so that no other host can set it. */
export function cookieName(c: AppContext, name: 'session' | 'flash'): string {
  return c.get('https') ? `__Host-keyward-${name}` : `keyward-${name}`
}

/** What all our cookies have: scripts do not see them and other sites do not send them with a form. */
export function cookieOptions(c: AppContext): CookieOptions {
  return { httpOnly: true, sameSite: 'Lax', path: '/', secure: c.get('https') }
}
