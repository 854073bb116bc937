import { Hono } from 'hono'
import type { Sessions } from './auth/sessions.ts'
import type { AppEnv } from './http/app-context.ts'
import type { Assets } from './http/assets.ts'
import { failureRenderer, renderNotFound } from './http/failures.tsx'
import { renderer } from './http/render.tsx'
import { requestContext, requestLog } from './http/request-context.ts'
import { mount, type RecordRefusal, type Route, type Routes, refuseUnregistered, tableOf } from './http/routing.ts'
import { onlyCanonicalPaths, onlyKnownMethods, onlyOwnForms, onlyOwnHosts, securityHeaders } from './http/security.ts'
import { sessionReader } from './http/session.ts'
import type { Log } from './log.ts'

/** What the app stands on. */
export type AppDependencies = {
  /** The public address, or null where people reach it by whatever address this machine has. */
  readonly origin: string | null
  /** True where a proxy of the operator's writes `X-Forwarded-For`. */
  readonly trustProxy?: boolean
  readonly assets: Assets
  readonly log: Log
  readonly sessions: Pick<Sessions, 'read'>
  /** The rooms' routes, each with its policies. */
  readonly routes: readonly Routes[]
  readonly recordRefusal: RecordRefusal
}

/** The web app and the table of its routes. */
export type App = {
  readonly fetch: Hono<AppEnv>['fetch']
  readonly request: Hono<AppEnv>['request']
  readonly table: readonly Route[]
}

/**
 * Returns the web app: the one place that knows the order of middleware and what is mounted. Throws when a route has no
 * policy.
 */
export function createApp(deps: AppDependencies): App {
  const { origin, trustProxy = false, assets, log } = deps
  const table = tableOf(deps.routes)
  const app = new Hono<AppEnv>()
  app.use(requestContext({ origin, trustProxy }))
  app.use(renderer(assets))
  app.use(requestLog(log))
  app.use(securityHeaders)
  app.use(onlyKnownMethods)
  app.use(onlyOwnHosts(origin))
  app.use(onlyCanonicalPaths)
  app.use(onlyOwnForms(origin))
  app.use(sessionReader(deps.sessions))
  mount(app, table, deps.recordRefusal)
  app.notFound(renderNotFound)
  app.onError(failureRenderer(log))
  refuseUnregistered(app, table)
  return { fetch: app.fetch, request: app.request, table }
}
