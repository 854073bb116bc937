import { and, asc, eq, lt, lte } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import type { Deployment } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import type { Database, Reader } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import type { Channel } from './outbox.ts'
import { stillConcerns } from './still-concerns.ts'

/** What one channel sends. The receiver knows a repeated one by its id. */
export type Message = Pick<typeof deliveries.$inferSelect, 'id' | 'event' | 'body' | 'recipient' | 'createdAt'>

/** Sends a message and resolves with null, or with a sentence that says why it was not taken, without what the other side said. */
export type Send = (message: Message, signal: AbortSignal) => Promise<string | null>

export type Deliveries = ReturnType<typeof createDeliveries>

export type DeliveryDependencies = {
  readonly db: Database
  readonly guard: Guard
  readonly deployment: Deployment
  readonly senders: Readonly<Partial<Record<Channel, Send>>>
  /** Another clock than that of the database; for tests. */
  readonly now?: (reader: Reader) => Promise<Date>
}

const minute = 60_000
const day = 24 * 60 * minute
const keptDays = 30

/**
 * Sends what the outbox holds. Any number of processes may: one is claimed by moving its next attempt on, and whoever
 * dies with it leaves it to that attempt. So every one is sent at least once, and twice only where a process died. What is due and what
 * is old is by the database's clock: that of one process may jump.
 */
export function createDeliveries({ db, guard, deployment, senders, now = databaseTime }: DeliveryDependencies) {
  function claim(channel: Channel): Promise<Claimed | undefined> {
    return db.transaction(async (tx) => {
      const at = await now(tx)
      const [row] = await tx
        .select({ id: deliveries.id, attempts: deliveries.attempts })
        .from(deliveries)
        .where(and(lte(deliveries.nextAttemptAt, at), eq(deliveries.channel, channel)))
        .orderBy(asc(deliveries.nextAttemptAt))
        .limit(1)
        .for('update', { skipLocked: true })
      if (row === undefined) return undefined
      const attempts = row.attempts + 1
      const nextAttemptAt = new Date(at.getTime() + Math.min(waitAfter(attempts), day))
      const [claimed] = await tx
        .update(deliveries)
        .set({ attempts, nextAttemptAt })
        .where(eq(deliveries.id, row.id))
        .returning()
      return claimed
    })
  }

  /** Nothing is written where the claim ran out and another process has it by now. */
  async function keep(claimed: Claimed, error: string | null): Promise<void> {
    const { id, attempts } = claimed
    const mine = and(eq(deliveries.id, id), eq(deliveries.attempts, attempts))
    if (error === null) {
      await db
        .update(deliveries)
        .set({ deliveredAt: await now(db), nextAttemptAt: null, lastError: null })
        .where(mine)
    } else if (waitAfter(attempts) <= day) {
      await db.update(deliveries).set({ lastError: error }).where(mine)
    } else await giveUp(claimed, error)
  }

  function giveUp({ id, attempts, organizationId, channel, event }: Claimed, lastError: string): Promise<void> {
    return guard.change(
      system,
      'organization.give-up-delivery',
      async () => ({ type: 'organization', id: organizationId, organizationId, ownerId: null }),
      async ({ tx, note }) => {
        await tx.update(deliveries).set({ lastError, nextAttemptAt: null }).where(eq(deliveries.id, id))
        note({ deliveryId: id, channel, event, attempts })
      },
    )
  }

  /** An e-mail may wait for a day: what its reader was to know then may be none of their business by now. */
  async function isOver({ notificationId }: Claimed): Promise<boolean> {
    return notificationId !== null && !(await stillConcerns(db, deployment, notificationId))
  }

  return {
    /**
     * Sends one message of a channel that is due, or drops it where it concerns its reader no more; false where none is due.
     * What `signal` ends counts as not tried.
     */
    async next(channel: Channel, signal: AbortSignal): Promise<boolean> {
      const send = senders[channel]
      const claimed = send && (await claim(channel))
      if (send === undefined || claimed === undefined) return false
      if (await isOver(claimed)) {
        await db.delete(deliveries).where(eq(deliveries.id, claimed.id))
        return true
      }
      const error = await send(claimed, signal)
      if (error === null || !signal.aborted) await keep(claimed, error)
      return true
    },

    /** Forgets what is older than 30 days, sent or not. */
    async sweep(): Promise<void> {
      const oldest = new Date((await now(db)).getTime() - keptDays * day)
      await db.delete(deliveries).where(lt(deliveries.createdAt, oldest))
    },
  }
}

type Claimed = typeof deliveries.$inferSelect

/** A minute after the first attempt, then twice as long each time; after more than a day it is given up. */
function waitAfter(attempts: number): number {
  return minute * 2 ** (attempts - 1)
}
