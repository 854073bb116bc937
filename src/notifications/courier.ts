import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Deployment } from '../access/features.ts'
import type { Database, Transaction } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { paths } from '../paths.ts'
import { wantEmail } from './choices.ts'
import { events, type NotificationEvent } from './events.ts'
import { describeAll, type InboxRow } from './inbox.ts'
import type { Outbox } from './outbox.ts'
import { readerOf } from './subjects.ts'

export type Courier = ReturnType<typeof createCourier>

export type CourierDependencies = {
  readonly db: Database
  readonly deployment: Deployment
  readonly outbox: Outbox
  /** The public address, for links; null where it is not known. */
  readonly origin: string | null
}

/**
 * Puts notifications into the outbox for whoever wants them by e-mail, and for the webhook. Any number of processes may:
 * a notification is locked, thought of, and marked in one transaction, so each is put there once.
 */
export function createCourier({ db, deployment, outbox, origin }: CourierDependencies) {
  async function handOver(tx: Transaction, row: Row): Promise<void> {
    const [user] = await tx.select().from(users).where(eq(users.id, row.userId))
    if (user === undefined) return
    const [told] = await describeAll(tx, deployment, readerOf(user), [row])
    if (told === undefined) return
    const { organizationId, createdAt } = row
    // Who is disabled gets no e-mail; whoever runs things hears of what was theirs all the same.
    const wants = user.disabledAt === null && (await wantEmail(tx, [user.id], told.event)).has(user.id)
    // What they may not see is no e-mail either.
    const recipient = wants && told.path !== null ? user.email : null
    const mail = { organizationId, event: told.event, body: bodyOf(told), recipient, notificationId: row.id }
    await outbox.add(tx, { ...mail, webhook: false }, createdAt)
    if (!(await webhookHears(tx, row, told.event))) return
    const about = { [`${row.resourceType}Id`]: row.resourceId, owner: user.name, url: urlOf(told.path) }
    await outbox.add(
      tx,
      { ...mail, body: { ...row.details, ...about, sentence: told.sentence }, recipient: null },
      createdAt,
    )
  }

  function bodyOf({ sentence, path }: InboxRow) {
    return { sentence, url: urlOf(path), choices: urlOf(paths.notificationChoices()) }
  }

  function urlOf(path: string | null): string | null {
    return origin === null || path === null ? null : `${origin}${path}`
  }

  return {
    /** Hands over what has come, at most 100; resolves with how many those were. */
    next(): Promise<number> {
      return db.transaction(async (tx) => {
        const { id, pending } = notifications
        const rows = await tx
          .select()
          .from(notifications)
          .where(eq(pending, true))
          .orderBy(asc(id))
          .limit(100)
          .for('update', { skipLocked: true })
        for (const row of rows) await handOver(tx, row)
        const ids = rows.map((row) => row.id)
        if (ids.length > 0) await tx.update(notifications).set({ pending: false }).where(inArray(id, ids))
        return rows.length
      })
    },
  }
}

/** What several people are told of a dataset, it hears with its owner: once. */
async function webhookHears(tx: Transaction, row: Row, event: NotificationEvent): Promise<boolean> {
  const { webhook } = events[event]
  if (webhook !== 'with the owner') return webhook ?? false
  const its = and(eq(datasets.id, row.resourceId), eq(datasets.ownerId, row.userId))
  return (await tx.$count(datasets, its)) > 0
}

type Row = typeof notifications.$inferSelect
