import { createHash } from 'node:crypto'
import { and, eq, gt, lt, ne, or, sql } from 'drizzle-orm'
import { type Adapter, type DatabaseSession, type DatabaseUser, Lucia, TimeSpan } from 'lucia'
import type { UserActor } from '../access/actor.ts'
import { type Deployment, featureSql } from '../access/features.ts'
import type { Database, Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { sessions, users } from '../db/schema/organizations.ts'
import { unreadSql } from '../notifications/unread.ts'

/** A session just begun. The token goes into the cookie and nowhere else. */
export type NewSession = { readonly token: string; readonly publicId: string; readonly endsAt: Date }

/** A session as of this request. It holds no token, so it may stand in the request's context. */
export type CurrentSession = {
  readonly actor: UserActor
  readonly publicId: string
  /** When the password was last proven. */
  readonly authenticatedAt: Date
  /** How many notifications they have not read, as far as they are counted. */
  readonly unread: number
}

type Origin = { readonly address: string | null; readonly requestId: string | null }
type Store = Database | Transaction

const idleMinutes = 60
const absoluteHours = 12
/** The sliding end is written at most this often, so that a GET is rarely a write. */
const slideEverySeconds = 60

export type Sessions = ReturnType<typeof createSessions>

/** Returns the sessions of this installation, kept in Postgres under the SHA-256 of their token. */
export function createSessions(deps: { db: Database; deployment: Deployment }) {
  const { db, deployment } = deps
  const luciaOn = (store: Store) => createLucia(adapterOn(store, deployment))
  const lucia = luciaOn(db)
  const adapter = adapterOn(db, deployment)
  return {
    /** Begins a session that ends twelve hours from now at the latest. */
    begin: (store: Store, userId: string, address: string | null): Promise<NewSession> =>
      begin(luciaOn(store), userId, address, new Date(Date.now() + absoluteHours * 3_600_000)),

    /** Returns who a token belongs to, or null: unknown, idle for an hour, twelve hours old, or the user disabled. */
    async read(token: string, origin: Origin): Promise<CurrentSession | null> {
      const { session, user } = await lucia.validateSession(token)
      if (session === null) return null
      await slide(adapter, token, session.expiresAt)
      const { unread, ...person } = user
      return {
        actor: { ...person, kind: 'user', ...origin },
        unread,
        publicId: session.publicId,
        authenticatedAt: session.authenticatedAt,
      }
    },

    /** Replaces a session by one with a new token and a fresh proof of the password. Null where it is over. */
    async renew(tx: Transaction, token: string): Promise<NewSession | null> {
      const [old] = await tx
        .delete(sessions)
        .where(and(eq(sessions.id, hashOf(token)), gt(sessions.endsAt, sql`now()`)))
        .returning()
      return old === undefined ? null : begin(luciaOn(tx), old.userId, old.address, old.endsAt)
    },

    /** Ends one session. */
    async end(store: Store, token: string): Promise<void> {
      await luciaOn(store).invalidateSession(token)
    },

    /** Ends every session of a user, but the one to keep. Part of the caller's transaction. */
    async endAll(tx: Transaction, userId: string, keepPublicId?: string): Promise<void> {
      const its = eq(sessions.userId, userId)
      await tx.delete(sessions).where(keepPublicId === undefined ? its : and(its, ne(sessions.publicId, keepPublicId)))
    },

    /** Removes what is over. For a job; nothing depends on it. */
    async sweep(): Promise<void> {
      await lucia.deleteExpiredSessions()
    },
  }
}

type LuciaHere = ReturnType<typeof createLucia>

async function begin(lucia: LuciaHere, userId: string, address: string | null, endsAt: Date): Promise<NewSession> {
  const publicId = newId()
  const attributes = { publicId, address, endsAt, authenticatedAt: new Date() }
  const { id } = await lucia.createSession(userId, attributes)
  return { token: id, publicId, endsAt }
}

declare module 'lucia' {
  interface Register {
    Lucia: LuciaHere
    DatabaseSessionAttributes: { publicId: string; address: string | null; endsAt: Date; authenticatedAt: Date }
    DatabaseUserAttributes: Pick<UserActor, 'organizationId' | 'role' | 'name' | 'email' | 'storedCredentials'> & {
      unread: number
    }
  }
}

function createLucia(adapter: Adapter) {
  return new Lucia(adapter, {
    sessionExpiresIn: new TimeSpan(idleMinutes, 'm'),
    getSessionAttributes: ({ publicId, endsAt, authenticatedAt }) => ({ publicId, endsAt, authenticatedAt }),
    getUserAttributes: (attributes) => attributes,
  })
}

/** Lucia extends a session only in the second half of its time; idle means 60 minutes since the last request. */
async function slide(adapter: Adapter, token: string, expiresAt: Date): Promise<void> {
  const full = Date.now() + idleMinutes * 60_000
  if (full - expiresAt.getTime() < slideEverySeconds * 1000) return
  await adapter.updateSessionExpiration(token, new Date(full))
}

/**
 * Keeps sessions under the hash of their token. Lucia's session id is the bearer token: it is hashed on the way in and
 * handed back as it came, so a stolen table signs nobody in. The absolute end is enforced here; Lucia has none.
 */
function adapterOn(store: Store, deployment: Deployment): Adapter {
  let find: ReturnType<typeof findOn> | undefined
  return {
    async getSessionAndUser(token) {
      find ??= findOn(store, deployment)
      const [row] = await find.execute({ hash: hashOf(token) })
      return row === undefined ? [null, null] : [sessionFrom(token, row.session), userFrom(row)]
    },

    async setSession({ id, userId, expiresAt, attributes }) {
      await store.insert(sessions).values({ id: hashOf(id), userId, expiresAt, ...attributes })
    },

    async updateSessionExpiration(token, expiresAt) {
      // As text with its type: an untyped parameter would be guessed from `least`.
      const wanted = sql`least(${expiresAt.toISOString()}::timestamptz, ${sessions.endsAt})`
      await store
        .update(sessions)
        .set({ expiresAt: wanted })
        .where(eq(sessions.id, hashOf(token)))
    },

    async deleteSession(token) {
      await store.delete(sessions).where(eq(sessions.id, hashOf(token)))
    },

    async deleteUserSessions(userId) {
      await store.delete(sessions).where(eq(sessions.userId, userId))
    },

    async deleteExpiredSessions() {
      await store.delete(sessions).where(or(lt(sessions.expiresAt, sql`now()`), lt(sessions.endsAt, sql`now()`)))
    },

    // Lucia would need tokens here, and there are none to give.
    getUserSessions: async () => [],
  }
}

/** Every request runs it: its text is made once. Without a name it stays with the client, so that poolers do not matter. */
function findOn(store: Store, deployment: Deployment) {
  const alive = sql`${sessions.endsAt} > now() and ${sessions.expiresAt} > now()`
  return store
    .select({
      session: sessions,
      user: users,
      storedCredentials: featureSql(users, 'stored_credentials', deployment),
      unread: unreadSql(users.id),
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, sql.placeholder('hash')), alive, sql`${users.disabledAt} is null`))
    .prepare('')
}

function sessionFrom(token: string, row: typeof sessions.$inferSelect): DatabaseSession {
  const { publicId, address, endsAt, authenticatedAt, userId, expiresAt } = row
  return { id: token, userId, expiresAt, attributes: { publicId, address, endsAt, authenticatedAt } }
}

type FoundUser = { user: typeof users.$inferSelect; storedCredentials: boolean; unread: number }

function userFrom({ user, storedCredentials, unread }: FoundUser): DatabaseUser {
  const { id, organizationId, role, name, email } = user
  return { id, attributes: { organizationId, role, name, email, storedCredentials, unread } }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
