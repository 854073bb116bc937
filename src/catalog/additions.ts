import { and, asc, eq, isNull } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import type { Database } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { type DatasetSource, datasets, datasetVersions } from '../db/schema/catalog.ts'
import type { Datasets } from './datasets.ts'
import { isOpen, type VersionDetail, type VersionStatus } from './queries.ts'

/** One of the datasets that were added together. Its version is the first; null of a dynamic one. */
export type AddedDataset = {
  readonly id: string
  readonly name: string
  readonly source: DatasetSource
  readonly isDynamic: boolean
  readonly version:
    | (Pick<VersionDetail, 'number' | 'status' | 'cancelling' | 'rows' | 'bytes' | 'startedAt' | 'message'> & {
        readonly finishedAt: Date | null
      })
    | null
}

export type Additions = ReturnType<typeof createAdditions>

/** Datasets that were added together, for who added them: how far each is, and the end of all that are being made. */
export function createAdditions(deps: { db: Database; datasets: Pick<Datasets, 'cancel'> }) {
  const { db } = deps

  /** Returns them in the order in which they were chosen. Throws NotFound where the actor added nothing as `id`. */
  async function show(actor: UserActor, id: string): Promise<readonly AddedDataset[]> {
    const first = and(eq(datasetVersions.datasetId, datasets.id), eq(datasetVersions.number, 1))
    const own = and(eq(datasets.organizationId, actor.organizationId), eq(datasets.ownerId, actor.id))
    const rows = await db
      .select({ dataset: datasets, version: datasetVersions })
      .from(datasets)
      .leftJoin(datasetVersions, first)
      .where(and(eq(datasets.additionId, id), own, isNull(datasets.deletedAt)))
      .orderBy(asc(datasets.id))
    if (rows.length === 0) throw new NotFound()
    return rows.map(({ dataset: { id: datasetId, name, source, isDynamic }, version }) => ({
      ...{ id: datasetId, name, source, isDynamic },
      version: version === null || version.status === 'deleted' ? null : versionOf(version),
    }))
  }

  return {
    /** Returns the id of an addition, for `Datasets.create`. */
    begin: (): string => newId(),

    show,

    /** Asks for the end of all that are still being made; resolves with how many those were. */
    async cancel(actor: UserActor, id: string): Promise<number> {
      let cancelled = 0
      // Those that wait go first: they would begin once what is before them has ended.
      for (const { id: datasetId, version } of (await show(actor, id)).toReversed()) {
        if (version === null || !isOpen(version.status)) continue
        if (await deps.datasets.cancel(actor, datasetId, version.number)) cancelled++
      }
      return cancelled
    },
  }
}

function versionOf(row: typeof datasetVersions.$inferSelect) {
  const { number, rows, bytes, startedAt, finishedAt, message } = row
  const status = row.status as VersionStatus
  const cancelling = isOpen(status) && row.cancelRequestedAt !== null
  return { number, status, cancelling, rows, bytes, startedAt, finishedAt, message }
}
