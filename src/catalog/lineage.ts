import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Database } from '../db/client.ts'
import { datasetLineage } from '../db/schema/analyses.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { type DatasetQueries, visibleTo } from './queries.ts'

/** What a dataset is made from and what is made from it, as far as the actor may know. */
export type Lineage = {
  /** The query's names, in its order; null where the dataset is not made from others. */
  readonly inputs: readonly LineageInput[] | null
  readonly uses: readonly { readonly id: string; readonly name: string }[]
  /** Datasets of others that are made from it. */
  readonly hiddenUses: number
}

export type LineageInput = {
  /** What the query calls it. */
  readonly name: string
  /** Null where it was deleted, or may not be read by the actor any more. */
  readonly dataset: { readonly id: string; readonly name: string } | null
  /** The version that the latest completed version was computed from; null where there is none. */
  readonly version: number | null
}

export type LineageQueries = ReturnType<typeof createLineage>

/** Reads where datasets come from and go to. */
export function createLineage({ db, queries }: { db: Database; queries: DatasetQueries }) {
  async function readable(
    actor: Actor,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, { id: string; name: string }>> {
    if (ids.length === 0) return new Map()
    const rows = await db
      .select({ id: datasets.id, name: datasets.name })
      .from(datasets)
      .where(and(inArray(datasets.id, [...ids]), visibleTo(actor), isNull(datasets.deletedAt)))
    return new Map(rows.map((row) => [row.id, row]))
  }

  async function versionsRead(datasetId: string): Promise<ReadonlyMap<string, number>> {
    const latest = db
      .select({ id: datasetVersions.id })
      .from(datasetVersions)
      .where(and(eq(datasetVersions.datasetId, datasetId), eq(datasetVersions.status, 'completed')))
      .orderBy(desc(datasetVersions.number))
      .limit(1)
    const rows = await db.select().from(datasetLineage).where(inArray(datasetLineage.versionId, latest))
    return new Map(rows.map(({ name, inputVersion }) => [name, inputVersion]))
  }

  return {
    /** Returns the lineage of a dataset. Throws NotFound where the actor may not see it. */
    async of(actor: Actor, id: string): Promise<Lineage> {
      await queries.show(actor, id)
      const [row] = await db.select({ inputs: datasets.inputs }).from(datasets).where(eq(datasets.id, id))
      const inputs = row?.inputs ?? null
      const known = await readable(actor, inputs?.map(({ datasetId }) => datasetId) ?? [])
      const versions = inputs === null ? new Map<string, number>() : await versionsRead(id)
      const using = sql`${datasets.inputs} @> ${JSON.stringify([{ datasetId: id }])}::jsonb`
      const users = await db
        .select({ id: datasets.id, name: datasets.name, isVisible: visibleTo(actor) ?? sql`true` })
        .from(datasets)
        .where(and(using, isNull(datasets.deletedAt)))
        .orderBy(datasets.name)
        .limit(200)
      const uses = users.filter(({ isVisible }) => isVisible === true)
      return {
        inputs:
          inputs?.map(({ name, datasetId }) => ({
            name,
            dataset: known.get(datasetId) ?? null,
            version: versions.get(name) ?? null,
          })) ?? null,
        uses: uses.map(({ id: its, name }) => ({ id: its, name })),
        hiddenUses: users.length - uses.length,
      }
    },
  }
}
