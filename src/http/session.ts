import type { MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { NewSession, Sessions } from '../auth/sessions.ts'
import type { AppContext, AppEnv } from './app-context.ts'
import { cookieName, cookieOptions } from './cookies.ts'

/** Finds out who is signed in, for pages; files and probes do not ask. */
export function sessionReader(sessions: Pick<Sessions, 'read'>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const token = sessionToken(c)
    if (token !== undefined && !/^\/(assets\/|up$|ready$)/.test(c.req.path)) {
      const found = await sessions.read(token, { address: c.get('address'), requestId: c.get('requestId') })
      if (found !== null) {
        c.set('actor', found.actor)
        c.set('sessionId', found.publicId)
        c.set('storedCredentials', found.actor.storedCredentials ?? false)
        c.set('unread', found.unread)
      }
    }
    await next()
  }
}

/** Returns the bearer token of this request, if it has one. It goes nowhere but into `Sessions`. */
export function sessionToken(c: AppContext): string | undefined {
  return getCookie(c, cookieName(c, 'session'))
}

/** Sends a new session's token to the browser, until the session's fixed end. */
export function setSession(c: AppContext, session: NewSession): void {
  setCookie(c, cookieName(c, 'session'), session.token, { ...cookieOptions(c), expires: session.endsAt })
}

/** Makes the browser forget its session. */
export function forgetSession(c: AppContext): void {
  deleteCookie(c, cookieName(c, 'session'), cookieOptions(c))
}
