import type { ServerOptions } from 'node:http'

/**
 * What the HTTP server allows a client to take: slow headers and slow bodies end, a header block has a bound. For
 * `serve({ serverOptions })`. All in milliseconds and bytes.
 */
export const serverOptions: ServerOptions = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
}
