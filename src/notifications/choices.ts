import { and, eq, inArray } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { Database, Reader } from '../db/client.ts'
import { notificationChoices } from '../db/schema/notifications.ts'
import { events, isTopic, type NotificationEvent, type Topic, topics } from './events.ts'

/** One topic with what the person gets. */
export type Choice = { readonly topic: Topic; readonly label: string; readonly email: boolean }

export type Choices = ReturnType<typeof createChoices>

/** What people want by e-mail too. Where they have chosen nothing, what happens while nobody looks is sent. */
export function createChoices(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps
  return {
    /** Returns every topic, in the order of the page. */
    async list(actor: UserActor): Promise<readonly Choice[]> {
      await guard.read(actor, 'user.choose-notifications', own(actor))
      const chosen = await chosenBy(db, actor.id)
      return Object.entries(topics).map(([topic, { label, email }]) => ({
        topic: topic as Topic,
        label,
        email: chosen.get(topic) ?? email,
      }))
    },

    /** Keeps the topics that are to go by e-mail; all others are not. Texts that name no topic are passed over. */
    save(actor: UserActor, byEmail: readonly string[]): Promise<void> {
      const wanted = new Set(byEmail.filter(isTopic))
      return guard.change(
        actor,
        'user.choose-notifications',
        async () => own(actor),
        async ({ tx, note }) => {
          const rows = Object.keys(topics).map((topic) => ({
            userId: actor.id,
            topic,
            email: wanted.has(topic as Topic),
          }))
          await tx.delete(notificationChoices).where(eq(notificationChoices.userId, actor.id))
          await tx.insert(notificationChoices).values(rows)
          note({ topics: wanted.size })
        },
      )
    },
  }
}

/** Returns which of these users get an event by e-mail too. */
export async function wantEmail(
  reader: Reader,
  userIds: readonly string[],
  event: NotificationEvent,
): Promise<ReadonlySet<string>> {
  if (userIds.length === 0) return new Set()
  const { topic } = events[event]
  const { userId, email } = notificationChoices
  const rows = await reader
    .select({ userId, email })
    .from(notificationChoices)
    .where(and(inArray(userId, [...userIds]), eq(notificationChoices.topic, topic)))
  const chosen = new Map(rows.map((row) => [row.userId, row.email]))
  return new Set(userIds.filter((id) => chosen.get(id) ?? topics[topic].email))
}

async function chosenBy(reader: Reader, id: string): Promise<ReadonlyMap<string, boolean>> {
  const { userId, topic, email } = notificationChoices
  const rows = await reader.select({ topic, email }).from(notificationChoices).where(eq(userId, id))
  return new Map(rows.map((row) => [row.topic, row.email]))
}

function own({ id, organizationId }: UserActor): Resource & { readonly ownerId: Actor['id'] } {
  return { type: 'user', id, organizationId, ownerId: id }
}
