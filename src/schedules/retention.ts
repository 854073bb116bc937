import { and, eq, inArray, lt, ne, sql } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import { type DatasetResource, findDataset } from '../catalog/queries.ts'
import type { SnapshotStore } from '../catalog/snapshot-store.ts'
import type { Database, Transaction } from '../db/client.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { retiredFiles, schedules } from '../db/schema/schedules.ts'
import type { ScheduleRow } from './rows.ts'

export type Retention = ReturnType<typeof createRetention>

/** Removes versions that a schedule does not keep: never the newest completed one, and nothing that is being made. */
export function createRetention(deps: { db: Database; guard: Guard; store: Pick<SnapshotStore, 'remove'> }) {
  const { db, guard, store } = deps

  async function retain(datasetId: string): Promise<void> {
    try {
      await guard.change<void, DatasetResource>(
        system,
        'dataset.retain',
        (tx) => findDataset(tx, datasetId, 'update'),
        async ({ tx, note, abandon }) => {
          const [schedule] = await tx.select().from(schedules).where(eq(schedules.datasetId, datasetId))
          const removed = schedule === undefined ? 0 : await retire(tx, schedule)
          if (removed === 0) abandon(undefined)
          note({ versions: removed })
        },
      )
    } catch (error) {
      // A deleted dataset keeps what it has until it is removed.
      if (!(error instanceof NotFound)) throw error
    }
  }

  return {
    /** Removes what the schedule of a dataset does not keep. */
    retain,

    /** Does so for at most 100 datasets that have something to remove, then removes the files. */
    async sweep(): Promise<void> {
      const { rows } = await db.execute<{ id: string }>(sql`
        select distinct found.dataset_id as id from (
          select v.dataset_id, v.finished_at, s.keep_versions, s.keep_days,
            row_number() over (partition by v.dataset_id order by v.number desc) as place
          from ${schedules} s join ${datasetVersions} v on v.dataset_id = s.dataset_id and v.status = 'completed'
          where s.keep_versions is not null or s.keep_days is not null) found
        where found.place > 1 and (found.place > found.keep_versions
          or found.finished_at < now() - found.keep_days * interval '1 day')
        limit 100`)
      for (const { id } of rows) await retain(id)
      await this.removeFiles()
    },

    /** Removes the files of removed versions. One that cannot be removed now is tried again by the next sweep. */
    async removeFiles(): Promise<void> {
      for (const { versionId, file } of await db.select().from(retiredFiles).limit(500)) {
        await store.remove(file)
        await db.delete(retiredFiles).where(eq(retiredFiles.versionId, versionId))
      }
    },
  }
}

/** Deletes the rows of what is not kept and writes down their files; resolves with how many there were. */
async function retire(tx: Transaction, { datasetId, keepVersions, keepDays }: ScheduleRow): Promise<number> {
  const completed = await tx
    .select({
      id: datasetVersions.id,
      number: datasetVersions.number,
      isOld: sql<boolean>`coalesce(${datasetVersions.finishedAt} < now() - ${keepDays}::int * interval '1 day', false)`,
    })
    .from(datasetVersions)
    .where(and(eq(datasetVersions.datasetId, datasetId), eq(datasetVersions.status, 'completed')))
    .orderBy(sql`${datasetVersions.number} desc`)
  const isKept = ({ isOld }: { isOld: boolean }, place: number) =>
    place === 0 || (!isOld && (keepVersions === null || place < keepVersions))
  const kept = completed.filter(isKept)
  const gone = completed.filter((one) => !kept.includes(one)).map(({ id }) => id)
  if (gone.length === 0) return 0
  const oldest = Math.min(...kept.map(({ number }) => number))
  const files = await tx
    .delete(datasetVersions)
    .where(and(eq(datasetVersions.datasetId, datasetId), inArray(datasetVersions.id, gone)))
    .returning({ versionId: datasetVersions.id, file: datasetVersions.file })
  const named = files.flatMap(({ versionId, file }) => (file === null ? [] : [{ versionId, file }]))
  if (named.length > 0) await tx.insert(retiredFiles).values(named).onConflictDoNothing()
  await deleteEmpty(tx, datasetId, oldest)
  return gone.length
}

/** What failed or was cancelled before the oldest version that is kept says nothing any more; its file is gone already. */
async function deleteEmpty(tx: Transaction, datasetId: string, before: number): Promise<void> {
  const { number, status, file } = datasetVersions
  const empty = and(ne(status, 'completed'), sql`${status} not in ('queued', 'running')`, sql`${file} is null`)
  await tx.delete(datasetVersions).where(and(eq(datasetVersions.datasetId, datasetId), lt(number, before), empty))
}
