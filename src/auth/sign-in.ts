import { eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { emailKey } from '../access/email.ts'
import type { AuditEntry, Ledger } from '../audit/ledger.ts'
import type { Database, Transaction } from '../db/client.ts'
import { users } from '../db/schema/organizations.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Passwords } from './passwords.ts'
import type { NewSession, Sessions } from './sessions.ts'
import type { Attempt, Throttle } from './throttle.ts'

/** Where a request came from. */
export type Origin = { readonly address: string | null; readonly requestId: string | null }

/** What came of a sign-in. `refused` says nothing about why: unknown, wrong and disabled are one answer. */
export type SignInOutcome =
  | { readonly kind: 'signed-in'; readonly session: NewSession }
  | { readonly kind: 'refused' }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

export type SignIn = ReturnType<typeof createSignIn>

type Dependencies = {
  readonly db: Database
  readonly ledger: Ledger
  readonly passwords: Passwords
  readonly sessions: Sessions
  readonly throttle: Throttle
}

type User = typeof users.$inferSelect

/** The service that turns an e-mail and a password into a session. */
export function createSignIn(deps: Dependencies) {
  const { db, sessions, ledger } = deps
  return {
    /**
     * Signs someone in. The session that the browser had before, if it sent a token, ends. Throws `TooManySignIns` when
     * too many hashes wait.
     */
    async signIn(
      typed: { readonly email: string; readonly password: Secret | undefined },
      origin: Origin,
      oldToken?: string,
    ): Promise<SignInOutcome> {
      const key = emailKey(typed.email)
      // By the account as typed: there is nothing to find out by how many attempts it takes.
      const attempt: Attempt = { account: key, address: origin.address }
      const [user] = await db.select().from(users).where(eq(users.emailKey, key))
      const proof = await prove(deps, attempt, user, typed.password, { action: 'session.begin', origin })
      if (proof.kind !== 'proven') return proof
      const session = await db.transaction(async (tx) => {
        await rehash(deps, tx, proof.user, typed.password)
        if (oldToken !== undefined) await sessions.end(tx, oldToken)
        const begun = await sessions.begin(tx, proof.user.id, origin.address)
        await ledger.append(tx, entry('session.begin', 'allowed', proof.user, origin, proof.user.id))
        return begun
      })
      return { kind: 'signed-in', session }
    },

    /**
     * Asks someone who is signed in for their password once more, throttled like a sign-in. On success the session is
     * replaced: the new token must be sent to the browser.
     */
    async reauthenticate(actor: UserActor, token: string, password: Secret | undefined): Promise<SignInOutcome> {
      const attempt: Attempt = { account: emailKey(actor.email), address: actor.address }
      const [user] = await db.select().from(users).where(eq(users.id, actor.id))
      const proof = await prove(deps, attempt, user, password, { action: 'session.renew', origin: actor, actor })
      if (proof.kind !== 'proven') return proof
      const session = await db.transaction(async (tx) => {
        const renewed = await sessions.renew(tx, token)
        if (renewed !== null) await ledger.append(tx, entry('session.renew', 'allowed', proof.user, actor, actor.id))
        return renewed
      })
      return session === null ? { kind: 'refused' } : { kind: 'signed-in', session }
    },

    /** Ends a session. */
    async signOut(actor: UserActor, token: string): Promise<void> {
      await db.transaction(async (tx) => {
        await sessions.end(tx, token)
        await ledger.append(tx, entry('session.end', 'allowed', actor, actor, actor.id))
      })
    },
  }
}

type Proof = { readonly kind: 'proven'; readonly user: User } | Exclude<SignInOutcome, { kind: 'signed-in' }>
type Purpose = { readonly action: string; readonly origin: Origin; readonly actor?: UserActor }

async function prove(
  deps: Dependencies,
  attempt: Attempt,
  user: User | undefined,
  password: Secret | undefined,
  { action, origin, actor }: Purpose,
): Promise<Proof> {
  const { db, ledger, passwords, throttle } = deps
  const record = (outcome: AuditEntry['outcome']) =>
    db.transaction((tx) => ledger.append(tx, entry(action, outcome, user, origin, actor?.id ?? null)))
  const verdict = await throttle.begin(attempt)
  if (!verdict.allowed) {
    if (verdict.first) await record('denied')
    return { kind: 'throttled', retryAfterSeconds: verdict.retryAfterSeconds }
  }
  // A disabled account's hash is checked all the same, so that the answer takes as long.
  const matched = await passwords.matches(password, user?.passwordHash ?? null)
  if (!matched || user === undefined || user.disabledAt !== null) {
    await record('failed')
    return { kind: 'refused' }
  }
  await throttle.succeeded(attempt)
  return { kind: 'proven', user }
}

async function rehash(deps: Dependencies, tx: Transaction, user: User, password: Secret | undefined): Promise<void> {
  if (password === undefined || !deps.passwords.isOutdated(user.passwordHash)) return
  const passwordHash = await deps.passwords.hash(password)
  await tx.update(users).set({ passwordHash }).where(eq(users.id, user.id))
}

function entry(
  action: string,
  outcome: AuditEntry['outcome'],
  user: { readonly id: string; readonly organizationId: string } | undefined,
  origin: Origin,
  actorId: string | null,
): AuditEntry {
  return {
    actor: { kind: actorId === null ? 'anonymous' : 'user', id: actorId, address: origin.address },
    action,
    resource: { type: 'user', id: user?.id ?? null },
    organizationId: user?.organizationId ?? null,
    outcome,
    requestId: origin.requestId,
  }
}
