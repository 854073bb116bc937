import { and, asc, desc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import { NotFound } from '../access/refusals.ts'
import { visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import type { Diagnosis, DiagnosisCode } from '../connector/driver.ts'
import { usableBy } from '../credentials/shared-accounts.ts'
import type { Database, Transaction } from '../db/client.ts'
import { type DatasetColumn, type DatasetSource, type Drift, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { plainSnapshotFile, snapshotFile } from '../storage/snapshot-file.ts'
import type { StoredVersion } from './stored-version.ts'

export type { DatasetColumn } from '../db/schema/catalog.ts'

export type VersionStatus = (typeof datasetVersions.$inferSelect)['status']

/** One pull of a dataset, as pages show it. */
export type VersionDetail = {
  readonly id: string
  readonly number: number
  readonly status: VersionStatus
  /** True from the moment somebody pressed Cancel until the run has ended. */
  readonly cancelling: boolean
  readonly accountName: string
  readonly createdByName: string
  readonly rows: number
  /** Read from the source so far; of the stored file once completed. */
  readonly bytes: number
  readonly columns: readonly DatasetColumn[]
  /** How its columns differ from those of the version before it; null where they do not. */
  readonly drift: Drift | null
  readonly code: DiagnosisCode | null
  /** Why it failed and the next step, in sentences. */
  readonly message: string | null
  readonly diagnosis: Diagnosis | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** One row of the catalog. The version is the latest. */
export type DatasetRow = {
  readonly id: string
  readonly name: string
  readonly connectionName: string | null
  /** Whether the connection is still there, but not for the actor. */
  readonly connectionWithdrawn: boolean
  readonly source: DatasetSource
  /** Whether it is made from other datasets, and has no connection. */
  readonly isCombined: boolean
  readonly createdAt: Date
  readonly version: Pick<VersionDetail, 'number' | 'status' | 'rows' | 'bytes' | 'finishedAt'>
}

export type DatasetDetail = {
  readonly id: string
  readonly name: string
  /** Null once the connection was deleted or is not shared any more: the versions stay, no new one can be made. */
  readonly connection: { readonly id: string; readonly name: string } | null
  /** Whether the connection is still there, but not for the actor. */
  readonly connectionWithdrawn: boolean
  /** The stored account that was chosen last; null where it was typed and forgotten, or is gone. */
  readonly account: { readonly id: string; readonly name: string } | null
  readonly ownerName: string
  readonly source: DatasetSource
  /** Whether it is made from other datasets, and has no connection. */
  readonly isCombined: boolean
  readonly rowLimit: number | null
  readonly createdAt: Date
  /** The newest first, at most 100. There is always one. */
  readonly versions: readonly VersionDetail[]
}

/** A dataset as a resource to decide on, with its row. */
export type DatasetResource = Resource & { readonly row: typeof datasets.$inferSelect }

const pageSize = 50

export type DatasetQueries = ReturnType<typeof createDatasetQueries>

/** Reads about datasets, limited to what the actor may see. */
export function createDatasetQueries(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

  async function row(actor: Actor, id: string) {
    const [found] = await db
      .select({
        dataset: datasets,
        ownerName: users.name,
        connectionName: connections.name,
        accountName: credentials.name,
      })
      .from(datasets)
      .innerJoin(users, eq(users.id, datasets.ownerId))
      .leftJoin(connections, itsConnection(actor))
      .leftJoin(credentials, itsAccount(actor))
      .where(and(eq(datasets.id, id), isNull(datasets.deletedAt)))
    await guard.read(actor, 'dataset.read', found && resourceOf(found.dataset))
    return found as NonNullable<typeof found>
  }

  return {
    /** Returns a page of 50, the newest first; `next` continues after its last row. */
    async list(
      actor: Actor,
      listing: { readonly after?: string; readonly connectionId?: string } = {},
    ): Promise<{ readonly rows: readonly DatasetRow[]; readonly next: string | null }> {
      const { after, connectionId } = listing
      const found = await db
        .select({ dataset: datasets, connectionName: connections.name, version: datasetVersions })
        .from(datasets)
        .innerJoin(datasetVersions, and(eq(datasetVersions.datasetId, datasets.id), isLatest))
        .leftJoin(connections, itsConnection(actor))
        .where(
          and(
            visibleTo(actor),
            isNull(datasets.deletedAt),
            connectionId === undefined ? undefined : eq(datasets.connectionId, connectionId),
            olderThan(after),
          ),
        )
        .orderBy(desc(datasets.createdAt), desc(datasets.id))
        .limit(pageSize + 1)
      const rows = found.slice(0, pageSize).map(({ dataset, connectionName, version }) => {
        const { id, name, source, createdAt } = dataset
        const connectionWithdrawn = dataset.connectionId !== null && connectionName === null
        const isCombined = dataset.inputs !== null
        return { id, name, source, isCombined, createdAt, connectionName, connectionWithdrawn, version }
      })
      return { rows, next: found.length > pageSize ? (rows.at(-1)?.id ?? null) : null }
    },

    /** Returns one dataset with its versions. Throws NotFound where the actor may not see it. */
    async show(actor: Actor, id: string): Promise<DatasetDetail> {
      const { dataset, ownerName, connectionName, accountName } = await row(actor, id)
      const { connectionId, credentialId, name, source, rowLimit, createdAt } = dataset
      return {
        id,
        name,
        connection:
          connectionId === null || connectionName === null ? null : { id: connectionId, name: connectionName },
        connectionWithdrawn: connectionId !== null && connectionName === null,
        account: credentialId === null || accountName === null ? null : { id: credentialId, name: accountName },
        ownerName,
        source,
        isCombined: dataset.inputs !== null,
        rowLimit,
        createdAt,
        versions: await versionsOf(db, id),
      }
    },

    /** Returns one version of a dataset. Throws NotFound where there is none that the actor may see. */
    async version(actor: Actor, id: string, number: number): Promise<VersionDetail & { readonly datasetName: string }> {
      const { dataset } = await row(actor, id)
      const [version] = await versionsOf(db, id, number)
      if (version === undefined) throw new NotFound()
      return { ...version, datasetName: dataset.name }
    },

    /**
     * Returns what opens a completed version in the snapshot store. Throws NotFound for any other, and where the row names
     * a file that is not this version's.
     */
    async stored(actor: Actor, id: string, number: number): Promise<StoredVersion> {
      const { dataset } = await row(actor, id)
      const its = and(eq(datasetVersions.datasetId, id), eq(datasetVersions.number, number))
      const [found] = await db.select().from(datasetVersions).where(its)
      if (found?.status !== 'completed') throw new NotFound()
      const { organizationId } = dataset
      const { id: versionId, file } = found
      const ours = [snapshotFile(organizationId, versionId), plainSnapshotFile(organizationId, versionId)]
      if (file === null || !ours.includes(file)) throw new NotFound()
      return { organizationId, datasetId: id, versionId, file }
    },
  }
}

/** The datasets an actor may know of: the SQL of `dataset.read`. */
export function visibleTo(actor: Actor): SQL | undefined {
  if (actor.kind === 'system') return undefined
  return and(eq(datasets.organizationId, actor.organizationId), eq(datasets.ownerId, actor.id))
}

/** The connection of a dataset, where the actor may still know of it. */
function itsConnection(actor: Actor): SQL | undefined {
  return and(eq(connections.id, datasets.connectionId), connectionsVisibleTo(actor))
}

/** The account of a dataset, where the actor may still use it: what its owner calls it later is theirs. */
function itsAccount(actor: Actor): SQL | undefined {
  return and(eq(credentials.id, datasets.credentialId), usableBy(actor))
}

/** Finds a dataset to decide on; `update` locks its row until the transaction ends. A deleted one is not found. */
export async function findDataset(
  tx: Transaction,
  id: string,
  lock: 'update' | 'share',
): Promise<DatasetResource | undefined> {
  const its = and(eq(datasets.id, id), isNull(datasets.deletedAt))
  const [row] = await tx.select().from(datasets).where(its).for(lock)
  return row && { ...resourceOf(row), row }
}

function resourceOf(row: typeof datasets.$inferSelect): Resource {
  return { type: 'dataset', id: row.id, organizationId: row.organizationId, ownerId: row.ownerId }
}

const isLatest = sql`${datasetVersions.number} = (select max(number) from dataset_versions v where v.dataset_id = ${datasets.id})`

/** Ids stand for their row's place, so that a page boundary keeps the database's microseconds. */
function olderThan(after: string | undefined): SQL | undefined {
  if (after === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(after)) return undefined
  return sql`(${datasets.createdAt}, ${datasets.id}) < (select created_at, id from datasets d where d.id = ${after}::uuid)`
}

async function versionsOf(db: Database, datasetId: string, number?: number): Promise<VersionDetail[]> {
  const its = eq(datasetVersions.datasetId, datasetId)
  const rows = await db
    .select({ version: datasetVersions, createdByName: users.name })
    .from(datasetVersions)
    .leftJoin(users, eq(users.id, datasetVersions.createdBy))
    .where(number === undefined ? its : and(its, eq(datasetVersions.number, number)))
    .orderBy(desc(datasetVersions.number), asc(datasetVersions.id))
    .limit(100)
  return rows.map(({ version, createdByName }) => ({
    id: version.id,
    number: version.number,
    status: version.status,
    cancelling: isOpen(version.status) && version.cancelRequestedAt !== null,
    accountName: version.accountName,
    createdByName: createdByName ?? '',
    rows: version.rows,
    bytes: version.bytes,
    columns: version.columns ?? [],
    drift: version.drift,
    code: version.code as DiagnosisCode | null,
    message: version.message,
    diagnosis: version.diagnosis as Diagnosis | null,
    createdAt: version.createdAt,
    startedAt: version.startedAt,
    finishedAt: version.finishedAt,
  }))
}

/** Reports whether a version is still being made. */
export function isOpen(status: VersionStatus): boolean {
  return status === 'queued' || status === 'running'
}
