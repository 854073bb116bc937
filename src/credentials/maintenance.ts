import { asc, eq, lte } from 'drizzle-orm'
import { type Actor, system } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import { lookAtOnce } from '../connections/health-state.ts'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { credentials } from '../db/schema/credentials.ts'
import { type CredentialResource, findCredential } from './find-credential.ts'
import { closeMissed } from './missed-uses.ts'

/** When nothing uses a credential by itself: from `from`, or from now on, until `until`. What could not be read is an invalid date. */
export type MaintenanceWindow = { readonly from: Date | null; readonly until: Date }

/** Why a window was not set, by field. */
export type WindowErrors = { readonly from?: string; readonly until?: string }
export type SetWindowOutcome = { readonly ok: true } | { readonly ok: false; readonly errors: WindowErrors }

export type Maintenance = ReturnType<typeof createMaintenance>

/** How long a window may be, and how far ahead it may begin, in days. */
const longestDays = 30
const farthestDays = 366
const dayMilliseconds = 86_400_000

/**
 * The service with which an owner holds what uses a credential by itself, while its data stores are worked on. By the
 * database's clock, as that of a process may be wrong; `now` is another one for tests.
 */
export function createMaintenance(deps: { db: Database; guard: Guard; now?: (reader: Reader) => Promise<Date> }) {
  const { db, guard, now = databaseTime } = deps

  function change<T>(
    actor: Actor,
    id: string,
    effect: (context: Effect, row: CredentialResource['row'], at: Date) => Promise<T>,
  ): Promise<T> {
    const find = (tx: Transaction) => findCredential(tx, id)
    return guard.change<T, CredentialResource>(
      actor,
      'credential.set-maintenance',
      find,
      async (context, { row }) => effect(context, row, await now(context.tx)),
      { id },
    )
  }

  /** Another process may have ended it, or its owner have set another one. */
  async function endIfOver(id: string): Promise<void> {
    try {
      await change(system, id, async (context, row, at) => {
        if (row.heldUntil === null || row.heldUntil > at) return context.abandon(undefined)
        await endHold(context, id, at)
      })
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
    }
  }

  return {
    /** Sets the window, in place of one that is there. */
    set(actor: Actor, id: string, window: MaintenanceWindow): Promise<SetWindowOutcome> {
      return change<SetWindowOutcome>(actor, id, async (context, row, at) => {
        const errors = errorsOf(window, at)
        if (errors !== null) return context.abandon({ ok: false, errors } as const)
        const heldFrom = window.from ?? at
        if (isHeld(row, at) && heldFrom > at) await endHold(context, id, at)
        const held = { heldFrom, heldUntil: window.until }
        await context.tx.update(credentials).set(held).where(eq(credentials.id, id))
        context.note({ held: true })
        return { ok: true }
      })
    },

    /** Ends the window early, or takes back one that has not begun; false where there is none. */
    end(actor: Actor, id: string): Promise<boolean> {
      return change<boolean>(actor, id, async (context, row, at) => {
        if (row.heldUntil === null) return context.abandon(false)
        await endHold(context, id, at)
        return true
      })
    },

    /** Ends at most 100 windows that are over, and makes up for what was missed in them. */
    async endOver(): Promise<void> {
      const over = await db
        .select({ id: credentials.id })
        .from(credentials)
        .where(lte(credentials.heldUntil, await now(db)))
        .orderBy(asc(credentials.heldUntil))
        .limit(100)
      for (const { id } of over) await endIfOver(id)
    },
  }
}

/** Reports whether nothing may use a credential by itself at that time, because its owner wants so. */
export function isHeld(row: { readonly heldFrom: Date | null; readonly heldUntil: Date | null }, at: Date): boolean {
  if (row.heldUntil === null || row.heldUntil <= at) return false
  return row.heldFrom === null || row.heldFrom <= at
}

async function endHold({ tx, note }: Effect, id: string, at: Date): Promise<void> {
  await tx.update(credentials).set({ heldFrom: null, heldUntil: null }).where(eq(credentials.id, id))
  await closeMissed(tx, id, 'held', at)
  await lookAtOnce(tx, id, at)
  note({ held: false })
}

function errorsOf({ from, until }: MaintenanceWindow, at: Date): WindowErrors | null {
  const unread = { ...(isUnread(from) ? { from: unreadable } : {}), ...(isUnread(until) ? { until: unreadable } : {}) }
  if (Object.keys(unread).length > 0) return unread
  const start = from === null || from < at ? at : from
  if (start.getTime() - at.getTime() > farthestDays * dayMilliseconds) {
    return { from: 'The window may begin at most a year from now. Choose an earlier time.' }
  }
  if (until <= at) return { until: 'That time is over. Choose a later one.' }
  if (until <= start) return { until: 'The window must end after it begins. Choose a later time.' }
  if (until.getTime() - start.getTime() > longestDays * dayMilliseconds) {
    return { until: `A window may last ${longestDays} days at most. Choose an earlier time.` }
  }
  return null
}

const unreadable = 'Enter a date and a time, such as 2027-05-31 18:00.'

function isUnread(moment: Date | null): boolean {
  return moment !== null && Number.isNaN(moment.getTime())
}
