import { eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { emailKey } from '../access/email.ts'
import type { AuditEntry, Ledger } from '../audit/ledger.ts'
import type { Database, Transaction } from '../db/client.ts'
import { users } from '../db/schema/organizations.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Passwords } from './passwords.ts'
import { createQueue } from './queue.ts'
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

/** Sign-ins under way in one process. Fewer than the database's connections, so that a flood leaves some for pages. */
const atOnce = { width: 4, waiting: 1_000, milliseconds: 2_000 }

/** The service that turns an e-mail and a password into a session. */
export function createSignIn(deps: Dependencies) {
  const { db, sessions, ledger } = deps
  const gate = createQueue(atOnce)
  return {
    /**
     * Signs someone in. The session that the browser had before, if it sent a token, ends. Throws `TooManySignIns` when
     * too many are under way.
     */
    signIn: (typed: Typed, origin: Origin, oldToken?: string): Promise<SignInOutcome> =>
      gate(() => signIn(deps, typed, origin, oldToken)),

    /**
     * Asks someone who is signed in for their password once more, throttled like a sign-in. On success the session is
     * replaced: the new token must be sent to the browser.
     */
    reauthenticate: (actor: UserActor, token: string, password: Secret | undefined): Promise<SignInOutcome> =>
      gate(() => reauthenticate(deps, actor, token, password)),

    /** Ends a session. */
    async signOut(actor: UserActor, token: string): Promise<void> {
      await db.transaction(async (tx) => {
        await sessions.end(tx, token)
        await ledger.append(tx, entry('session.end', 'allowed', actor, actor, actor.id))
      })
    },
  }
}

type Typed = { readonly email: string; readonly password: Secret | undefined }

async function signIn(deps: Dependencies, typed: Typed, origin: Origin, oldToken?: string): Promise<SignInOutcome> {
  const { db, sessions, ledger } = deps
  const key = emailKey(typed.email)
  const [found] = await db.select().from(users).where(eq(users.emailKey, key))
  const attempt: Attempt = { account: key, address: origin.address }
  const proof = await prove(deps, attempt, found, typed.password, { action: 'session.begin', origin })
  if (proof.kind !== 'proven') return proof
  const { user } = proof
  return db.transaction(async (tx): Promise<SignInOutcome> => {
    if (!(await isUnchanged(tx, user))) return { kind: 'refused' }
    await rehash(deps, tx, user, typed.password)
    if (oldToken !== undefined) await sessions.end(tx, oldToken)
    const session = await sessions.begin(tx, user.id, origin.address)
    await ledger.append(tx, entry('session.begin', 'allowed', user, origin, user.id))
    return { kind: 'signed-in', session }
  })
}

async function reauthenticate(
  deps: Dependencies,
  actor: UserActor,
  token: string,
  password: Secret | undefined,
): Promise<SignInOutcome> {
  const { db, sessions, ledger } = deps
  const [found] = await db.select().from(users).where(eq(users.id, actor.id))
  const attempt: Attempt = { account: emailKey(actor.email), address: actor.address }
  const proof = await prove(deps, attempt, found, password, { action: 'session.renew', origin: actor, actor })
  if (proof.kind !== 'proven') return proof
  const { user } = proof
  return db.transaction(async (tx): Promise<SignInOutcome> => {
    const session = (await isUnchanged(tx, user)) ? await sessions.renew(tx, token) : null
    if (session === null) return { kind: 'refused' }
    await ledger.append(tx, entry('session.renew', 'allowed', user, actor, actor.id))
    return { kind: 'signed-in', session }
  })
}

/**
 * Locks the user and says whether they are as when the password was looked at. Disabling and a new password end all
 * sessions; one that begins at that moment must not escape.
 */
async function isUnchanged(tx: Transaction, user: User): Promise<boolean> {
  const [now] = await tx.select().from(users).where(eq(users.id, user.id)).for('update')
  return now !== undefined && now.disabledAt === null && now.passwordHash === user.passwordHash
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
