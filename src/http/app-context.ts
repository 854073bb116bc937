import type { Context } from 'hono'
import type { UserActor } from '../access/actor.ts'

/** What the middleware finds out about a request before a route runs. */
export type AppVariables = {
  /** Also in the log line, the ledger and the header `X-Request-Id`. */
  requestId: string
  /** The socket's address, or the last one a trusted proxy named. */
  address: string | null
  /** True where people reach Keyward over HTTPS, which ORIGIN says. */
  https: boolean
  /** True where the page came over plain HTTP to another machine. */
  insecure: boolean
  /** Null: nobody is signed in. */
  actor: UserActor | null
  /** The session's public id, never its token. */
  sessionId: string | null
  /** The feature *Stored credentials* for this actor; false when nobody is signed in. */
  storedCredentials: boolean
  /** How many notifications the actor has not read, at most one more than are counted. */
  unread: number
  /** Where signing in may lead back to; set by the route that refused. */
  next: string | undefined
  /** What the form of this request held, secrets aside; undefined where none was read. */
  typed: readonly (readonly [name: string, value: string])[] | undefined
}

export type AppEnv = { Variables: AppVariables }

/** What handlers get: a Hono context with our variables. */
export type AppContext = Context<AppEnv>
