import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import {
  alreadyThere,
  findColleague,
  noRole,
  noUser,
  parseShareRole,
  refuseAbove,
  type ShareOutcome,
} from '../access/sharing.ts'
import type { Person } from '../connections/sharing.ts'
import type { Database } from '../db/client.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { datasetShares } from '../db/schema/dataset-shares.ts'
import { users } from '../db/schema/organizations.ts'
import { notify } from '../notifications/notify.ts'
import { indexDataset } from '../search/documents.ts'
import { type DatasetResource, findDataset } from './queries.ts'
import type { Snapshots } from './snapshots.ts'

export type DatasetSharing = ReturnType<typeof createDatasetSharing>

/**
 * The service that shares datasets with users of the organization: their data, never their connection nor an account
 * (docs/decisions/096).
 */
export function createDatasetSharing(deps: { db: Database; guard: Guard; snapshots: Pick<Snapshots, 'cancel'> }) {
  const { db, guard, snapshots } = deps

  return {
    /** Returns who may work with a dataset: who made it, then the others by name. */
    async people(actor: Actor, id: string): Promise<readonly Person[]> {
      const dataset = await db.transaction((tx) => findDataset(tx, id, 'share'))
      await guard.read(actor, 'dataset.read', dataset)
      return peopleOf(db, dataset as DatasetResource)
    },

    /** Returns someone whom the page of a removal is about: another person, or the actor, who may leave. */
    async removable(actor: Actor, id: string, userId: string): Promise<Person> {
      const dataset = await db.transaction((tx) => findDataset(tx, id, 'share'))
      await guard.read(actor, removal(actor, userId), dataset)
      const person = (await peopleOf(db, dataset as DatasetResource)).find((one) => one.userId === userId)
      if (person === undefined || person.isFirst) throw new NotFound()
      return person
    },

    /** Shares with the user who has this e-mail address; at most the actor's own role. */
    share(actor: UserActor, id: string, email: string, role: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, DatasetResource>(
        actor,
        'dataset.share',
        (tx) => findDataset(tx, id, 'update'),
        async ({ tx, note, abandon }, dataset) => {
          const granted = parseShareRole(role)
          if (granted === undefined) return abandon(noRole)
          refuseAbove(actor, dataset, granted)
          const { organizationId } = dataset
          const user = await findColleague(tx, organizationId, email)
          if (user === undefined) return abandon(noUser)
          const share = { datasetId: id, userId: user.id, organizationId, role: granted, createdBy: actor.id }
          const added = await tx.insert(datasetShares).values(share).onConflictDoNothing().returning()
          const there = user.id === dataset.ownerId || added.length === 0
          if (there) return abandon<ShareOutcome>(alreadyThere(user.name))
          note({ userId: user.id, role: granted })
          await indexDataset(tx, id)
          const told = { organizationId, userId: user.id, details: { role: granted }, byId: actor.id }
          await notify(tx, { ...told, event: 'dataset.shared', about: { type: 'dataset', id } })
          return { ok: true }
        },
        { id },
      )
    },

    /** Changes the role of someone it is shared with; at most to the actor's own. */
    changeRole(actor: Actor, id: string, userId: string, role: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, DatasetResource>(
        actor,
        'dataset.share',
        (tx) => findDataset(tx, id, 'update'),
        async ({ tx, note, abandon }, dataset) => {
          const granted = parseShareRole(role)
          if (granted === undefined) return abandon(noRole)
          refuseAbove(actor, dataset, granted)
          if (userId === dataset.ownerId) return abandon(staysOwner)
          const previous = dataset.shares?.[userId]
          if (previous === undefined) throw new NotFound()
          await tx.update(datasetShares).set({ role: granted }).where(shareOf(id, userId))
          note({ userId, role: granted, previousRole: previous })
          return { ok: true }
        },
        { id },
      )
    },

    /** Takes the dataset from someone, or lets the actor leave it. What they are having made of it is asked to end. */
    async remove(actor: Actor, id: string, userId: string): Promise<ShareOutcome> {
      const ended: string[] = []
      const outcome = await guard.change<ShareOutcome, DatasetResource>(
        actor,
        removal(actor, userId),
        (tx) => findDataset(tx, id, 'update'),
        async (effect, dataset) => {
          if (userId === dataset.ownerId) return effect.abandon(staysOwner)
          const [gone] = await effect.tx.delete(datasetShares).where(shareOf(id, userId)).returning()
          if (gone === undefined) throw new NotFound()
          ended.push(...(await endTheirs(effect, id, { userId, byId: actor.id })))
          await indexDataset(effect.tx, id)
          effect.note({ userId, role: gone.role })
          return { ok: true }
        },
        { id },
      )
      for (const versionId of ended) snapshots.cancel(versionId)
      return outcome
    },
  }
}

/** Nobody needs a permission to give up their own. */
function removal(actor: Actor, userId: string): 'dataset.leave' | 'dataset.unshare' {
  return actor.id === userId ? 'dataset.leave' : 'dataset.unshare'
}

const staysOwner: ShareOutcome = {
  ok: false,
  field: null,
  error: 'Who made a dataset stays its owner. Delete the dataset if it is no longer needed.',
}

function shareOf(datasetId: string, userId: string) {
  return and(eq(datasetShares.datasetId, datasetId), eq(datasetShares.userId, userId))
}

async function endTheirs(
  { tx, note }: Effect,
  datasetId: string,
  { userId, byId }: { readonly userId: string; readonly byId: string | null },
): Promise<readonly string[]> {
  const { id, createdBy, status } = datasetVersions
  const theirs = and(eq(datasetVersions.datasetId, datasetId), eq(createdBy, userId))
  const ended = await tx
    .update(datasetVersions)
    .set({ cancelRequestedAt: sql`now()`, cancelRequestedBy: byId })
    .where(and(theirs, inArray(status, ['queued', 'running'])))
    .returning({ id })
  note({ snapshotsEnded: ended.length })
  return ended.map((version) => version.id)
}

async function peopleOf(db: Database, { id, row }: DatasetResource): Promise<readonly Person[]> {
  const { name, email, disabledAt } = users
  const [first] = await db.select({ name, email, disabledAt }).from(users).where(eq(users.id, row.ownerId))
  const { userId, role, createdAt: since } = datasetShares
  const others = await db
    .select({ userId, name, email, disabledAt, role, since })
    .from(datasetShares)
    .innerJoin(users, eq(users.id, userId))
    .where(eq(datasetShares.datasetId, id ?? ''))
    .orderBy(asc(name), asc(users.id))
  const owner = {
    userId: row.ownerId,
    role: 'owner',
    since: null,
    name: '',
    email: '',
    disabledAt: null,
    ...first,
  } as const
  return [{ ...personOf(owner), isFirst: true }, ...others.map((other) => ({ ...personOf(other), isFirst: false }))]
}

function personOf<T extends { disabledAt: Date | null }>({ disabledAt, ...rest }: T) {
  return { ...rest, disabled: disabledAt !== null }
}
