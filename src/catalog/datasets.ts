import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import { NotFound } from '../access/refusals.ts'
import { findConnection } from '../connections/connections.ts'
import { usernameOf } from '../credentials/credential-type.ts'
import { findCredential } from '../credentials/find-credential.ts'
import { credentialType } from '../credentials/types/registry.ts'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { type DatasetSource, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { associations } from '../db/schema/credentials.ts'
import { indexDataset } from '../search/documents.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { copyAccount, wipeAccount } from './account-copies.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import type { OwnRefresh } from './own-order.ts'
import { type DatasetResource, findDataset, isOpen } from './queries.ts'
import type { SnapshotOrder, Snapshots } from './snapshots.ts'
import type { Storage } from './storage.ts'

/** What is to become one dataset. The name has been parsed. */
export type DatasetItem = { readonly name: string; readonly source: DatasetSource }

export type NewDatasets = {
  readonly connectionId: string
  /** Taken over: its secrets are wiped when the last snapshot has ended. */
  readonly account: Account
  readonly items: readonly DatasetItem[]
  readonly rowLimit: number | null
  /** True where nothing is to be stored of them. */
  readonly isDynamic?: boolean
  /** What the page that shows them all goes by. */
  readonly additionId?: string
}

export type RefreshOutcome =
  | { readonly ok: true; readonly number: number }
  /** `running`: a version is still being made. `no connection`: the connection was deleted. */
  | { readonly ok: false; readonly reason: 'running' | 'no connection' }

export type Datasets = ReturnType<typeof createDatasets>

/** The service that adds datasets to the catalog and makes new versions of them. */
export function createDatasets(deps: {
  guard: Guard
  snapshots: Snapshots
  storage: Pick<Storage, 'room'>
  datasetKeys: DatasetKeys
}) {
  const { guard, snapshots, storage, datasetKeys } = deps
  return {
    /**
     * Adds a dataset for each item and begins their first snapshots, but of dynamic ones; resolves with the ids, in
     * order, without waiting for data. Each is created, recorded and made by itself, so one that is refused takes nothing
     * from the others. Throws `StorageFull` before anything is created.
     */
    async create(
      actor: UserActor,
      { connectionId, account, items, rowLimit, isDynamic = false, additionId = newId() }: NewDatasets,
    ): Promise<readonly string[]> {
      const orders: SnapshotOrder[] = []
      const ids: string[] = []
      try {
        if (!isDynamic) await storage.room(actor.organizationId)
        for (const item of items) {
          const id = newId()
          const find = async () => ownedBy(actor)
          const key = await guard.change<SnapshotKey | null, Resource>(
            actor,
            'dataset.create',
            find,
            async (effect) => {
              const accountName = await mayUse(effect, connectionId, account)
              const { organizationId } = actor
              const credentialId = credentialIdOf(account)
              const its = { connectionId, credentialId, rowLimit, isDynamic, additionId, ...item }
              await effect.tx.insert(datasets).values({ id, organizationId, ownerId: actor.id, ...its })
              await indexDataset(effect.tx, id)
              effect.created(id)
              if (isDynamic) return null
              await datasetKeys.ensure(effect.tx, { organizationId, datasetId: id })
              return insertVersion(effect, actor, { id, number: 1, account, accountName })
            },
          )
          ids.push(id)
          if (key !== null) orders.push(orderFor(actor, key, { connectionId, rowLimit, ...item }, account))
        }
        return ids
      } finally {
        // Also when a later item failed: what was recorded is made.
        snapshots.start(orders)
        wipeAccount(account)
      }
    },

    /**
     * Begins a new version with an account. Takes the account over. `own` is given where Keyward does so by itself; what it
     * writes with the new version is written in one transaction with it. Throws `StorageFull`.
     */
    async refresh(actor: UserActor, id: string, account: Account, own?: OwnRefresh): Promise<RefreshOutcome> {
      try {
        const begun = await guard.change<Begun, DatasetResource>(
          actor,
          'dataset.refresh',
          (tx) => findDataset(tx, id, 'update'),
          async (effect, { row }) => {
            const { connectionId } = row
            if (row.isDynamic) throw new NotFound()
            if (connectionId === null) return effect.abandon({ ok: false, reason: 'no connection' } as const)
            const accountName = await mayUse(effect, connectionId, account)
            const latest = await latestVersion(effect.tx, id)
            if (latest !== undefined && isOpen(latest.status)) {
              return effect.abandon({ ok: false, reason: 'running' } as const)
            }
            await storage.room(row.organizationId, effect.tx)
            await datasetKeys.ensure(effect.tx, { organizationId: row.organizationId, datasetId: id })
            const number = (latest?.number ?? 0) + 1
            // The account that a dataset goes by is its owner's: whoever else refreshes it does that once.
            const its = { credentialId: credentialIdOf(account) }
            if (row.ownerId === actor.id) await effect.tx.update(datasets).set(its).where(eq(datasets.id, id))
            const key = await insertVersion(effect, actor, { id, number, account, accountName })
            if (own !== undefined && !(await own.begin(effect.tx, { id: key.versionId, number }))) {
              return effect.abandon({ ok: false, reason: 'running' } as const)
            }
            const order = orderFor(actor, key, { ...row, connectionId }, account)
            return { ok: true, number, order: own === undefined ? order : { ...order, own: own.order } }
          },
          { id },
        )
        if (!begun.ok) return begun
        snapshots.start([begun.order])
        return { ok: true, number: begun.number }
      } finally {
        wipeAccount(account)
      }
    },

    /**
     * Asks for the end of a version that is being made, in whichever process; nothing of it is kept. Resolves with false
     * where it had ended already.
     */
    async cancel(actor: Actor, id: string, number: number): Promise<boolean> {
      const versionId = await guard.change<string | null, DatasetResource>(
        actor,
        'dataset.cancel',
        (tx) => findDataset(tx, id, 'update'),
        async ({ tx, note, abandon }) => {
          note({ version: number })
          const version = await findVersion(tx, id, number)
          // Asked as it is written: it may be completed at this moment.
          const its = and(eq(datasetVersions.id, version.id), inArray(datasetVersions.status, ['queued', 'running']))
          const asked = await tx
            .update(datasetVersions)
            .set({ cancelRequestedAt: sql`now()`, cancelRequestedBy: actor.id })
            .where(its)
            .returning({ id: datasetVersions.id })
          return asked.length > 0 ? version.id : abandon(null)
        },
        { id },
      )
      if (versionId === null) return false
      snapshots.cancel(versionId)
      return true
    },
  }
}

type Begun =
  | { readonly ok: true; readonly number: number; readonly order: SnapshotOrder }
  | Extract<RefreshOutcome, { ok: false }>

function ownedBy(actor: UserActor): Resource {
  return { type: 'dataset', id: null, organizationId: actor.organizationId, ownerId: actor.id }
}

function credentialIdOf(account: Account): string | null {
  return account.kind === 'stored' ? account.credentialId : null
}

/** Decides on the connection and the account too, and resolves with what pages call the account. */
async function mayUse(effect: Effect, connectionId: string, account: Account): Promise<string> {
  const { tx } = effect
  // The credential is locked first, as wherever both are.
  const found = account.kind === 'stored' ? await findCredential(tx, account.credentialId) : undefined
  await effect.also('connection.use', await findConnection(tx, connectionId, 'share'))
  if (account.kind === 'typed') {
    const type = credentialType(account.type)
    return (type && usernameOf(type, account.fields)) ?? 'typed credentials'
  }
  const { credentialId } = account
  await effect.also('credential.use', found)
  const its = and(eq(associations.credentialId, credentialId), eq(associations.connectionId, connectionId))
  const [bond] = await tx.select().from(associations).where(its)
  if (found === undefined || bond === undefined) throw new NotFound()
  return found.row.name
}

type NewVersion = {
  readonly id: string
  readonly number: number
  readonly account: Account
  readonly accountName: string
}

async function insertVersion(effect: Effect, actor: UserActor, version: NewVersion): Promise<SnapshotKey> {
  const { id: datasetId, number, account, accountName } = version
  const key = { versionId: newId(), runId: newId() }
  await effect.tx.insert(datasetVersions).values({
    id: key.versionId,
    runId: key.runId,
    organizationId: actor.organizationId,
    datasetId,
    number,
    status: 'queued',
    createdBy: actor.id,
    credentialId: credentialIdOf(account),
    accountName,
    heartbeatAt: sql`now()`,
  })
  effect.note({ version: number, run: key.runId })
  return key
}

type SnapshotKey = Pick<SnapshotOrder, 'versionId' | 'runId'>

function orderFor(
  actor: UserActor,
  key: SnapshotKey,
  what: Pick<SnapshotOrder, 'connectionId' | 'source' | 'rowLimit'>,
  account: Account,
): SnapshotOrder {
  const { connectionId, source, rowLimit } = what
  return { actor, ...key, connectionId, source, rowLimit, account: copyAccount(account) }
}

async function latestVersion(tx: Transaction, datasetId: string) {
  const its = eq(datasetVersions.datasetId, datasetId)
  const [row] = await tx.select().from(datasetVersions).where(its).orderBy(desc(datasetVersions.number)).limit(1)
  return row
}

/** Finds a version of a dataset that is not deleted. Throws NotFound. */
export async function findVersion(tx: Transaction, datasetId: string, number: number) {
  const its = and(eq(datasetVersions.datasetId, datasetId), eq(datasetVersions.number, number))
  const [row] = await tx.select().from(datasetVersions).where(its)
  if (row === undefined || row.status === 'deleted') throw new NotFound()
  return row
}
