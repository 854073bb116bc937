import { and, asc, eq, lte, type SQL, sql } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import { type Deployment, featureSql } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { newId } from '../db/new-id.ts'
import { credentials } from '../db/schema/credentials.ts'
import { expiryReminders } from '../db/schema/expiry-reminders.ts'
import { users } from '../db/schema/organizations.ts'
import { wantEmail } from '../notifications/choices.ts'
import { notify } from '../notifications/notify.ts'
import type { Notification, Outbox } from '../notifications/outbox.ts'
import { paths } from '../paths.ts'
import { findCredential } from './find-credential.ts'

/** How many days before an expiry its owner is reminded; 0 is when it is over. */
const reminderDays = [0, 1, 7, 30] as const

export type Reminders = ReturnType<typeof createReminders>

export type ReminderDependencies = {
  readonly db: Database
  readonly guard: Guard
  readonly deployment: Deployment
  readonly outbox: Outbox
  /** The public address, for links; null where it is not known. */
  readonly origin: string | null
  /** Another clock than that of the database; for tests. */
  readonly now?: (reader: Reader) => Promise<Date>
}

/** Gives the reminders of expiries. Any number of processes may: each is given once, by whichever comes first, by the database's clock. */
export function createReminders(deps: ReminderDependencies) {
  const { db, guard, deployment, outbox, origin, now = databaseTime } = deps

  /** Credentials whose nearest reminder is not given yet, at most 200. Those whose owner may not use the feature wait. */
  function due(at: Date): Promise<readonly Due[]> {
    const { id, organizationId, expiresAt, currentVersion } = credentials
    const given = sql`exists (select from ${expiryReminders} where ${expiryReminders.credentialId} = ${id} and ${expiryReminders.version} = ${currentVersion} and ${expiryReminders.expiresAt} = ${expiresAt} and ${expiryReminders.days} = ${nearest(at)})`
    const owner = { id: users.id, organizationId: users.organizationId }
    return db
      .select({ id, organizationId })
      .from(credentials)
      .innerJoin(users, eq(users.id, credentials.ownerId))
      .where(and(lte(expiresAt, after(at, 30)), sql`not ${given}`, featureSql(owner, 'stored_credentials', deployment)))
      .orderBy(asc(expiresAt), asc(id))
      .limit(200)
  }

  /** Gives one, with its ledger entry and what is to be sent, in one transaction; false where another process has. */
  function give({ id, organizationId }: Due): Promise<boolean> {
    // Deleted meanwhile: nothing to remind of, and no refusal either.
    const gone: Reminded = { type: 'credential', id, organizationId, ownerId: null }
    return guard.change<boolean, Reminded>(
      system,
      'credential.remind',
      async (tx) => (await findCredential(tx, id)) ?? gone,
      async ({ tx, note, abandon }, { row }) => {
        const at = await now(tx)
        const days = row === undefined ? undefined : reminderFor(row.expiresAt, at)
        if (row === undefined || row.expiresAt === null || days === undefined) return abandon(false)
        const { currentVersion: version, expiresAt } = row
        const given = await tx
          .insert(expiryReminders)
          .values({ credentialId: id, version, expiresAt, days, organizationId, at })
          .onConflictDoNothing()
          .returning()
        if (given.length === 0) return abandon(false)
        const notificationId = newId()
        const message = { ...(await notification(tx, { ...row, expiresAt }, days, origin)), notificationId }
        await outbox.add(tx, message, at)
        const details = { days, expiresAt: expiresAt.toISOString() }
        const key = `${id}:${version}:${details.expiresAt}:${days}`
        const told = { organizationId, userId: row.ownerId, about: { type: 'credential' as const, id }, details, key }
        await notify(tx, { ...told, id: notificationId, event: message.event, sent: true })
        note({ version, days, expiresAt: expiresAt.toISOString() })
        return true
      },
    )
  }

  return {
    /** Gives every reminder that is due and resolves with how many were; of several that were missed only the nearest. */
    async give(signal: AbortSignal): Promise<number> {
      let count = 0
      for (;;) {
        const before = count
        for (const one of await due(await now(db))) {
          if (signal.aborted) return count
          if (await give(one)) count += 1
        }
        // What is left is being given by another process, or there is nothing.
        if (count === before) return count
      }
    },
  }
}

type Reminded = Resource & { readonly row?: typeof credentials.$inferSelect }
type Due = { readonly id: string; readonly organizationId: string }

/** Returns the number of days of the nearest reminder; undefined where the expiry is further away than any. */
export function reminderFor(expiresAt: Date | null, at: Date): (typeof reminderDays)[number] | undefined {
  return expiresAt === null ? undefined : reminderDays.find((days) => expiresAt <= after(at, days))
}

/** The same as SQL, for what expires within 30 days. */
function nearest(at: Date): SQL<number> {
  const within = (days: number) => sql`${credentials.expiresAt} <= ${after(at, days).toISOString()}::timestamptz`
  return sql`case when ${within(0)} then 0 when ${within(1)} then 1 when ${within(7)} then 7 else 30 end`
}

function after(at: Date, days: number): Date {
  return new Date(at.getTime() + days * 86_400_000)
}

async function notification(
  tx: Transaction,
  row: typeof credentials.$inferSelect & { readonly expiresAt: Date },
  days: number,
  origin: string | null,
): Promise<Omit<Notification, 'notificationId'> & { readonly event: 'credential.expired' | 'credential.expiring' }> {
  const { id, organizationId, ownerId, name, currentVersion: version, expiresAt } = row
  const [owner] = await tx.select().from(users).where(eq(users.id, ownerId))
  const event = days === 0 ? 'credential.expired' : 'credential.expiring'
  const wants = owner !== undefined && owner.disabledAt === null && (await wantEmail(tx, [ownerId], event)).has(ownerId)
  const url = origin === null ? null : `${origin}${paths.credential(id)}`
  return {
    organizationId,
    event,
    body: {
      credentialId: id,
      name,
      version,
      owner: owner?.name ?? null,
      expiresAt: expiresAt.toISOString(),
      days,
      url,
    },
    recipient: wants ? owner.email : null,
  }
}
