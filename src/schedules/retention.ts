import { and, eq, inArray, lt, or, sql } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import { type DatasetResource, findDataset } from '../catalog/queries.ts'
import type { Database, Transaction } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { schedules } from '../db/schema/schedules.ts'
import type { ScheduleRow } from './rows.ts'

export type Retention = ReturnType<typeof createRetention>

/** Removes versions that a schedule does not keep: never the newest completed one, and nothing that is being made. */
export function createRetention(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

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

    /**
     * Does so for at most 100 datasets that have something to remove. Rejects, at the end, where it could not for one of
     * them.
     */
    async sweep(): Promise<void> {
      const { rows } = await db.execute<{ id: string }>(sql`
        select found.dataset_id as id from (
          select v.dataset_id, v.finished_at, s.keep_versions, s.keep_days,
            row_number() over (partition by v.dataset_id order by v.number desc) as place
          from ${schedules} s join ${datasetVersions} v on v.dataset_id = s.dataset_id and v.status = 'completed'
          join ${datasets} d on d.id = s.dataset_id and d.deleted_at is null
          where s.keep_versions is not null or s.keep_days is not null) found
        where found.place > 1 and (found.place > found.keep_versions
          or found.finished_at < now() - found.keep_days * interval '1 day')
        group by found.dataset_id order by random() limit 100`)
      const failures: unknown[] = []
      for (const { id } of rows) await retain(id).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Deletes what is not kept, as a person would: the sweep removes the files. Resolves with how many versions had data. */
async function retire(tx: Transaction, { datasetId, keepVersions, keepDays }: ScheduleRow): Promise<number> {
  const its = eq(datasetVersions.datasetId, datasetId)
  const completed = await tx
    .select({
      id: datasetVersions.id,
      number: datasetVersions.number,
      isOld: sql<boolean>`coalesce(${datasetVersions.finishedAt} < now() - ${keepDays}::int * interval '1 day', false)`,
    })
    .from(datasetVersions)
    .where(and(its, eq(datasetVersions.status, 'completed')))
    .orderBy(sql`${datasetVersions.number} desc`)
  const isKept = ({ isOld }: { isOld: boolean }, place: number) =>
    place === 0 || (!isOld && (keepVersions === null || place < keepVersions))
  const kept = completed.filter(isKept)
  const gone = completed.filter((one) => !kept.includes(one)).map(({ id }) => id)
  if (gone.length === 0) return 0
  // What failed or was cancelled before the oldest one that is kept says nothing any more.
  const oldest = Math.min(...kept.map(({ number }) => number))
  const empty = and(inArray(datasetVersions.status, ['failed', 'cancelled']), lt(datasetVersions.number, oldest))
  const over = or(inArray(datasetVersions.id, gone), empty)
  await tx.update(datasetVersions).set({ status: 'deleted' }).where(and(its, over))
  return gone.length
}
