import { and, asc, desc, eq, ilike, isNotNull, isNull, like, not, or, type SQL, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { likeEscaped } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { type DatasetSource, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { datasetTags } from '../db/schema/dataset-tags.ts'
import { datasetSearch } from '../db/schema/search.ts'
import { foldForSearch, nameKey } from '../names.ts'
import { itsConnection, sharedWith, type VersionDetail, type VersionStatus, visibleTo } from './queries.ts'

/** Which datasets a list is about. */
export const shownDatasets = ['mine', 'shared', 'dynamic'] as const
export type ShownDatasets = (typeof shownDatasets)[number]
export type DatasetOrder = 'newest' | 'name'

/** What someone looks for in the catalog; everything absent finds all. `after` is the id of the row before the page. */
export type DatasetSearch = {
  readonly text?: string
  readonly tag?: string
  readonly show?: ShownDatasets
  readonly order?: DatasetOrder
  readonly after?: string
  readonly connectionId?: string
}

/** One row of the catalog. The version is the latest; null of a dynamic dataset, which has none. */
export type DatasetRow = {
  readonly id: string
  readonly name: string
  readonly connectionName: string | null
  /** Whether the connection is still there, but not for the actor. */
  readonly connectionWithdrawn: boolean
  readonly source: DatasetSource
  readonly isDynamic: boolean
  /** Whether it is made from other datasets, and has no connection. */
  readonly isCombined: boolean
  /** Whether somebody else shares it with the actor. */
  readonly isShared: boolean
  readonly tags: readonly string[]
  readonly createdAt: Date
  readonly version: Pick<VersionDetail, 'number' | 'status' | 'rows' | 'bytes' | 'finishedAt'> | null
}

/** One row of the deleted datasets. */
export type DeletedRow = { readonly id: string; readonly name: string; readonly deletedAt: Date; readonly until: Date }

/** For how many days a deleted dataset keeps everything. */
export const deletedDays = 30

const pageSize = 50
const mostTags = 200

export type DatasetListing = ReturnType<typeof createDatasetListing>

/** Lists of datasets that the actor may see. */
export function createDatasetListing(deps: { db: Database }) {
  const { db } = deps
  return {
    /** Returns a page of 50, the newest first unless told otherwise; `next` continues after its last row. */
    async list(
      actor: UserActor,
      search: DatasetSearch = {},
    ): Promise<{ readonly rows: readonly DatasetRow[]; readonly next: string | null }> {
      const found = await db
        .select({ dataset: datasets, connectionName: connections.name, version: latest, tags: tagsAsJson })
        .from(datasets)
        .leftJoin(datasetVersions, and(eq(datasetVersions.datasetId, datasets.id), isLatest))
        .leftJoin(connections, itsConnection(actor))
        .where(and(visibleTo(actor), isNull(datasets.deletedAt), matches(actor, search), follows(search)))
        .orderBy(
          ...(search.order === 'name'
            ? [asc(folded), asc(datasets.id)]
            : [desc(datasets.createdAt), desc(datasets.id)]),
        )
        .limit(pageSize + 1)
      const rows = found.slice(0, pageSize).map(({ dataset, connectionName, version, tags }) => {
        const { id, name, source, isDynamic, createdAt, ownerId, connectionId } = dataset
        const connectionWithdrawn = connectionId !== null && connectionName === null
        const its = { id, name, source, isDynamic, isCombined: dataset.inputs !== null, isShared: ownerId !== actor.id }
        return { ...its, tags, createdAt, connectionName, connectionWithdrawn, version }
      })
      return { rows, next: found.length > pageSize ? (rows.at(-1)?.id ?? null) : null }
    },

    /** Returns the tags of the datasets that the actor sees, by name, at most 200; `key` is what a search takes. */
    async tags(actor: UserActor): Promise<readonly { readonly key: string; readonly tag: string }[]> {
      const { tagKey, tag } = datasetTags
      return db
        .select({ key: tagKey, tag: sql<string>`min(${tag})` })
        .from(datasetTags)
        .innerJoin(datasets, eq(datasets.id, datasetTags.datasetId))
        .where(and(visibleTo(actor), isNull(datasets.deletedAt)))
        .groupBy(tagKey)
        .orderBy(asc(tagKey))
        .limit(mostTags)
    },

    /** Returns the deleted datasets that the actor may restore, those deleted last first, at most 200. */
    async deleted(actor: UserActor): Promise<readonly DeletedRow[]> {
      const until = sql<Date>`${datasets.deletedAt} + make_interval(days => ${deletedDays})`.mapWith(datasets.createdAt)
      const { id, name } = datasets
      const rows = await db
        .select({ id, name, deletedAt: datasets.deletedAt, until })
        .from(datasets)
        .where(and(ownedBy(actor), isNotNull(datasets.deletedAt), isNull(datasets.erasedAt)))
        .orderBy(desc(datasets.deletedAt), desc(id))
        .limit(200)
      return rows.map((row) => ({ ...row, deletedAt: row.deletedAt as Date }))
    },
  }
}

const { number, rows: rowCount, bytes, finishedAt } = datasetVersions
const status = sql<VersionStatus>`${datasetVersions.status}`
const latest = { number, status, rows: rowCount, bytes, finishedAt }

const isLatest = sql`${number} = (select max(number) from dataset_versions v where v.dataset_id = ${datasets.id} and v.status <> 'deleted')`

const tagsAsJson = sql<
  string[]
>`(select coalesce(json_agg(t.tag order by t.tag_key), '[]') from dataset_tags t where t.dataset_id = ${datasets.id})`

const folded = sql`lower(${datasets.name})`

function matches(actor: UserActor, { text = '', tag = '', show, connectionId }: DatasetSearch): SQL | undefined {
  const tagged = sql`exists (select from ${datasetTags} where ${datasetTags.datasetId} = ${datasets.id} and ${datasetTags.tagKey} = ${nameKey(tag)})`
  return and(
    text.trim() === '' ? undefined : found(text),
    tag === '' ? undefined : tagged,
    show === 'mine' ? eq(datasets.ownerId, actor.id) : undefined,
    show === 'shared' ? not(eq(datasets.ownerId, actor.id)) : undefined,
    show === 'dynamic' ? eq(datasets.isDynamic, true) : undefined,
    connectionId === undefined ? undefined : eq(datasets.connectionId, connectionId),
  )
}

/** Ids stand for their row's place, so that a page boundary keeps the database's microseconds, and its order of letters. */
function follows({ after, order }: DatasetSearch): SQL | undefined {
  if (after === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(after)) return undefined
  if (order === 'name') {
    return sql`(${folded}, ${datasets.id}) > (select lower(d.name), d.id from datasets d where d.id = ${after}::uuid)`
  }
  return sql`(${datasets.createdAt}, ${datasets.id}) < (select created_at, id from datasets d where d.id = ${after}::uuid)`
}

/** Those that the actor is an owner of, whoever made them. */
function ownedBy(actor: UserActor): SQL | undefined {
  const shared = sql`${sharedWith(actor)} and exists (select from dataset_shares s where s.dataset_id = ${datasets.id} and s.user_id = ${actor.id} and s.role = 'owner')`
  return and(eq(datasets.organizationId, actor.organizationId), sql`(${datasets.ownerId} = ${actor.id} or (${shared}))`)
}

/** As the search of everything finds it: by name, description and tags, whatever their case and accents. */
function found(text: string): SQL | undefined {
  const its = and(
    eq(datasetSearch.datasetId, datasets.id),
    like(datasetSearch.textKey, `%${likeEscaped(foldForSearch(text))}%`),
  )
  return or(
    ilike(datasets.name, `%${likeEscaped(text.trim().normalize('NFC'))}%`),
    sql`exists (select from ${datasetSearch} where ${its})`,
  )
}
