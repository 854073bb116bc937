import { and, eq } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { notifications } from '../db/schema/notifications.ts'
import type { EventDetails, NotificationEvent } from './events.ts'

/** What a notification names and leads to. */
export type Subject = { readonly type: 'dataset' | 'credential' | 'connection'; readonly id: string }

/** Something to tell one person. Names are not part of it: they are read when it is shown, as far as they may be seen then. */
export type Notice<E extends NotificationEvent> = {
  /** Its own, where an e-mail that the caller has seen to refers to it. */
  readonly id?: string
  readonly organizationId: string
  /** Who is told. */
  readonly userId: string
  readonly event: E
  readonly about: Subject
  readonly details: EventDetails[E]
  /** The same event with the same key is told a person once, whoever tells it and however often. Absent: always. */
  readonly key?: string
  /** The person who did it: nobody is told what they did themselves. */
  readonly byId?: string | null
  /** True where the caller has seen to e-mail and webhook. */
  readonly sent?: boolean
}

/**
 * Tells somebody something, as part of the caller's transaction: when that commits, it is behind their bell, and a moment
 * later in their e-mail where they chose that. Resolves with false where they know already, or did it themselves.
 */
export async function notify<E extends NotificationEvent>(tx: Transaction, notice: Notice<E>): Promise<boolean> {
  const { id = newId(), organizationId, userId, event, about, details, byId = null, sent = false } = notice
  const key = notice.key ?? newId()
  if (byId === userId) return false
  const told = await tx
    .insert(notifications)
    .values({
      ...{ id, organizationId, userId, event, key, byId, details, pending: !sent },
      ...{ resourceType: about.type, resourceId: about.id },
    })
    .onConflictDoNothing()
    .returning({ id: notifications.id })
  return told.length > 0
}

/** Takes back what was told everybody with that event and key: it does not matter any more. */
export async function withdraw(tx: Transaction, event: NotificationEvent, about: Subject, key: string): Promise<void> {
  const { resourceType, resourceId } = notifications
  const its = and(eq(resourceType, about.type), eq(resourceId, about.id))
  await tx.delete(notifications).where(and(eq(notifications.event, event), eq(notifications.key, key), its))
}
