import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import { visibleTo as datasetsVisibleTo } from '../catalog/queries.ts'
import { type Address, addressOf, visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import { driver } from '../connector/registry.ts'
import type { CredentialQueries } from '../credentials/queries.ts'
import type { SharedAccounts } from '../credentials/shared-accounts.ts'
import type { Database, Reader } from '../db/client.ts'
import { type DatasetColumn, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { connectionSearch, datasetSearch } from '../db/schema/search.ts'
import { foldForSearch } from '../names.ts'
import { matching, mostMatches, type Place, type Term } from './matching.ts'

/** A dataset that was found; `connectionName` is null where the actor may not know of its connection. */
export type DatasetHit = { readonly id: string; readonly name: string; readonly connectionName: string | null }
/** A dataset with columns that were found, at most five of them. */
export type ColumnHit = DatasetHit & { readonly columns: readonly DatasetColumn[]; readonly moreColumns: number }
export type ConnectionHit = {
  readonly id: string
  readonly name: string
  readonly driverLabel: string
  readonly address: Address
}
export type CredentialHit = {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly username: string | null
}
/** A credential of somebody else that the actor may use: it has no page, and its username is its owner's. */
export type SharedHit = { readonly id: string; readonly name: string; readonly ownerName: string }

/** At most ten of a kind. `total` is how many there are; where `more` is true there are more than that. */
export type Hits<T> = { readonly rows: readonly T[]; readonly total: number; readonly more: boolean }

export type Findings = {
  readonly datasets: Hits<DatasetHit>
  readonly columns: Hits<ColumnHit>
  readonly connections: Hits<ConnectionHit>
  readonly credentials: Hits<CredentialHit>
  readonly shared: Hits<SharedHit>
}

export type SearchOutcome =
  | { readonly kind: 'found'; readonly findings: Findings }
  | { readonly kind: 'nothing asked' | 'too short' | 'too long' }

/** The longest text that is looked for, in characters: as long as what is found may be, but for descriptions. */
export const longestText = 400

const shortestText = 2
const shown = 10
const shownColumns = 5

export type Search = ReturnType<typeof createSearch>

/** Finds what the actor may see by any part of its name. */
export function createSearch(deps: {
  db: Database
  deployment: Deployment
  credentialQueries: Pick<CredentialQueries, 'list'>
  shared: Pick<SharedAccounts, 'find'>
}) {
  const { db, deployment, credentialQueries, shared } = deps

  async function findDatasets(reader: Reader, actor: UserActor, term: Term): Promise<Hits<DatasetHit>> {
    const place = datasetPlace(actor, sql`text_key`)
    const rows = await run<DatasetHit>(
      reader,
      sql`${counted(term, place)}
      select found.total, datasets.id, datasets.name, connections.name as "connectionName"
      from found join datasets on datasets.id = found.id ${itsConnection(actor)}
      order by found.rank, datasets.name, datasets.id limit ${shown}`,
    )
    return hitsOf(rows)
  }

  async function findColumns(reader: Reader, actor: UserActor, term: Term): Promise<Hits<ColumnHit>> {
    const place = datasetPlace(actor, sql`columns_key`)
    const rows = await run<DatasetHit & { columns: readonly DatasetColumn[] }>(
      reader,
      sql`${counted(term, place)}
      select found.total, datasets.id, datasets.name, connections.name as "connectionName", latest.columns
      from found join datasets on datasets.id = found.id ${itsConnection(actor)}
      cross join lateral (
        select columns from ${datasetVersions} where dataset_id = found.id and status = 'completed'
        order by number desc limit 1) latest
      order by found.rank, datasets.name, datasets.id limit ${shown}`,
    )
    const { rows: hits, ...counts } = hitsOf(rows)
    return { ...counts, rows: hits.map((hit) => ({ ...hit, ...matchingColumns(hit.columns, term.text) })) }
  }

  async function findConnections(reader: Reader, actor: UserActor, term: Term): Promise<Hits<ConnectionHit>> {
    const place: Place = {
      documents: sql`${connectionSearch}`,
      id: sql`connection_id`,
      key: sql`text_key`,
      things: sql`${connections}`,
      shown: connectionsVisibleTo(actor),
    }
    type Row = Pick<typeof connections.$inferSelect, 'id' | 'name' | 'driver' | 'parameters'>
    const rows = await run<Row>(
      reader,
      sql`${counted(term, place)}
      select found.total, connections.id, connections.name, connections.driver, connections.parameters
      from found join connections on connections.id = found.id
      order by found.rank, connections.name_key, connections.id limit ${shown}`,
    )
    const { rows: hits, ...counts } = hitsOf(rows)
    return { ...counts, rows: hits.map(describe) }
  }

  /** The list of credentials finds account names and usernames; without the feature there are none. */
  async function findCredentials(actor: UserActor, text: string): Promise<Pick<Findings, 'credentials' | 'shared'>> {
    const feature = 'stored_credentials'
    const has = actor.storedCredentials ?? (await featureEnabled(db, deployment, actor, feature))
    if (!has) return { credentials: none, shared: none }
    const page = await credentialQueries.list(actor, { text })
    const credentials = page.rows.slice(0, shown).map(({ id, name, type, username }) => ({ id, name, type, username }))
    const others = await shared.find(actor, text, mostMatches + 1)
    return {
      credentials: { rows: credentials, total: page.rows.length, more: page.next !== null },
      shared: { rows: others.slice(0, shown), ...countsOf(others.length) },
    }
  }

  /** In one transaction, for its setting: the planner thinks the index worth asking only where few rows match. */
  function findThings(actor: UserActor, term: Term): Promise<Pick<Findings, 'datasets' | 'columns' | 'connections'>> {
    return db.transaction(async (tx) => {
      await tx.execute(sql`set local enable_seqscan = off`)
      return {
        datasets: await findDatasets(tx, actor, term),
        columns: await findColumns(tx, actor, term),
        connections: await findConnections(tx, actor, term),
      }
    })
  }

  return {
    /** Returns what is found by a text, of each kind the best ten: the whole name first, then its beginning, then a part. */
    async find(actor: UserActor, typed: string): Promise<SearchOutcome> {
      const text = foldForSearch(typed.replace(/\p{Cc}/gu, ' '))
      if (text === '') return { kind: 'nothing asked' }
      if ([...typed].length > longestText) return { kind: 'too long' }
      if ([...text].length < shortestText) return { kind: 'too short' }
      const term = { viewer: actor.id, text }
      const [things, accounts] = await Promise.all([findThings(actor, term), findCredentials(actor, text)])
      return { kind: 'found', findings: { ...things, ...accounts } }
    },
  }
}

type Found<T> = T & { readonly total: number }

async function run<T>(reader: Reader, query: SQL): Promise<Found<T>[]> {
  const { rows } = await reader.execute(query)
  return rows as Found<T>[]
}

const none = { rows: [], total: 0, more: false } as const

function datasetPlace(actor: UserActor, key: SQL): Place {
  return {
    documents: sql`${datasetSearch}`,
    id: sql`dataset_id`,
    key,
    things: sql`${datasets}`,
    shown: and(isNull(datasets.deletedAt), datasetsVisibleTo(actor)),
  }
}

/** Each match with how many there are. */
function counted(term: Term, place: Place): SQL {
  return sql`with found as materialized (select id, rank, count(*) over ()::int as total from (${matching(term, place)}) matching)`
}

function itsConnection(actor: UserActor): SQL {
  const its = and(eq(connections.id, datasets.connectionId), connectionsVisibleTo(actor))
  return sql`left join ${connections} on ${its}`
}

function hitsOf<T extends { readonly total: number }>(rows: readonly T[]): Hits<T> {
  return { rows, ...countsOf(rows[0]?.total ?? 0) }
}

function countsOf(found: number): Omit<Hits<never>, 'rows'> {
  return { total: Math.min(found, mostMatches), more: found > mostMatches }
}

function matchingColumns(columns: readonly DatasetColumn[], text: string) {
  const found = columns.filter(({ name }) => foldForSearch(name).includes(text))
  return { columns: found.slice(0, shownColumns), moreColumns: Math.max(found.length - shownColumns, 0) }
}

function describe(row: Pick<typeof connections.$inferSelect, 'id' | 'name' | 'driver' | 'parameters'>): ConnectionHit {
  const { id, name } = row
  return { id, name, driverLabel: driver(row.driver)?.label ?? row.driver, address: addressOf(row) }
}
