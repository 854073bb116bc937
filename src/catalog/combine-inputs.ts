import { and, asc, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { datasetLineage } from '../db/schema/analyses.ts'
import { type DatasetColumn, type DatasetInput, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { users } from '../db/schema/organizations.ts'
import { type NamedDatasets, nameDatasets } from './combine-names.ts'
import { type DatasetResource, findDataset, visibleTo } from './queries.ts'
import type { StoredVersion } from './stored-version.ts'

/** A dataset that a query can read: its latest version is what is read. */
export type Combinable = {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly rows: number
  readonly columns: readonly DatasetColumn[]
}

/** A version that a query reads, by the name that it has there. */
export type InputVersion = { readonly name: string; readonly number: number; readonly stored: StoredVersion }

/** Why a query cannot be run: `name` is what it calls the dataset. */
export type MissingInput = { readonly name: string; readonly why: 'gone' | 'no data' }

/** Names of more datasets than these are not told apart. */
const mostDatasets = 5_000

/** Returns every dataset with data that the actor may read, the oldest first, with what queries call it. */
export async function combinables(db: Database, actor: Actor): Promise<NamedDatasets<Combinable>> {
  const rows = await db
    .selectDistinctOn([datasets.createdAt, datasets.id], {
      id: datasets.id,
      name: datasets.name,
      version: datasetVersions.number,
      rows: datasetVersions.rows,
      columns: datasetVersions.columns,
    })
    .from(datasets)
    .innerJoin(
      datasetVersions,
      and(eq(datasetVersions.datasetId, datasets.id), eq(datasetVersions.status, 'completed')),
    )
    .where(and(visibleTo(actor), isNull(datasets.deletedAt)))
    .orderBy(asc(datasets.createdAt), asc(datasets.id), desc(datasetVersions.number))
    .limit(mostDatasets)
  return nameDatasets(rows.map(({ columns, ...row }) => ({ ...row, columns: columns ?? [] })))
}

/**
 * Takes the latest version of each input for one use, each decided and recorded by itself; resolves with what is missing
 * where something is.
 */
export async function takeInputs(
  guard: Guard,
  actor: Actor,
  inputs: readonly DatasetInput[],
  use: { readonly purpose: string; readonly runId: string },
): Promise<readonly InputVersion[] | MissingInput> {
  const taken: InputVersion[] = []
  for (const { name, datasetId } of inputs) {
    try {
      const version = await takeOne(guard, actor, datasetId, use)
      if (version === null) return { name, why: 'no data' }
      taken.push({ name, ...version })
    } catch (error) {
      if (error instanceof NotFound) return { name, why: 'gone' }
      throw error
    }
  }
  return taken
}

/** Returns what a query calls those of its inputs that the actor may not read, or that are deleted; all for who was disabled. */
export async function unreadableInputs(
  reader: Reader,
  actor: UserActor,
  inputs: readonly DatasetInput[],
): Promise<readonly string[]> {
  const ids = inputs.map(({ datasetId }) => datasetId)
  if (ids.length === 0) return []
  const { id, deletedAt } = datasets
  const rows = await reader
    .select({ id })
    .from(datasets)
    .where(and(inArray(id, ids), visibleTo(actor), isNull(deletedAt), isActive(actor)))
  const readable = new Set(rows.map((row) => row.id))
  return inputs.filter(({ datasetId }) => !readable.has(datasetId)).map(({ name }) => name)
}

/** Writes down which versions another one is made from. */
export async function noteLineage(db: Database, versionId: string, inputs: readonly InputVersion[]): Promise<void> {
  if (inputs.length === 0) return
  const rows = inputs.map(({ name, number, stored }) => ({
    versionId,
    name,
    inputId: stored.datasetId,
    inputVersion: number,
  }))
  await db.insert(datasetLineage).values(rows).onConflictDoNothing()
}

function isActive({ id }: UserActor): SQL {
  return sql`exists (select from ${users} where ${users.id} = ${id} and ${users.disabledAt} is null)`
}

function takeOne(guard: Guard, actor: Actor, id: string, use: { readonly purpose: string; readonly runId: string }) {
  return guard.change<Omit<InputVersion, 'name'> | null, DatasetResource>(
    actor,
    'dataset.query',
    (tx) => findDataset(tx, id, 'share'),
    async ({ tx, note, abandon }, { row }) => {
      const version = await latestCompleted(tx, id)
      if (version?.file == null) return abandon(null)
      note({ version: version.number })
      const { organizationId } = row
      return {
        number: version.number,
        stored: { organizationId, datasetId: id, versionId: version.id, file: version.file },
      }
    },
    { id, use },
  )
}

async function latestCompleted(tx: Transaction, id: string) {
  const its = and(eq(datasetVersions.datasetId, id), eq(datasetVersions.status, 'completed'), sql`file is not null`)
  const [row] = await tx.select().from(datasetVersions).where(its).orderBy(desc(datasetVersions.number)).limit(1)
  return row
}
