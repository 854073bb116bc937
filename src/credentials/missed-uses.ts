import { and, desc, eq, gt, isNull, or, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import { visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import type { Database, Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { connections } from '../db/schema/connections.ts'
import { missedUses } from '../db/schema/missed-uses.ts'

/** Why nothing used a credential by itself: a data store refused it, or its owner holds it. */
export type Because = 'paused' | 'held'

/** What would have used a credential by itself, how often, and from when to when. */
export type MissedUse = {
  readonly purpose: string
  /** Null where the reader may not know of the connection. */
  readonly connectionName: string | null
  readonly because: Because
  readonly times: number
  readonly firstAt: Date
  readonly lastAt: Date
  /** When it was over; null while it lasts. */
  readonly closedAt: Date | null
}

type Missed = {
  readonly organizationId: string
  readonly credentialId: string
  readonly connectionId: string
  readonly purpose: string
  readonly because: Because
}

/** Counts a use that did not happen. Each purpose on each connection has one line until that is closed. */
export async function recordMissed(tx: Transaction, missed: Missed, at: Date): Promise<void> {
  const { credentialId, connectionId, purpose, because } = missedUses
  await tx
    .insert(missedUses)
    .values({ id: newId(), ...missed, firstAt: at, lastAt: at })
    .onConflictDoUpdate({
      target: [credentialId, connectionId, purpose, because],
      targetWhere: sql`closed_at is null`,
      set: { times: sql`${missedUses.times} + 1`, lastAt: at },
    })
}

/** Closes what was missed for that reason: it can be made up for now. */
export async function closeMissed(tx: Transaction, credentialId: string, because: Because, at: Date): Promise<void> {
  const its = and(eq(missedUses.credentialId, credentialId), eq(missedUses.because, because))
  await tx
    .update(missedUses)
    .set({ closedAt: at })
    .where(and(its, isNull(missedUses.closedAt)))
}

/** Returns what a credential missed: what is missed now and what was over in the last week, the newest first, at most 50. */
export async function missedOf(db: Database, actor: Actor, credentialId: string): Promise<readonly MissedUse[]> {
  const { purpose, because, times, firstAt, lastAt, closedAt } = missedUses
  const recent = or(isNull(closedAt), gt(closedAt, sql`now() - interval '7 days'`))
  return db
    .select({ purpose, connectionName: connections.name, because, times, firstAt, lastAt, closedAt })
    .from(missedUses)
    .leftJoin(connections, and(eq(connections.id, missedUses.connectionId), connectionsVisibleTo(actor)))
    .where(and(eq(missedUses.credentialId, credentialId), recent))
    .orderBy(desc(lastAt))
    .limit(50)
}
