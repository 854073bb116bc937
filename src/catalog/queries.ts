import { and, asc, desc, eq, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import type { Action, Resource, ShareRole } from '../access/policy.ts'
import { NotFound } from '../access/refusals.ts'
import { visibleTo as connectionsVisibleTo } from '../connections/queries.ts'
import type { Diagnosis, DiagnosisCode } from '../connector/driver.ts'
import { usableBy } from '../credentials/shared-accounts.ts'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { type DatasetColumn, type DatasetSource, type Drift, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { credentials } from '../db/schema/credentials.ts'
import { datasetShares } from '../db/schema/dataset-shares.ts'
import { datasetTags } from '../db/schema/dataset-tags.ts'
import { users } from '../db/schema/organizations.ts'
import { withoutDetail } from '../sign-ins/lent-account.ts'
import { plainSnapshotFile, snapshotFile } from '../storage/snapshot-file.ts'
import type { StoredVersion } from './stored-version.ts'

export type { DatasetColumn } from '../db/schema/catalog.ts'

export type VersionStatus = Exclude<(typeof datasetVersions.$inferSelect)['status'], 'deleted'>

/** One pull of a dataset, as pages show it. */
export type VersionDetail = {
  readonly id: string
  readonly number: number
  readonly status: VersionStatus
  /** True from the moment somebody pressed Cancel until the run has ended. */
  readonly cancelling: boolean
  /** Null where somebody else made it: which account that was is theirs (docs/decisions/096). */
  readonly accountName: string | null
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

export type DatasetDetail = {
  readonly id: string
  readonly name: string
  readonly description: string
  /** As they were typed, by name. */
  readonly tags: readonly string[]
  /** Nothing is stored of it; it has no versions. */
  readonly isDynamic: boolean
  /** The actor's. */
  readonly role: ShareRole
  readonly revision: number
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
  /** The newest first, at most 100. */
  readonly versions: readonly VersionDetail[]
}

/** What a page of a dataset may be read for: who may not go on to do it is refused when the page opens. */
type ReadAction = Extract<Action, `dataset.${string}`>

/** A dataset as a resource to decide on, with its row. */
export type DatasetResource = Resource & { readonly row: typeof datasets.$inferSelect }

export type DatasetQueries = ReturnType<typeof createDatasetQueries>

/** Reads about datasets, limited to what the actor may see. */
export function createDatasetQueries(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

  async function row(actor: Actor, id: string, action: ReadAction = 'dataset.read') {
    const [found] = await db
      .select({
        dataset: datasets,
        role: roleOf(actor),
        ownerName: users.name,
        connectionName: connections.name,
        accountName: credentials.name,
      })
      .from(datasets)
      .innerJoin(users, eq(users.id, datasets.ownerId))
      .leftJoin(connections, itsConnection(actor))
      .leftJoin(credentials, itsAccount(actor))
      .where(and(eq(datasets.id, id), isNull(datasets.deletedAt)))
    const shares = actor.kind === 'user' && found?.role ? { [actor.id]: found.role } : {}
    await guard.read(actor, action, found && { ...resourceOf(found.dataset), shares })
    const { role, ...rest } = found as NonNullable<typeof found>
    return { ...rest, role: role as ShareRole }
  }

  return {
    /** Returns one dataset with its versions, for `action` with it. Throws NotFound where the actor may not see it, or Forbidden. */
    async show(actor: Actor, id: string, action?: ReadAction): Promise<DatasetDetail> {
      const { dataset, ownerName, connectionName, accountName, role } = await row(actor, id, action)
      const { connectionId, credentialId, name, description, isDynamic, revision, source, rowLimit, createdAt } =
        dataset
      const connection =
        connectionId === null || connectionName === null ? null : { id: connectionId, name: connectionName }
      return {
        ...{ id, name, description, isDynamic, role, revision, source, rowLimit, createdAt, ownerName, connection },
        tags: await tagsOf(db, id),
        connectionWithdrawn: connectionId !== null && connectionName === null,
        account: credentialId === null || accountName === null ? null : { id: credentialId, name: accountName },
        isCombined: dataset.inputs !== null,
        versions: await versionsOf(db, { actor, datasetId: id, seesConnection: connection !== null }),
      }
    },

    /** Returns one version of a dataset. Throws NotFound where there is none that the actor may see. */
    async version(actor: Actor, id: string, number: number): Promise<VersionDetail & { readonly datasetName: string }> {
      const { dataset, connectionName } = await row(actor, id)
      const seen = { actor, datasetId: id, seesConnection: connectionName !== null }
      const [version] = await versionsOf(db, seen, number)
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
  return and(eq(datasets.organizationId, actor.organizationId), or(eq(datasets.ownerId, actor.id), sharedWith(actor)))
}

/** The datasets that others share with the actor, as a condition. */
export function sharedWith(actor: UserActor): SQL {
  return sql`exists (select from ${datasetShares} where ${datasetShares.datasetId} = ${datasets.id} and ${datasetShares.userId} = ${actor.id})`
}

/** The SQL of `roleOn`. */
function roleOf(actor: Actor): SQL<ShareRole | null> {
  if (actor.kind === 'system') return sql`'owner'`
  return sql`case when ${datasets.ownerId} = ${actor.id} then 'owner' else (select role from ${datasetShares} where ${datasetShares.datasetId} = ${datasets.id} and ${datasetShares.userId} = ${actor.id}) end`
}

/** The connection of a dataset, where the actor may still know of it. */
export function itsConnection(actor: Actor): SQL | undefined {
  return and(eq(connections.id, datasets.connectionId), connectionsVisibleTo(actor))
}

/** The account of a dataset, where the actor may still use it: what its owner calls it later is theirs. */
function itsAccount(actor: Actor): SQL | undefined {
  return and(eq(credentials.id, datasets.credentialId), usableBy(actor))
}

/** Finds a dataset with its shares to decide on; `update` locks its row until the transaction ends. A deleted one is not found. */
export async function findDataset(
  tx: Transaction,
  id: string,
  lock: 'update' | 'share',
): Promise<DatasetResource | undefined> {
  const found = await findDatasetOrDeleted(tx, id, lock)
  return found?.row.deletedAt === null ? found : undefined
}

/** The same, of the deleted ones too, but for those that are deleted for good. */
export async function findDatasetOrDeleted(
  tx: Transaction,
  id: string,
  lock: 'update' | 'share',
): Promise<DatasetResource | undefined> {
  const its = and(eq(datasets.id, id), isNull(datasets.erasedAt))
  const [row] = await tx.select().from(datasets).where(its).for(lock)
  return row && { ...resourceOf(row), shares: await sharesOf(tx, id), row }
}

/** Read by itself, once the lock is held: along with the row they would be those of before the wait for it. */
async function sharesOf(tx: Transaction, datasetId: string): Promise<NonNullable<Resource['shares']>> {
  const { userId, role } = datasetShares
  const rows = await tx.select({ userId, role }).from(datasetShares).where(eq(datasetShares.datasetId, datasetId))
  return Object.fromEntries(rows.map((share) => [share.userId, share.role]))
}

/** Returns the tags of a dataset, by name. */
export async function tagsOf(reader: Reader, datasetId: string): Promise<readonly string[]> {
  const { tag, tagKey } = datasetTags
  const rows = await reader
    .select({ tag })
    .from(datasetTags)
    .where(eq(datasetTags.datasetId, datasetId))
    .orderBy(asc(tagKey))
  return rows.map((row) => row.tag)
}

function resourceOf(row: typeof datasets.$inferSelect): Resource {
  return { type: 'dataset', id: row.id, organizationId: row.organizationId, ownerId: row.ownerId }
}

/** Whose eyes versions are for, and whether they see the connection too. */
type Seen = { readonly actor: Actor; readonly datasetId: string; readonly seesConnection: boolean }

async function versionsOf(db: Database, seen: Seen, number?: number): Promise<VersionDetail[]> {
  const its = and(eq(datasetVersions.datasetId, seen.datasetId), ne(datasetVersions.status, 'deleted'))
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
    status: version.status as VersionStatus,
    cancelling: isOpen(version.status) && version.cancelRequestedAt !== null,
    createdByName: createdByName ?? '',
    rows: version.rows,
    bytes: version.bytes,
    columns: version.columns ?? [],
    drift: version.drift,
    createdAt: version.createdAt,
    startedAt: version.startedAt,
    finishedAt: version.finishedAt,
    ...whatItsMakerSaw(version, seen),
  }))
}

/** A dataset is shared without its connection and its account: what tells of them is for those who know them. */
function whatItsMakerSaw(version: typeof datasetVersions.$inferSelect, { actor, seesConnection }: Seen) {
  const isOwn = actor.kind === 'system' || version.createdBy === actor.id
  const accountName = isOwn ? version.accountName : null
  const code = version.code as DiagnosisCode | null
  const said = version.diagnosis as Diagnosis | null
  if (isOwn || seesConnection || version.status !== 'failed') {
    // The words of the server name the account.
    const diagnosis = isOwn || said === null ? said : withoutDetail(said)
    return { accountName, code, message: version.message, diagnosis }
  }
  return { accountName, code: null, message: failedForOthers, diagnosis: null }
}

const failedForOthers = 'The snapshot could not be made. Who asked for it sees why.'

/** Reports whether a version is still being made. */
export function isOpen(status: VersionStatus | 'deleted'): boolean {
  return status === 'queued' || status === 'running'
}
