import type { MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import type { Child } from 'hono/jsx'
import { type AssetUrls, Document, type NavigationSection } from '../../views/document.tsx'
import { BellUpdate } from '../../views/ui/bell.tsx'
import { FlashUpdate } from '../../views/ui/flash.tsx'
import { paths } from '../paths.ts'
import type { AppContext, AppEnv } from './app-context.ts'
import { sendPage } from './compression.ts'
import { takeFlash } from './flash.ts'

declare module 'hono' {
  interface ContextRenderer {
    // biome-ignore lint/style/useShorthandFunctionType: Hono's interface is extended, which a type cannot do
    (view: Child): Response | Promise<Response>
  }
}

/**
 * Reports whether the caller will swap this response into part of a page it already has.
 *
 * This is the only place that decides between a document and a fragment. It is a rendering optimisation, never a
 * different answer: a route renders the same view either way.
 */
export function wantsFragment(c: AppContext): boolean {
  return c.req.header('HX-Request-Type') === 'partial'
}

/** Installs `c.render(view)`. Registered first, so that failures raised by later middleware still get a shell. */
export function renderer(assets: AssetUrls): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.setRenderer((view) => {
      c.header('Vary', 'HX-Request-Type', { append: true })
      c.header('Cache-Control', 'no-store')
      return wantsFragment(c) ? renderFragment(c, view) : renderDocument(c, assets, view)
    })
    await next()
  }
}

function renderFragment(c: AppContext, view: Child) {
  return sendPage(
    c,
    <>
      {view}
      <FlashUpdate message={takeFlash(c)} />
      {c.get('actor') ? <BellUpdate unread={c.get('unread')} /> : null}
    </>,
  )
}

function renderDocument(c: AppContext, assets: AssetUrls, view: Child) {
  const document = (
    <Document
      actor={c.get('actor') ?? null}
      features={{ storedCredentials: c.get('storedCredentials') ?? false }}
      unread={c.get('unread') ?? 0}
      search={c.req.path === paths.search() ? (c.req.query('q') ?? '') : null}
      section={sectionOf(c.req.path)}
      assets={assets}
      insecure={c.get('insecure') ?? false}
      flash={takeFlash(c)}
    >
      {view}
    </Document>
  )
  return sendPage(c, html`<!doctype html>${document}`)
}

const sections: readonly NavigationSection[] = ['catalog', 'connections', 'credentials', 'activity']

function sectionOf(path: string): NavigationSection | null {
  return sections.find((section) => section === path.split('/')[1]) ?? null
}
