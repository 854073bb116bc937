import { and, desc, eq, inArray, isNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Deployment } from '../access/features.ts'
import { NotFound } from '../access/refusals.ts'
import type { Database, Reader } from '../db/client.ts'
import { notifications } from '../db/schema/notifications.ts'
import { users } from '../db/schema/organizations.ts'
import { paths } from '../paths.ts'
import { isEvent, type NotificationEvent } from './events.ts'
import { type SeenSubject, seenSubjects } from './subjects.ts'
import { sentenceOf } from './wording.ts'

/** One line behind the bell. */
export type InboxRow = {
  readonly id: string
  readonly event: NotificationEvent
  readonly sentence: string
  /** Where it leads; null where the thing is gone or the reader may not see it any more. */
  readonly path: string | null
  readonly at: Date
  readonly unread: boolean
}

export type InboxPage = {
  readonly rows: readonly InboxRow[]
  /** What the next page continues after. */
  readonly next: string | null
  /** The newest unread one; null where there is none. What comes later was not seen. */
  readonly newest: string | null
}

const pageSize = 50
const keptDays = 90

export type Inbox = ReturnType<typeof createInbox>

/** The notifications of the actor, and no one else's. Which of them they have read is theirs alone and not in the ledger. */
export function createInbox({ db, deployment }: { db: Database; deployment: Deployment }) {
  return {
    /** Returns a page of 50: what is unread first, then the rest, each the newest first. */
    async list(actor: UserActor, after?: string): Promise<InboxPage> {
      const { id, userId } = notifications
      const found = await db
        .select()
        .from(notifications)
        .where(and(eq(userId, actor.id), behind(after)))
        .orderBy(desc(isUnread), desc(id))
        .limit(pageSize + 1)
      const rows = found.slice(0, pageSize)
      const last = rows.at(-1)
      const next = found.length > pageSize && last ? `${last.readAt === null ? 'u' : 'r'}${last.id}` : null
      return { rows: await describeAll(db, deployment, actor, rows), next, newest: await newestUnread(actor.id) }
    },

    /** Marks one as read. Throws NotFound where the actor has no such. */
    async read(actor: UserActor, id: string): Promise<void> {
      const its = and(eq(notifications.id, id), eq(notifications.userId, actor.id))
      const found = await db
        .update(notifications)
        .set({ readAt: sql`coalesce(read_at, now())` })
        .where(its)
        .returning({ id: notifications.id })
      if (found.length === 0) throw new NotFound()
    },

    /** Marks all as read, up to the newest that the actor has seen; resolves with how many. */
    async readAll(actor: UserActor, newest: string): Promise<number> {
      const { id, userId, readAt } = notifications
      const read = await db
        .update(notifications)
        .set({ readAt: sql`now()` })
        .where(and(eq(userId, actor.id), isNull(readAt), lte(id, newest)))
        .returning({ id })
      return read.length
    },

    /** Forgets what is older than 90 days, read or not, by the database's clock. */
    async sweep(): Promise<void> {
      const oldest = sql`now() - make_interval(days => ${keptDays}::int)`
      await db.delete(notifications).where(lt(notifications.createdAt, oldest))
    },
  }

  async function newestUnread(userId: string): Promise<string | null> {
    const { id } = notifications
    const its = and(eq(notifications.userId, userId), sql`${isUnread} = true`)
    const [row] = await db.select({ id }).from(notifications).where(its).orderBy(desc(id)).limit(1)
    return row?.id ?? null
  }
}

/** Returns notifications as their reader may see them now. Those of an event that this version does not know are left out. */
export async function describeAll(
  reader: Reader,
  deployment: Deployment,
  actor: UserActor,
  rows: readonly (typeof notifications.$inferSelect)[],
): Promise<InboxRow[]> {
  const subjects = rows.map(({ resourceType: type, resourceId: id }) => ({ type, id }))
  const seen = await seenSubjects(reader, deployment, actor, subjects)
  const names = await namesOf(reader, actor, rows)
  return rows.flatMap((row) => {
    const { id, event, details, createdAt: at, readAt } = row
    if (!isEvent(event)) return []
    const subject = seen.get(row.resourceId)
    const by = row.byId === null ? null : (names.get(row.byId) ?? null)
    const sentence = sentenceOf(event, { name: subject?.name ?? null, by, details })
    return [{ id, event, sentence, path: pathOf(event, row, subject), at, unread: readAt === null }]
  })
}

function pathOf(
  event: NotificationEvent,
  { resourceId, details }: Pick<typeof notifications.$inferSelect, 'resourceId' | 'details'>,
  subject: SeenSubject | undefined,
): string | null {
  if (subject === undefined) return null
  if (event === 'edit.waiting') return paths.provenEdit(resourceId, String(details.editId))
  if (event === 'addition.finished' || event === 'addition.failed') return paths.addition(String(details.additionId))
  return subject.path
}

async function namesOf(
  reader: Reader,
  actor: UserActor,
  rows: readonly { readonly byId: string | null }[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(rows.flatMap(({ byId }) => (byId === null ? [] : [byId])))]
  if (ids.length === 0) return new Map()
  const { id, name, organizationId } = users
  const its = and(inArray(id, ids), eq(organizationId, actor.organizationId))
  const found = await reader.select({ id, name }).from(users).where(its)
  return new Map(found.map((user) => [user.id, user.name]))
}

const isUnread = sql`(${notifications.readAt} is null)`

/** A cursor says whether the row it stands for was unread, then its id. */
function behind(after: string | undefined): SQL | undefined {
  if (after === undefined || !/^[ur][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(after)) return undefined
  return sql`(${isUnread}, ${notifications.id}) < (${after.startsWith('u')}, ${after.slice(1)}::uuid)`
}
