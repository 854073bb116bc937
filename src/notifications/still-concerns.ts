import { and, eq, isNull } from 'drizzle-orm'
import type { Deployment } from '../access/features.ts'
import type { Reader } from '../db/client.ts'
import { notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { readerOf, seenSubjects } from './subjects.ts'

/**
 * Reports whether a notification still concerns the person whom it was told: it was not taken back, and they are not disabled
 * and may see what it is about.
 */
export async function stillConcerns(reader: Reader, deployment: Deployment, notificationId: string): Promise<boolean> {
  const [found] = await reader
    .select({ user: users, type: notifications.resourceType, id: notifications.resourceId })
    .from(notifications)
    .innerJoin(users, eq(users.id, notifications.userId))
    .where(and(eq(notifications.id, notificationId), isNull(users.disabledAt)))
  if (found === undefined) return false
  const { user, ...subject } = found
  return (await seenSubjects(reader, deployment, readerOf(user), [subject])).has(subject.id)
}
