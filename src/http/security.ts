import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { MiddlewareHandler } from 'hono'
import { NotFound } from '../access/refusals.ts'
import type { AppContext, AppEnv } from './app-context.ts'
import { RequestRefused } from './request-refused.ts'

/** What a page may load and where it may send forms: this server and nothing inline. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const always = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
}

/** Sets the headers of every response, errors and files included. HSTS goes out only where ORIGIN is HTTPS. */
export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  for (const [name, value] of Object.entries(always)) c.res.headers.set(name, value)
  if (c.get('https')) c.res.headers.set('Strict-Transport-Security', 'max-age=31536000')
  if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
  c.res.headers.set('X-Request-Id', c.get('requestId'))
}

/** Refuses every method that no page uses, TRACE among them. */
export const onlyKnownMethods: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!['GET', 'HEAD', 'POST'].includes(c.req.method)) {
    c.header('Allow', 'GET, HEAD, POST')
    throw new RequestRefused(405, 'That method is not used here', 'Open the page with a link or send its form.')
  }
  await next()
}

/**
 * Lets only the one spelling of an address through. Ours have no escapes, so an escaped slash, an encoded dot or a
 * doubled slash is nobody's address, nor is one that asks for a NUL, which the database takes in no text; a page asked for
 * with a slash at the end is sent to the one without.
 */
export const onlyCanonicalPaths: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { host, pathname, search } = new URL(c.req.url)
  // Only a proxy is asked for whole addresses, and the host that counts must be the one that was checked.
  if (host !== hostOf(c.req.header('Host'))) throw new NotFound()
  if (pathname.includes('//') || /[%\\]/.test(pathname) || search.includes('%00')) throw new NotFound()
  const isPage = c.req.method !== 'POST' && pathname.length > 1
  if (isPage && pathname.endsWith('/')) return c.redirect(pathname.slice(0, -1) + search, 308)
  await next()
}

/**
 * Without ORIGIN, answers only to names that a stranger's DNS cannot own: localhost, an IP address, this machine's own
 * name. Otherwise a page of another site could rebind its name to this server and be "the same origin".
 */
export function onlyOwnHosts(origin: string | null): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (origin === null && !isOwnHost(c) && !isHarmless(c.req.path)) {
      throw new RequestRefused(
        421,
        'Keyward does not know this address',
        'Tell Keyward the address that people use: set ORIGIN, for example ORIGIN=https://keys.example.com, and start it again.',
      )
    }
    await next()
  }
}

/** Refuses every form that was not sent by a page of ours, and every one that does not say where it comes from. */
export function onlyOwnForms(origin: string | null): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.req.method === 'POST' && !isOwnForm(c, origin ?? `http://${c.req.header('Host') ?? ''}`)) {
      throw new RequestRefused(
        403,
        'This form came from another site',
        `Nothing was changed. Open ${origin ?? 'Keyward'} in the address bar and send the form from there.`,
      )
    }
    await next()
  }
}

/** Returns whether the host that people typed is this very machine. */
export function isLoopback(host: string | undefined): boolean {
  const name = hostnameOf(host)
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.\d+){3}$/.test(name)
}

function isOwnForm(c: AppContext, expected: string): boolean {
  const from = c.req.header('Origin')
  const site = c.req.header('Sec-Fetch-Site')
  if (from === undefined) return site === 'same-origin'
  if (from.toLowerCase() !== expected.toLowerCase()) return false
  return site === undefined || site === 'same-origin' || site === 'none'
}

function isOwnHost(c: AppContext): boolean {
  const host = c.req.header('Host')
  const name = hostnameOf(host)
  const machine = hostname().toLowerCase()
  const isAddress = isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
  return isLoopback(host) || isAddress || name === machine || name === `${machine}.local`
}

/** Probes come by whatever name, and the page that explains needs its style sheet. */
function isHarmless(path: string): boolean {
  return path === '/up' || path === '/ready' || path.startsWith('/assets/')
}

function hostnameOf(host: string | undefined): string {
  return hostOf(host).replace(/:\d+$/, '')
}

function hostOf(header: string | undefined): string {
  const url = `http://${header ?? ''}`
  return URL.canParse(url) ? new URL(url).host : ''
}
