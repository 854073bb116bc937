import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import { findColleague, noColleague } from '../access/people.ts'
import { NotFound } from '../access/refusals.ts'
import type { Ending } from '../access/sharing.ts'
import type { Database } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { users } from '../db/schema/organizations.ts'
import { notify } from '../notifications/notify.ts'
import { type CredentialResource, findCredential } from './find-credential.ts'
import type { CredentialQueries } from './queries.ts'
import { schedulesWith } from './scheduled.ts'

/** Someone whom a credential is shared with, for use. */
export type CredentialUser = {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly disabled: boolean
  readonly since: Date
  /** How many datasets of theirs were made with it, and how many schedules of theirs sign in with it. */
  readonly datasets: number
  readonly schedules: number
}

export type CredentialShareOutcome = { readonly ok: true } | { readonly ok: false; readonly error: string }

export type CredentialSharing = ReturnType<typeof createCredentialSharing>

/**
 * The service that shares a credential for use with users of the organization (docs/decisions/089). It re-grants nothing:
 * they use the owner's associations, and see, change and associate nothing.
 */
export function createCredentialSharing(deps: { db: Database; guard: Guard; queries: CredentialQueries }) {
  const { db, guard, queries } = deps

  return {
    /** Returns whom a credential is shared with, by name. */
    async people(actor: Actor, id: string): Promise<readonly CredentialUser[]> {
      await queries.show(actor, id)
      return peopleOf(db, id)
    },

    /** Lets the user who has this e-mail address use the credential. */
    share(actor: UserActor, id: string, email: string): Promise<CredentialShareOutcome> {
      return guard.change<CredentialShareOutcome, CredentialResource>(
        actor,
        'credential.share',
        (tx) => findCredential(tx, id),
        async ({ tx, note, abandon }, { row }) => {
          const user = await findColleague(tx, row.organizationId, email)
          if (user === undefined) return abandon<CredentialShareOutcome>({ ok: false, error: noColleague })
          if (user.id === row.ownerId) return abandon<CredentialShareOutcome>({ ok: false, error: theirOwn })
          const { organizationId } = row
          const added = await tx
            .insert(credentialShares)
            .values({ credentialId: id, userId: user.id, organizationId, createdBy: actor.id })
            .onConflictDoNothing()
            .returning({ userId: credentialShares.userId })
          if (added.length === 0) return abandon<CredentialShareOutcome>({ ok: false, error: alreadyThere(user.name) })
          note({ userId: user.id })
          const told = { organizationId, userId: user.id, details: {}, byId: actor.id }
          await notify(tx, { ...told, event: 'credential.shared', about: { type: 'credential', id } })
          return { ok: true }
        },
        { id },
      )
    },

    /**
     * Takes the credential from someone. From this moment each use of theirs is refused, and what they are importing with
     * it is asked to end. Their datasets keep their data.
     */
    unshare(actor: Actor, id: string, userId: string): Promise<void> {
      return guard.change(
        actor,
        'credential.unshare',
        (tx) => findCredential(tx, id),
        (effect) => endShare(effect, id, { userId, byId: actor.id }),
        { id },
      )
    },

    /** Gives up the use of somebody else's credential, with the same effect as if its owner had taken it away. */
    giveBack(actor: UserActor, id: string): Promise<void> {
      return guard.change(
        actor,
        'credential.give-back',
        (tx) => findCredential(tx, id),
        (effect) => endShare(effect, id, { userId: actor.id, byId: actor.id }),
        { id },
      )
    },
  }
}

const theirOwn = 'This is your own address, and the credentials are yours already. Enter the address of someone else.'

function alreadyThere(name: string): string {
  return `${name} may use these credentials already. There is nothing more to share.`
}

/** Its owner may do all that a receiver may; of a share that is not there, there is nothing to end. */
async function endShare(effect: Effect, id: string, ending: Ending): Promise<void> {
  const { userId } = ending
  const its = and(eq(credentialShares.credentialId, id), eq(credentialShares.userId, userId))
  const gone = await effect.tx.delete(credentialShares).where(its).returning()
  if (gone.length === 0) throw new NotFound()
  effect.note({ userId, snapshotsEnded: await endImports(effect, id, ending) })
}

async function endImports({ tx }: Effect, credentialId: string, { userId, byId }: Ending): Promise<number> {
  const { id, createdBy, status } = datasetVersions
  const theirs = and(eq(datasetVersions.credentialId, credentialId), eq(createdBy, userId))
  const ended = await tx
    .update(datasetVersions)
    .set({ cancelRequestedAt: sql`now()`, cancelRequestedBy: byId })
    .where(and(theirs, inArray(status, ['queued', 'running'])))
    .returning({ id })
  return ended.length
}

async function peopleOf(db: Database, id: string): Promise<readonly CredentialUser[]> {
  const { name, email, disabledAt } = users
  const { userId, createdAt } = credentialShares
  const made = sql<number>`(select count(*)::int from ${datasets} where ${datasets.credentialId} = ${credentialShares.credentialId} and ${datasets.ownerId} = ${userId} and ${datasets.deletedAt} is null)`
  const planned = schedulesWith(sql`${credentialShares.credentialId}`, sql`planned.set_by = ${userId}`)
  const rows = await db
    .select({ userId, name, email, disabledAt, since: createdAt, datasets: made, schedules: planned })
    .from(credentialShares)
    .innerJoin(users, eq(users.id, userId))
    .where(eq(credentialShares.credentialId, id))
    .orderBy(asc(users.name), asc(users.id))
  return rows.map(({ disabledAt: disabled, ...person }) => ({ ...person, disabled: disabled !== null }))
}
