import { and, desc, eq, lt } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { type DatasetColumn, type Drift, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { notify } from '../notifications/notify.ts'

/** What a new version's columns were found to differ in, and whose dataset that is. */
export type NotedDrift = {
  readonly organizationId: string
  readonly ownerId: string
  /** In whose name the version was made. */
  readonly madeBy: string
  readonly datasetId: string
  readonly version: number
  readonly drift: Drift
}

/** Returns how columns differ, by name; null where they do not. Their order says nothing. */
export function driftBetween(before: readonly DatasetColumn[], after: readonly DatasetColumn[]): Drift | null {
  const [old, fresh] = [byName(before), byName(after)]
  const added = after.filter(({ name }) => !old.has(name))
  const removed = before.filter(({ name }) => !fresh.has(name))
  const changed = after.flatMap(({ name, type: to }) => {
    const from = old.get(name)
    return from === undefined || from === to ? [] : [{ name, from, to }]
  })
  return added.length + removed.length + changed.length === 0 ? null : { added, removed, changed }
}

/**
 * Compares a completed version with the one before it, and tells the owner where its columns differ, and who had it made: of
 * a scheduled one that is who set the schedule.
 */
export async function tellDrift(tx: Transaction, versionId: string): Promise<void> {
  const noted = await noteDrift(tx, versionId)
  if (noted === null) return
  const { organizationId, ownerId, madeBy, datasetId, version, drift } = noted
  const [added, removed, changed] = [drift.added.length, drift.removed.length, drift.changed.length]
  for (const userId of new Set([ownerId, madeBy])) {
    await notify(tx, {
      ...{ organizationId, userId, event: 'dataset.drifted', key: `${datasetId}:${version}` },
      about: { type: 'dataset', id: datasetId },
      details: { version, added, removed, changed },
    })
  }
}

/**
 * Compares a completed version with the completed one before it and writes down on it how its columns differ; resolves
 * with that, or with null where they do not.
 */
export async function noteDrift(tx: Transaction, versionId: string): Promise<NotedDrift | null> {
  const [version] = await tx
    .select({ version: datasetVersions, ownerId: datasets.ownerId })
    .from(datasetVersions)
    .innerJoin(datasets, eq(datasets.id, datasetVersions.datasetId))
    .where(and(eq(datasetVersions.id, versionId), eq(datasetVersions.status, 'completed')))
  if (version === undefined) return null
  const { datasetId, number, columns, organizationId } = version.version
  const earlier = and(eq(datasetVersions.datasetId, datasetId), lt(datasetVersions.number, number))
  const [before] = await tx
    .select({ columns: datasetVersions.columns })
    .from(datasetVersions)
    .where(and(earlier, eq(datasetVersions.status, 'completed')))
    .orderBy(desc(datasetVersions.number))
    .limit(1)
  const drift = before === undefined ? null : driftBetween(before.columns ?? [], columns ?? [])
  if (drift === null) return null
  await tx.update(datasetVersions).set({ drift }).where(eq(datasetVersions.id, versionId))
  return {
    organizationId,
    ownerId: version.ownerId,
    madeBy: version.version.createdBy,
    datasetId,
    version: number,
    drift,
  }
}

function byName(columns: readonly DatasetColumn[]): ReadonlyMap<string, string> {
  return new Map(columns.map(({ name, type }) => [name, type]))
}
