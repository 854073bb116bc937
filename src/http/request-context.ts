import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Log } from '../log.ts'
import type { AppContext, AppEnv } from './app-context.ts'
import { isLoopback } from './security.ts'

/** Gives the request its id and says how it came in. Runs before everything that may fail. */
export function requestContext(options: { origin: string | null; trustProxy: boolean }): MiddlewareHandler<AppEnv> {
  const https = options.origin?.startsWith('https:') ?? false
  return async (c, next) => {
    c.set('requestId', randomUUID())
    c.set('address', addressOf(c, options.trustProxy))
    c.set('https', https)
    c.set('insecure', !https && !isLoopback(c.req.header('Host')))
    c.set('actor', null)
    c.set('sessionId', null)
    c.set('storedCredentials', false)
    c.set('unread', 0)
    await next()
  }
}

/** Writes one line a request: the pattern of the route, not the address, since people paste anything into addresses. */
export function requestLog(log: Log): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const begun = performance.now()
    await next()
    log.info('request', {
      requestId: c.get('requestId'),
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      milliseconds: Math.round(performance.now() - begun),
      userId: c.get('actor')?.id,
    })
  }
}

/** The socket's address. A header is believed only where an operator said that a proxy of theirs writes it. */
function addressOf(c: AppContext, trustProxy: boolean): string | null {
  const named = trustProxy ? c.req.header('X-Forwarded-For')?.split(',').at(-1)?.trim() : undefined
  return named || socketAddress(c.env)
}

function socketAddress(env: unknown): string | null {
  const { incoming } = (env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } }
  return incoming?.socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? null
}
