import { and, eq, gt, isNotNull, sql } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound, Refusal } from '../access/refusals.ts'
import { findConnection } from '../connections/connections.ts'
import { lookAtOnce } from '../connections/health-state.ts'
import type { DiagnosisCode, Outcome } from '../connector/driver.ts'
import type { Database, Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { notify } from '../notifications/notify.ts'
import { type CredentialResource, findCredential } from './find-credential.ts'
import { isHeld } from './maintenance.ts'
import { type Because, closeMissed, recordMissed } from './missed-uses.ts'
import { bondOf } from './sealed-versions.ts'

type CredentialRow = CredentialResource['row']

/**
 * The codes with which a data store turns down what was sent to it: asking again and again could lock the account there.
 * `auth.method_refused` is none of them: there nobody looked at the secret, and another connection may well take it.
 */
export const trippingCodes: readonly DiagnosisCode[] = ['auth.refused', 'auth.expired', 'auth.locked']

/** How long who tries a credential has it alone, in milliseconds: about as long as a sign-in may take. */
export const leaseMilliseconds = 15_000

/** What makes a use happen now: a person who waits for it, work of theirs that waited in line, or Keyward by itself. */
export type Occasion = 'by hand' | 'in line' | Permit

/** That Keyward may use a credential by itself, alone until then. */
export type Permit = { readonly credentialId: string; readonly until: Date }

/** A permit was over, or its credential paused, before it was used: nothing was sent. Ask for another, which says why. */
export class PermitOver extends Refusal {
  constructor() {
    super('The turn of this use was over before it could sign in, so nothing was sent. Try again in a minute.')
  }
}

/** A use that Keyward would make by itself. `purpose` is what the ledger would say. */
export type OwnUse = { readonly credentialId: string; readonly connectionId: string; readonly purpose: string }

export type PermitAnswer =
  | { readonly ok: true; readonly permit: Permit }
  /** `tried now`: something else uses it by itself, or a person tries it; ask again in a moment. */
  | { readonly ok: false; readonly because: Because | 'tried now' | 'gone' }

/** One use of a version of a credential, which is to be told what came of it. */
export type Turn = {
  readonly credentialId: string
  readonly connectionId: string
  readonly version: number
  /** Until when nobody else tries it, or uses it by itself. */
  readonly lease: Date | null
  /** Whether it was paused then: being let in ends the pause. */
  readonly paused: boolean
  /** Whose use it is; null for Keyward itself. */
  readonly byId: string | null
}

/** What came of a use, and whether it ended the pause of its credential. */
export type Settled<T> = T & { readonly resumed?: true }

export type Breaker = ReturnType<typeof createBreaker>

/**
 * Keeps a stale secret from locking an account on its data store: the first refusal pauses every use that Keyward would
 * make by itself, everywhere, until one sign-in of a person is let in.
 */
export function createBreaker(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

  /** Runs an effect on a paused or not paused credential whose version is still the present one; false where it is not. */
  async function settle(
    turn: Omit<Turn, 'lease'>,
    action: 'credential.pause' | 'credential.resume',
    applies: (row: CredentialRow) => boolean,
    effect: (tx: Transaction, at: Date, row: CredentialRow) => Promise<void>,
  ): Promise<boolean> {
    const { credentialId: id, connectionId, version } = turn
    const isDue = (row: CredentialRow) => row.currentVersion === version && applies(row)
    const [known] = await db.select().from(credentials).where(eq(credentials.id, id))
    if (known === undefined || !isDue(known)) return false
    const find = (tx: Transaction) => findCredential(tx, id)
    try {
      return await guard.change<boolean, CredentialResource>(system, action, find, async (context, { row }) => {
        if (!isDue(row)) return context.abandon(false)
        await effect(context.tx, new Date(), row)
        context.note({ connectionId, version })
        return true
      })
    } catch (error) {
      // Deleted meanwhile: nothing is left to pause.
      if (error instanceof NotFound) return false
      throw error
    }
  }

  function trip(turn: Turn, code: DiagnosisCode): Promise<boolean> {
    const isRunning = (row: CredentialRow) => row.pausedAt === null
    return settle(turn, 'credential.pause', isRunning, async (tx, at, row) => {
      await beginPause(tx, { ...turn, code, at })
      await tellOwner(tx, row, 'credential.paused')
      await recordOnBond(tx, turn, code, at)
    })
  }

  function resume(turn: Omit<Turn, 'lease'>, applies: (row: CredentialRow) => boolean): Promise<boolean> {
    const isPaused = (row: CredentialRow) => row.pausedAt !== null && applies(row)
    return settle(turn, 'credential.resume', isPaused, async (tx, at, row) => {
      await endPause(tx, turn.credentialId, at)
      await tellOwner(tx, row, 'credential.resumed', turn.byId)
      await recordOnBond(tx, turn, 'ok', at)
    })
  }

  /** An answer that comes when its lease was over and somebody else tries decides nothing. */
  async function letIn(turn: Turn): Promise<boolean> {
    return turn.paused && (await resume(turn, (row) => sameTime(row.trialUntil, turn.lease)))
  }

  async function release({ credentialId, until }: Permit): Promise<void> {
    const its = and(eq(credentials.id, credentialId), eq(credentials.trialUntil, until))
    await db.update(credentials).set({ trialUntil: null }).where(its)
  }

  return {
    /**
     * Says whether Keyward may use a credential by itself now, as far as the breaker and its owner's maintenance window
     * go; what may not be is kept as missed. With a permit nothing else uses it by itself until it is released. `at` is
     * the time, by the database's clock unless told.
     */
    permit(use: OwnUse, at?: Date): Promise<PermitAnswer> {
      return db.transaction(async (tx): Promise<PermitAnswer> => {
        const { credentialId, connectionId } = use
        const found = await findCredential(tx, credentialId)
        const connection = await findConnection(tx, connectionId, 'share')
        if (found === undefined || connection === undefined) return { ok: false, because: 'gone' }
        const { row, organizationId } = found
        const now = at ?? (await databaseTime(tx))
        const because = row.pausedAt !== null ? 'paused' : isHeld(row, now) ? 'held' : null
        if (because !== null) {
          await recordMissed(tx, { ...use, organizationId, because }, now)
          return { ok: false, because }
        }
        if (await isTaken(tx, credentialId)) return { ok: false, because: 'tried now' }
        return { ok: true, permit: { credentialId, until: await takeLease(tx, credentialId) } }
      })
    },

    /** Gives a permit back. Does nothing where it was over and somebody else has one. */
    release,

    /**
     * Runs a use and keeps what came of it: a refusal of the present version pauses its credential, before anybody hears
     * of it; being let in ends a pause that it was made in. `run` may say early that it was let in.
     */
    async during<T extends Outcome<unknown>>(
      turn: Turn | null,
      run: (letIn: () => Promise<void>) => Promise<T>,
    ): Promise<Settled<T>> {
      if (turn === null) return run(async () => {})
      let said = undefined as Promise<boolean> | undefined
      // Once, unless it could not be written down.
      const sayLetIn = () => {
        said ??= letIn(turn).catch((error: unknown) => {
          said = undefined
          throw error
        })
        return said
      }
      try {
        const outcome = await run(async () => void (await sayLetIn()))
        if (outcome.ok) await sayLetIn()
        else if (trippingCodes.includes(outcome.code)) await trip(turn, outcome.code)
        const resumed = await said?.catch(() => false)
        return resumed ? { ...outcome, resumed } : outcome
      } finally {
        const { credentialId, lease: until } = turn
        // What cannot be given back ends by itself.
        if (until !== null) await release({ credentialId, until }).catch(() => {})
      }
    },
  }
}

/**
 * Decides inside the transaction that opens a credential whether it may be used on this occasion. While it is paused one
 * person at a time may, who has it alone until the lease ends; what waited in line may not.
 */
export async function takeTurn(
  tx: Transaction,
  row: CredentialRow,
  connectionId: string,
  occasion: Occasion,
  byId: string | null,
): Promise<Turn | 'paused' | 'tried now'> {
  const { id: credentialId, currentVersion: version } = row
  const turn = { credentialId, connectionId, version, lease: null, paused: row.pausedAt !== null, byId }
  if (typeof occasion !== 'string') {
    if (turn.paused) return 'paused'
    return sameTime(row.trialUntil, occasion.until) ? { ...turn, lease: occasion.until } : 'tried now'
  }
  if (!turn.paused) return turn
  if (occasion === 'in line') return 'paused'
  if (await isTaken(tx, credentialId)) return 'tried now'
  return { ...turn, lease: await takeLease(tx, credentialId) }
}

/** Pauses a credential inside a transaction in which its present version is known to be refused. */
export async function beginPause(
  tx: Transaction,
  refused: { readonly credentialId: string; readonly connectionId: string; readonly code: string; readonly at: Date },
): Promise<void> {
  const { credentialId, connectionId, code, at } = refused
  const paused = { pausedAt: at, pausedCode: code, pausedConnectionId: connectionId, trialUntil: null }
  await tx.update(credentials).set(paused).where(eq(credentials.id, credentialId))
}

/**
 * Ends the pause of a credential, inside a transaction that proves its present version: everything that uses it by itself
 * goes on, what was missed is closed, and the health checks of its connections are due. Does nothing where it is not paused.
 */
export async function endPause(tx: Transaction, credentialId: string, at: Date): Promise<void> {
  const ended = { pausedAt: null, pausedCode: null, pausedConnectionId: null, trialUntil: null }
  const paused = and(eq(credentials.id, credentialId), isNotNull(credentials.pausedAt))
  const [row] = await tx.update(credentials).set(ended).where(paused).returning({ id: credentials.id })
  if (row === undefined) return
  await closeMissed(tx, credentialId, 'paused', at)
  await lookAtOnce(tx, credentialId, at)
}

/** Reports whether somebody tries a credential at this moment, or something uses it by itself. For pages. */
export function isTried(row: { readonly trialUntil: Date | null }): boolean {
  return row.trialUntil !== null && row.trialUntil.getTime() > Date.now()
}

/** The same for deciding. Leases are by the database's clock: that of a process may jump, and would keep one for a day. */
async function isTaken(tx: Transaction, credentialId: string): Promise<boolean> {
  const its = and(eq(credentials.id, credentialId), gt(credentials.trialUntil, sql`clock_timestamp()`))
  const [row] = await tx.select({ id: credentials.id }).from(credentials).where(its)
  return row !== undefined
}

/** Also where a use of somebody else did it: it is the owner who gets it going again. */
async function tellOwner(
  tx: Transaction,
  { id, organizationId, ownerId: userId }: CredentialRow,
  event: 'credential.paused' | 'credential.resumed',
  byId: string | null = null,
): Promise<void> {
  await notify(tx, { organizationId, userId, event, about: { type: 'credential', id }, details: {}, byId })
}

async function takeLease(tx: Transaction, credentialId: string): Promise<Date> {
  // In whole milliseconds, as a `Date` has them: who gives it back names it.
  const until = sql`date_trunc('milliseconds', clock_timestamp()) + ${leaseMilliseconds} * interval '1 millisecond'`
  const [taken] = await tx
    .update(credentials)
    .set({ trialUntil: until })
    .where(eq(credentials.id, credentialId))
    .returning({ until: credentials.trialUntil })
  return taken?.until ?? new Date(0)
}

function sameTime(a: Date | null, b: Date | null): boolean {
  return a?.getTime() === b?.getTime()
}

/** Any use tells how the account fares there, not only a sign-in. */
async function recordOnBond(tx: Transaction, turn: Omit<Turn, 'lease'>, code: DiagnosisCode, at: Date): Promise<void> {
  const its = bondOf(turn.credentialId, turn.connectionId)
  await tx.update(associations).set({ lastSignInAt: at, lastSignInCode: code }).where(its)
}
