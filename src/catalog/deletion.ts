import { and, eq, isNull, lt, ne, sql } from 'drizzle-orm'
import { type Actor, system } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { Refusal } from '../access/refusals.ts'
import type { Database } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { datasetShares } from '../db/schema/dataset-shares.ts'
import { datasetTags } from '../db/schema/dataset-tags.ts'
import type { Log } from '../log.ts'
import { indexDataset } from '../search/documents.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import { findVersion } from './datasets.ts'
import { deletedDays } from './listing.ts'
import { type DatasetResource, findDataset, findDatasetOrDeleted, isOpen } from './queries.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { Snapshots } from './snapshots.ts'

export type DatasetDeletion = ReturnType<typeof createDatasetDeletion>

type Dependencies = {
  readonly db: Database
  readonly guard: Guard
  readonly snapshots: Pick<Snapshots, 'cancel'>
  readonly store: SnapshotStore
  readonly datasetKeys: DatasetKeys
  readonly log: Log
}

/**
 * The service that deletes datasets, brings them back and deletes them for good, which happens by itself after 30 days
 * (docs/decisions/096). Files that outlive it, because a process died, are what the sweep removes.
 */
export function createDatasetDeletion({ db, guard, snapshots, store, datasetKeys, log }: Dependencies) {
  async function erase(actor: Actor, id: string): Promise<void> {
    const files = await guard.change<readonly string[], DatasetResource>(
      actor,
      'dataset.erase',
      (tx) => findDeleted(tx, id),
      async ({ tx, note }) => {
        await tx.update(datasets).set({ erasedAt: sql`now()`, connectionId: null }).where(eq(datasets.id, id))
        await datasetKeys.destroy(tx, id)
        await tx.delete(datasetShares).where(eq(datasetShares.datasetId, id))
        await tx.delete(datasetTags).where(eq(datasetTags.datasetId, id))
        const versions = await tx.select().from(datasetVersions).where(eq(datasetVersions.datasetId, id))
        note({ versions: versions.length })
        return versions.flatMap(({ status, file }) => (file === null || isOpen(status) ? [] : [file]))
      },
      { id },
    )
    for (const file of files) await removeFile(file, id)
  }

  return {
    /** Puts a dataset among the deleted ones, with everything it has; what is being made of it is ended. */
    async delete(actor: Actor, id: string): Promise<void> {
      const versions = await guard.change(
        actor,
        'dataset.delete',
        (tx) => findDataset(tx, id, 'update'),
        async ({ tx, note }) => {
          await tx.update(datasets).set({ deletedAt: sql`now()` }).where(eq(datasets.id, id))
          const its = and(eq(datasetVersions.datasetId, id), ne(datasetVersions.status, 'deleted'))
          const all = await tx.select().from(datasetVersions).where(its)
          note({ versions: all.length })
          return all
        },
        { id },
      )
      for (const version of versions) if (isOpen(version.status)) snapshots.cancel(version.id)
    },

    /** Returns a deleted dataset for the page that asks before it goes for good. Throws NotFound for any other. */
    async deleted(actor: Actor, id: string): Promise<{ readonly id: string; readonly name: string }> {
      const found = await db.transaction((tx) => findDeleted(tx, id))
      await guard.read(actor, 'dataset.erase', found)
      return { id, name: found?.row.name ?? '' }
    },

    /** Brings a deleted dataset back as it was. */
    restore(actor: Actor, id: string): Promise<void> {
      return guard.change(
        actor,
        'dataset.restore',
        (tx) => findDeleted(tx, id),
        async ({ tx }) => {
          await tx.update(datasets).set({ deletedAt: null }).where(eq(datasets.id, id))
        },
        { id },
      )
    },

    /** Deletes a deleted dataset for good: its key, its files, its people and its tags at once, its row with the next sweep. */
    erase,

    /** Deletes one version with its file. Resolves with false where it is still being made: that is cancelled, not deleted. */
    async deleteVersion(actor: Actor, id: string, number: number): Promise<boolean> {
      const gone = await guard.change<{ readonly file: string | null } | null, DatasetResource>(
        actor,
        'dataset.delete-version',
        (tx) => findDataset(tx, id, 'update'),
        async ({ tx, note, abandon }) => {
          note({ version: number })
          const version = await findVersion(tx, id, number)
          if (isOpen(version.status)) return abandon(null)
          await tx.update(datasetVersions).set({ status: 'deleted' }).where(eq(datasetVersions.id, version.id))
          // Its columns may have been the latest.
          await indexDataset(tx, id)
          return { file: version.file }
        },
        { id },
      )
      if (gone === null) return false
      if (gone.file !== null) await removeFile(gone.file, id)
      return true
    },

    /** Deletes for good what was deleted 30 days ago, at most 100; resolves with how many. */
    async eraseDue(): Promise<number> {
      const old = lt(datasets.deletedAt, sql`now() - make_interval(days => ${deletedDays})`)
      const due = await db
        .select({ id: datasets.id })
        .from(datasets)
        .where(and(old, isNull(datasets.erasedAt)))
        .limit(100)
      for (const { id } of due) await eraseOne(id)
      return due.length
    },

    /** Removes the rows of what is deleted for good once no file of it is left. */
    async forgetErased(): Promise<void> {
      await db.execute(sql`
        delete from datasets d where d.erased_at is not null and not exists (
          select from dataset_versions v
          where v.dataset_id = d.id and (v.file is not null or v.status in ('queued', 'running')))`)
    },
  }

  /** It is deleted already, and the sweep does what cannot be done now. */
  async function removeFile(file: string, dataset: string): Promise<void> {
    await store.remove(file).catch((error) => log.error('snapshot not removed', error, { dataset }))
  }

  /** Another process may be quicker; what fails of one must not keep the others. */
  async function eraseOne(id: string): Promise<void> {
    try {
      await erase(system, id)
    } catch (error) {
      if (!(error instanceof Refusal)) log.error('a deleted dataset could not be erased', error, { dataset: id })
    }
  }
}

async function findDeleted(tx: Parameters<typeof findDatasetOrDeleted>[0], id: string) {
  const found = await findDatasetOrDeleted(tx, id, 'update')
  return found?.row.deletedAt === null ? undefined : found
}
