import { and, asc, desc, eq, isNotNull, lt, lte } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import { Refusal } from '../access/refusals.ts'
import { findConnection } from '../connections/connections.ts'
import type { ConnectionQueries } from '../connections/queries.ts'
import { TooBusy } from '../connector/driver.ts'
import { type Breaker, leaseMilliseconds, PermitOver } from '../credentials/breaker.ts'
import type { Database } from '../db/client.ts'
import { connectionHealth, connections } from '../db/schema/connections.ts'
import { credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import type { SignIns } from '../sign-ins/sign-ins.ts'
import { isFailure, minutesUntilNext, type NotTried } from './outcome.ts'

export type Looks = ReturnType<typeof createLooks>

export type LookDependencies = {
  readonly db: Database
  readonly signIns: Pick<SignIns, 'create'>
  readonly breaker: Pick<Breaker, 'permit' | 'release'>
  readonly queries: ConnectionQueries
  readonly deployment: Deployment
  /** The time, and a number from 0 to 1; for tests. */
  readonly now?: () => Date
  readonly random?: () => number
}

const keptDays = 30

/** Makes the scheduled sign-ins. Any number of processes may: a look is claimed by moving its connection's next one on. */
export function createLooks(deps: LookDependencies) {
  const { db, signIns, breaker, queries, deployment, now = () => new Date(), random = Math.random } = deps

  /** Who claimed a look has it alone; who dies with it loses this one, for the next is written down already. */
  function claim(): Promise<Due | undefined> {
    const at = now()
    return db.transaction(async (tx) => {
      const [row] = await tx
        .select({ id: connections.id, minutes: connections.healthMinutes })
        .from(connections)
        .where(and(lte(connections.healthNextAt, at), isNotNull(connections.healthMinutes)))
        .orderBy(asc(connections.healthNextAt))
        .limit(1)
        .for('update', { skipLocked: true })
      if (row === undefined) return undefined
      const [claimed] = await tx
        .update(connections)
        .set({ healthNextAt: later(at, row.minutes ?? 0) })
        .where(eq(connections.id, row.id))
        .returning()
      return claimed && { ...claimed, at }
    })
  }

  /** A little later than asked for, so that what was set up at one moment does not stay together. */
  function later(at: Date, minutes: number): Date {
    return new Date(at.getTime() + minutes * 60_000 * (1 + random() / 10))
  }

  async function tryOut(due: Due, signal: AbortSignal): Promise<string | typeof putOff> {
    const person = await whoseAccount(due)
    if (person === undefined) return 'skipped.account' satisfies NotTried
    if (person.disabledAt !== null) return 'skipped.disabled' satisfies NotTried
    const actor = actorFor(person)
    if (!(await featureEnabled(db, deployment, actor, 'stored_credentials')))
      return 'skipped.feature' satisfies NotTried
    const accounts = await queries.associatedCredentials(actor, due.id)
    const account = accounts.find(({ credentialId }) => credentialId === due.healthCredentialId)
    if (account === undefined) return 'skipped.account' satisfies NotTried
    if (account.destinationChanged) return 'skipped.destination' satisfies NotTried
    return signIn(due, actor, account.credentialId, signal)
  }

  async function signIn(due: Due, actor: UserActor, credentialId: string, signal: AbortSignal) {
    const answer = await breaker.permit({ credentialId, connectionId: due.id, purpose }, due.at)
    if (!answer.ok) return notPermitted[answer.because]
    const { permit } = answer
    try {
      const stored = { kind: 'stored', credentialId } as const
      const options = { signal, background: true, occasion: permit }
      return (await signIns.create(actor, due.id, stored, purpose, options)).code
    } finally {
      await breaker.release(permit)
    }
  }

  /** Of several owners of a connection it is the one whose account was chosen; undefined where that is gone. */
  async function whoseAccount({ healthCredentialId }: Due): Promise<typeof users.$inferSelect | undefined> {
    if (healthCredentialId === null) return undefined
    const [row] = await db
      .select({ user: users })
      .from(users)
      .innerJoin(credentials, eq(credentials.ownerId, users.id))
      .where(eq(credentials.id, healthCredentialId))
    return row?.user
  }

  async function codeOf(due: Due, signal: AbortSignal): Promise<string | typeof putOff> {
    try {
      return await tryOut(due, signal)
    } catch (error) {
      if (error instanceof TooBusy) return 'skipped.busy' satisfies NotTried
      // The permit of the next look says why.
      if (error instanceof PermitOver) return putOff
      // Taken away between looking and using; the refusal is in the ledger.
      if (error instanceof Refusal) return 'skipped.account' satisfies NotTried
      throw error
    }
  }

  /** Writes down what came of it; after a failure that may pass the next look is later than the interval says. */
  function keep(due: Due, code: string, milliseconds: number): Promise<void> {
    return db.transaction(async (tx) => {
      const found = await findConnection(tx, due.id, 'update')
      if (found === undefined) return
      const its = eq(connectionHealth.connectionId, due.id)
      const look = { connectionId: due.id, at: due.at, code, milliseconds }
      await tx.insert(connectionHealth).values(look).onConflictDoNothing()
      await tx.delete(connectionHealth).where(and(its, lt(connectionHealth.at, daysBefore(due.at))))
      const { healthMinutes } = found.row
      if (!isFailure(code) || healthMinutes === null) return
      const last = await tx
        .select({ code: connectionHealth.code })
        .from(connectionHealth)
        .where(its)
        .orderBy(desc(connectionHealth.at))
        .limit(12)
      const good = last.findIndex((one) => !isFailure(one.code))
      const minutes = minutesUntilNext(healthMinutes, good === -1 ? last.length : good)
      await tx
        .update(connections)
        .set({ healthNextAt: later(due.at, minutes) })
        .where(eq(connections.id, due.id))
    })
  }

  /** Something else signs in with the account at this moment: if that is refused, this look must not be made as well. */
  async function lookAgainSoon(due: Due): Promise<void> {
    const soon = new Date(due.at.getTime() + leaseMilliseconds)
    await db.update(connections).set({ healthNextAt: soon }).where(eq(connections.id, due.id))
  }

  return {
    /** Makes one look that is due; false where none is. What `signal` ends is not written down. */
    async next(signal: AbortSignal): Promise<boolean> {
      const due = await claim()
      if (due === undefined) return false
      const code = await codeOf(due, signal)
      if (code === putOff) await lookAgainSoon(due)
      else if (!signal.aborted) await keep(due, code, Math.max(0, now().getTime() - due.at.getTime()))
      return true
    },
  }
}

const purpose = 'health check'
const putOff = Symbol('put off')

const notPermitted = {
  paused: 'skipped.paused',
  held: 'skipped.held',
  gone: 'skipped.account',
  'tried now': putOff,
} as const satisfies Record<string, NotTried | typeof putOff>

type Due = typeof connections.$inferSelect & { readonly at: Date }

function daysBefore(at: Date): Date {
  return new Date(at.getTime() - keptDays * 86_400_000)
}

/** Someone as who they are, without a request of theirs. */
function actorFor({ id, organizationId, role, name, email }: typeof users.$inferSelect): UserActor {
  return { kind: 'user', id, organizationId, role, name, email, address: null, requestId: null }
}
