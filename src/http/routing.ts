import type { Hono } from 'hono'
import type { UserActor } from '../access/actor.ts'
import { FeatureOff, Forbidden, NotFound, Unauthenticated } from '../access/refusals.ts'
import type { AppContext, AppEnv } from './app-context.ts'
import { refuseOversized } from './body-limit.ts'
import { isId } from './id.ts'

export type { AppContext } from './app-context.ts'

/** Also people who are not signed in. */
export const anyone = 'anyone'
/** Whoever is signed in; what they may do with which object is decided by the service. */
export const signedIn = 'signed-in'
/** Whoever is signed in and has the feature *Stored credentials*: without it there are no such pages. */
export const withStoredCredentials = 'stored-credentials'
/** Administrators of an organization only. */
export const administrator = 'administrator'

const policies = [anyone, signedIn, withStoredCredentials, administrator] as const

/** Who may reach a route at all. */
export type RoutePolicy = (typeof policies)[number]

type Answer = Response | Promise<Response>
type Handler<P extends RoutePolicy> = P extends typeof anyone
  ? (c: AppContext) => Answer
  : (c: AppContext, actor: UserActor) => Answer

type RouteOptions = {
  /** The largest body in bytes; 1 MiB unless told. */
  readonly maximumBody?: number
}

/** One entry of the table: what the tests and the mounting go by. */
export type Route = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly policy: RoutePolicy
  readonly maximumBody: number
  readonly handle: (c: AppContext, actor: UserActor | null) => Answer
}

/**
 * The routes of one noun, each with its policy. Parameters named `id` or ending in `Id` are UUIDs and `version` is a
 * whole number from 1; anything else there is answered like a missing row before the handler runs.
 */
export class Routes {
  readonly table: Route[] = []

  get<P extends RoutePolicy>(path: string, policy: P, handler: Handler<P>): void {
    this.#add('GET', path, policy, handler, {})
  }

  post<P extends RoutePolicy>(path: string, policy: P, handler: Handler<P>, options: RouteOptions = {}): void {
    this.#add('POST', path, policy, handler, options)
  }

  #add<P extends RoutePolicy>(
    method: Route['method'],
    path: string,
    policy: P,
    handler: Handler<P>,
    options: RouteOptions,
  ): void {
    const { maximumBody = defaultBody } = options
    this.table.push({ method, path, policy, maximumBody, handle: handler as Route['handle'] })
  }
}

const defaultBody = 1024 * 1024

/** Returns all routes of a process as one table. Throws when one has no known policy or two answer the same request. */
export function tableOf(rooms: readonly Routes[]): readonly Route[] {
  const table = rooms.flatMap((room) => room.table)
  const seen = new Set<string>()
  for (const { method, path, policy } of table) {
    const name = `${method} ${path}`
    if (!policies.includes(policy)) throw new Error(`The route ${name} has no policy.`)
    if (seen.has(name)) throw new Error(`The route ${name} is there twice.`)
    seen.add(name)
  }
  return table
}

/** Writes down that someone was refused; see `Guard.recordRefusal`. */
export type RecordRefusal = (actor: UserActor, error: unknown, asked: Asked) => Promise<void>
type Asked = { readonly type: 'credential' | 'connection' | 'dataset' | 'organization'; readonly id: string | null }

/** Mounts every route behind its policy. What a form was refused is recorded, whichever check refused it. */
export function mount(app: Hono<AppEnv>, table: readonly Route[], recordRefusal: RecordRefusal): void {
  const pages = new Set(table.filter(({ method }) => method === 'GET').map(({ path }) => path))
  for (const route of table) {
    const isPage = pages.has(route.path)
    app.on(route.method, route.path, async (c) => {
      c.set('next', isPage ? pathAndQuery(c) : undefined)
      try {
        const actor = admit(c, route.policy)
        refuseMalformedIds(c)
        if (route.method === 'POST') await refuseOversized(c, route.maximumBody)
        return await route.handle(c, actor)
      } catch (error) {
        const actor = c.get('actor')
        if (route.method === 'POST' && actor !== null) await recordRefusal(actor, error, askedFor(c, route.path))
        throw error
      }
    })
  }
}

/** Throws when the app answers to something that is not in the table, so that no route can be without a policy. */
export function refuseUnregistered(app: Hono<AppEnv>, table: readonly Route[]): void {
  const known = new Set(table.map(({ method, path }) => `${method} ${path}`))
  for (const { method, path } of app.routes) {
    const isMiddleware = method === 'ALL' && path === '/*'
    if (!isMiddleware && !known.has(`${method} ${path}`)) {
      throw new Error(`The route ${method} ${path} is not in the table of routes, so it has no policy.`)
    }
  }
}

function admit(c: AppContext, policy: RoutePolicy): UserActor | null {
  const actor = c.get('actor')
  if (policy === anyone) return actor
  if (actor === null) throw new Unauthenticated()
  if (policy === administrator && actor.role !== 'administrator') throw new Forbidden()
  if (policy === withStoredCredentials && !c.get('storedCredentials')) throw new FeatureOff()
  return actor
}

const wholeNumber = /^[1-9][0-9]{0,8}$/

const nouns: Readonly<Record<string, Asked['type']>> = {
  credentials: 'credential',
  connections: 'connection',
  catalog: 'dataset',
}

/** What a request is about, as far as its address says. */
function askedFor(c: AppContext, path: string): Asked {
  const [, noun = ''] = path.split('/')
  const id = c.req.param('id')
  return { type: nouns[noun] ?? 'organization', id: id !== undefined && isId(id) ? id : null }
}

function refuseMalformedIds(c: AppContext): void {
  const parameters: Record<string, string> = c.req.param()
  for (const [name, value] of Object.entries(parameters)) {
    if (/^id$|Id$/.test(name) && !isId(value)) throw new NotFound()
    if (name === 'version' && !wholeNumber.test(value)) throw new NotFound()
  }
}

function pathAndQuery(c: AppContext): string {
  const { pathname, search } = new URL(c.req.url)
  return pathname + search
}
