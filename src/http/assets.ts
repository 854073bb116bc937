import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Context } from 'hono'
import { packageRoot } from '../package-root.ts'
import { paths } from '../paths.ts'
import { bestEncoding, type Encoding } from './compression.ts'

/** The static files by the name that views use. */
export type AssetName = 'app.css' | 'app.js' | 'htmx.js' | 'icon.svg'

/** The static files: read at start, and compressed once, when they are first asked for. */
export type Assets = {
  /** The address of a file, with a hash of its content: it may be cached forever. */
  url(name: AssetName): string
  /** Answers `/assets/:name`, in the best encoding that the browser takes; 404 for anything but the current files. */
  serveAsset(c: Context): Promise<Response>
}

type Asset = { readonly type: string; readonly etag: string; body(encoding: Encoding): Promise<Buffer> }

const types: Record<AssetName, string> = {
  'app.css': 'text/css; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'htmx.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
}

/** Reads the files. Throws when one is missing, which stops the start. */
export function loadAssets(): Assets {
  const urls = new Map<AssetName, string>()
  const assets = new Map<string, Asset>()
  for (const name of Object.keys(types) as AssetName[]) {
    const content = isOurs(name) ? withoutRemarks(readFileSync(fileOf(name), 'utf8')) : readFileSync(fileOf(name))
    const hash = createHash('sha256').update(content).digest('base64url').slice(0, 12)
    const hashedName = name.replace('.', `.${hash}.`)
    urls.set(name, paths.asset(hashedName))
    assets.set(hashedName, prepare(name, hash, content))
  }
  return {
    url: (name) => urls.get(name) ?? paths.asset(name),
    serveAsset: (c) => serve(c, assets.get(c.req.path.slice(paths.asset('').length))),
  }
}

function fileOf(name: AssetName): string {
  if (name === 'htmx.js') return createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js')
  return join(packageRoot(), 'public', name)
}

function isOurs(name: AssetName): boolean {
  return name === 'app.css' || name === 'app.js'
}

/** Leaves out what is there for who reads the file: comments that have their lines to themselves, and indentation. */
function withoutRemarks(text: string): Buffer {
  const remarks = [/^\s*\/\*[\s\S]*?\*\/[ \t]*$/gm, /^\s*\/\/.*$/gm, /^\s+/gm]
  return Buffer.from(remarks.reduce((rest, remark) => rest.replace(remark, ''), text))
}

function prepare(name: AssetName, hash: string, content: Buffer): Asset {
  const bodies = new Map<Encoding, Promise<Buffer>>()
  return {
    type: types[name],
    etag: hash,
    body(encoding) {
      const body = bodies.get(encoding) ?? compress(content, encoding)
      bodies.set(encoding, body)
      return body
    },
  }
}

/** At the highest level: it is done once. */
async function compress(content: Buffer, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'identity') return content
  if (encoding === 'gzip') return promisify(gzip)(content, { level: 9 })
  return promisify(brotliCompress)(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  })
}

async function serve(c: Context, asset: Asset | undefined): Promise<Response> {
  if (asset === undefined) return c.text('Not found.', 404, { 'X-Content-Type-Options': 'nosniff' })
  const encoding = bestEncoding(c.req.header('Accept-Encoding') ?? '')
  // One tag per encoding: what a strong tag names is the bytes.
  const etag = `"${asset.etag}-${encoding}"`
  const headers = new Headers({
    'Cache-Control': 'public, max-age=31536000, immutable',
    ETag: etag,
    Vary: 'Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
  })
  if (matches(c.req.header('If-None-Match'), etag)) return c.newResponse(null, { status: 304, headers })
  const body = await asset.body(encoding)
  headers.set('Content-Type', asset.type)
  headers.set('Content-Length', String(body.length))
  if (encoding !== 'identity') headers.set('Content-Encoding', encoding)
  return c.newResponse(new Uint8Array(body), { status: 200, headers })
}

function matches(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) ?? false
}
