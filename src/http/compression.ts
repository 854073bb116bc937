import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { HtmlEscapedCallbackPhase, type HtmlEscapedString, resolveCallback } from 'hono/utils/html'
import type { AppContext } from './app-context.ts'

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

/**
 * Answers with a page, compressed as the browser allows. Static files are compressed already and downloads are streams,
 * so this is done here and not for every answer; it also keeps the answer in one piece. (docs/decisions/080)
 */
export async function sendPage(c: AppContext, markup: Markup): Promise<Response> {
  // A plain string: the server sends a `String` object, which Hono may give, as a stream.
  const page = String(await resolveCallback(markup, HtmlEscapedCallbackPhase.Stringify, false, {}))
  c.header('Vary', 'Accept-Encoding', { append: true })
  const encoding = bestEncoding(c.req.header('Accept-Encoding') ?? '')
  if (encoding === 'identity') return c.html(page)
  c.header('Content-Type', 'text/html; charset=UTF-8')
  c.header('Content-Encoding', encoding)
  // A tenth of a millisecond: handing it to a thread and back takes longer.
  const body = encoding === 'br' ? brotliCompressSync(page, quality) : gzipSync(page)
  return c.body(new Uint8Array(body))
}

type Markup = string | HtmlEscapedString | Promise<HtmlEscapedString>

/** Beyond this it takes twice as long for three percent. A window of 256 KB holds any page, and is made sooner than the usual 4 MB. */
const quality = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 3,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
}
