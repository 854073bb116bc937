import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './app-context.ts'

/** How a body may be sent. */
export type Encoding = 'br' | 'gzip' | 'identity'

/** Returns the smallest encoding that an `Accept-Encoding` header allows. */
export function bestEncoding(accepted: string): Encoding {
  const names = accepted
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, weight]) => weight === undefined || Number(weight.replace('q=', '')) > 0)
    .map(([name]) => name)
  if (names.includes('br')) return 'br'
  return names.includes('gzip') ? 'gzip' : 'identity'
}

/** Compresses pages, and nothing else: static files are compressed already, downloads are streams. (docs/decisions/080) */
export const compressPages: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  if (!c.res.headers.get('Content-Type')?.startsWith('text/html')) return
  c.res.headers.append('Vary', 'Accept-Encoding')
  const encoding = bestEncoding(c.req.header('Accept-Encoding') ?? '')
  if (encoding === 'identity') return
  const page = await c.res.text()
  // A tenth of a millisecond: handing it to a thread and back takes longer.
  const body = encoding === 'br' ? brotliCompressSync(page, quality) : gzipSync(page)
  const headers = new Headers(c.res.headers)
  headers.set('Content-Encoding', encoding)
  headers.set('Content-Length', String(body.length))
  c.res = new Response(new Uint8Array(body), { status: c.res.status, headers })
}

/** Beyond this it takes several times as long for a few percent. */
const quality = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT },
}
