import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import { createRoleSharing, type Ending, type SharedKind, type ShareOutcome } from '../access/sharing.ts'
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
  const { snapshots } = deps
  const shares = createRoleSharing(deps, sharedDatasets)

  return {
    ...shares,

    /** Takes the dataset from someone, or lets the actor leave it. What they are having made of it is asked to end. */
    async remove(actor: Actor, id: string, userId: string): Promise<ShareOutcome> {
      let ended: readonly string[] = []
      const outcome = await shares.remove(actor, id, userId, async (effect, ending) => {
        ended = await endTheirs(effect, id, ending)
      })
      for (const versionId of ended) snapshots.cancel(versionId)
      return outcome
    },
  }
}

const sharedDatasets: SharedKind<DatasetResource> = {
  type: 'dataset',
  find: findDataset,
  async add(tx, { id, ...share }) {
    const row = { datasetId: id, ...share }
    return (await tx.insert(datasetShares).values(row).onConflictDoNothing().returning()).length > 0
  },
  async setRole(tx, id, userId, role) {
    await tx.update(datasetShares).set({ role }).where(shareOf(id, userId))
  },
  async remove(tx, id, userId) {
    const [gone] = await tx.delete(datasetShares).where(shareOf(id, userId)).returning()
    return gone?.role
  },
  others(db, id) {
    const { userId, role, createdAt: since } = datasetShares
    const { name, email, disabledAt } = users
    return db
      .select({ userId, name, email, disabledAt, role, since })
      .from(datasetShares)
      .innerJoin(users, eq(users.id, userId))
      .where(eq(datasetShares.datasetId, id))
      .orderBy(asc(name), asc(users.id))
  },
  changed: indexDataset,
  async tell(tx, { id, organizationId, userId, role, createdBy }) {
    const told = { organizationId, userId, details: { role }, byId: createdBy }
    await notify(tx, { ...told, event: 'dataset.shared', about: { type: 'dataset', id } })
  },
  staysOwner: 'Who made a dataset stays its owner. Delete the dataset if it is no longer needed.',
}

function shareOf(datasetId: string, userId: string) {
  return and(eq(datasetShares.datasetId, datasetId), eq(datasetShares.userId, userId))
}

async function endTheirs({ tx, note }: Effect, datasetId: string, ending: Ending): Promise<readonly string[]> {
  const { id, createdBy, status } = datasetVersions
  const theirs = and(eq(datasetVersions.datasetId, datasetId), eq(createdBy, ending.userId))
  const ended = await tx
    .update(datasetVersions)
    .set({ cancelRequestedAt: sql`now()`, cancelRequestedBy: ending.byId })
    .where(and(theirs, inArray(status, ['queued', 'running'])))
    .returning({ id })
  note({ snapshotsEnded: ended.length })
  return ended.map((version) => version.id)
}
