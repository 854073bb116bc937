import { and, desc, eq, isNotNull, sql } from 'drizzle-orm'
import type { Actor } from '../access/actor.ts'
import type { Deployment } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import { Refusal } from '../access/refusals.ts'
import { sizeText } from '../byte-size.ts'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { users } from '../db/schema/organizations.ts'
import { organizationStorage } from '../db/schema/storage.ts'

/** What an organization keeps, in bytes, and may keep; `limit` is null where nothing limits it. */
export type Usage = { readonly bytes: number; readonly versions: number; readonly limit: number | null }

/** The same with what an administrator sees of it. */
export type StorageReport = Usage & {
  /** Whether the limit was set here; otherwise it is `standard`. */
  readonly isOwnLimit: boolean
  /** What SNAPSHOT_QUOTA says; null where it says nothing. */
  readonly standard: number | null
  /** Whether a limit of one's own may be larger than `standard`. */
  readonly mayExceedStandard: boolean
  /** The ten that take the most. Those that were deleted count until they are deleted for good. */
  readonly largest: readonly LargeDataset[]
  /** Versions of before snapshots were sealed. */
  readonly unsealed: number
}

export type LargeDataset = {
  readonly name: string
  readonly ownerName: string
  readonly isDeleted: boolean
  readonly versions: number
  readonly bytes: number
}

export type LimitOutcome = { readonly ok: true } | { readonly ok: false; readonly error: string }

/** The organization's snapshots take as much as they may, so nothing was begun. */
export class StorageFull extends Refusal {
  constructor(usage: Usage) {
    const most = usage.limit === null ? 'they may take' : `the ${sizeText(usage.limit)} that they may take`
    super(
      `The snapshots of your organization take ${sizeText(usage.bytes)} of ${most}, so no new one was begun. Delete datasets for good that nobody needs, or ask an administrator to raise the limit under Storage.`,
    )
  }
}

export type Storage = ReturnType<typeof createStorage>

/** What the snapshots of each organization take and may take. `standard` is the limit of those that have none of their own. */
export function createStorage(deps: { db: Database; guard: Guard; standard: number | null; deployment: Deployment }) {
  const { db, guard, standard } = deps
  const mayExceedStandard = standard === null || deps.deployment === 'self-managed'

  async function usage(reader: Reader, organizationId: string): Promise<Usage & { readonly isOwnLimit: boolean }> {
    const its = eq(organizationStorage.organizationId, organizationId)
    const [row] = await reader.select().from(organizationStorage).where(its)
    const { bytes = 0, versions = 0, limitBytes = null } = row ?? {}
    return { bytes, versions, limit: limitBytes ?? standard, isOwnLimit: limitBytes !== null }
  }

  return {
    /** Returns how many bytes a new version may take; infinite where nothing limits it. Throws `StorageFull` for none. */
    async room(organizationId: string, reader: Reader = db): Promise<number> {
      const used = await usage(reader, organizationId)
      if (used.limit === null) return Number.POSITIVE_INFINITY
      if (used.bytes >= used.limit) throw new StorageFull(used)
      return used.limit - used.bytes
    },

    /** Reports whether a version of `bytes` has room. Until `tx` ends no other version of the organization is completed. */
    async reserve(tx: Transaction, organizationId: string, bytes: number): Promise<boolean> {
      await tx.insert(organizationStorage).values({ organizationId }).onConflictDoNothing()
      const its = eq(organizationStorage.organizationId, organizationId)
      await tx.select({ id: organizationStorage.organizationId }).from(organizationStorage).where(its).for('update')
      const used = await usage(tx, organizationId)
      return used.limit === null || used.bytes + bytes <= used.limit
    },

    /** Returns what an organization's snapshots take, and which datasets take the most. Administrators. */
    async show(actor: Actor, organizationId: string): Promise<StorageReport> {
      await guard.read(actor, 'storage.read', organization(organizationId))
      const [used, largest, unsealed] = [
        await usage(db, organizationId),
        await largestOf(db, organizationId),
        await countUnsealed(db, organizationId),
      ]
      return { ...used, standard, mayExceedStandard, largest, unsealed }
    },

    /** Sets how much an organization's snapshots may take; null takes that back. What is there already stays. */
    setLimit(actor: Actor, organizationId: string, limitBytes: number | null): Promise<LimitOutcome> {
      return guard.change<LimitOutcome, ReturnType<typeof organization>>(
        actor,
        'storage.set-limit',
        async () => organization(organizationId),
        async ({ tx, note, abandon }) => {
          if (!mayExceedStandard && limitBytes !== null && limitBytes > (standard ?? 0)) {
            const error = `The limit may be ${sizeText(standard ?? 0)} at most here. Enter that or less.`
            return abandon({ ok: false, error } as const)
          }
          note({ limitBytes })
          const set = { limitBytes, limitChangedAt: sql`now()` }
          await tx
            .insert(organizationStorage)
            .values({ organizationId, ...set })
            .onConflictDoUpdate({ target: organizationStorage.organizationId, set })
          return { ok: true }
        },
      )
    },
  }
}

const stored = and(eq(datasetVersions.status, 'completed'), isNotNull(datasetVersions.file))

async function largestOf(db: Database, organizationId: string): Promise<readonly LargeDataset[]> {
  const total = sql<number>`sum(${datasetVersions.bytes})::float8`
  return db
    .select({
      name: datasets.name,
      ownerName: users.name,
      isDeleted: sql<boolean>`${datasets.deletedAt} is not null`,
      versions: sql<number>`count(*)::int`,
      bytes: total,
    })
    .from(datasetVersions)
    .innerJoin(datasets, eq(datasets.id, datasetVersions.datasetId))
    .innerJoin(users, eq(users.id, datasets.ownerId))
    .where(and(eq(datasetVersions.organizationId, organizationId), stored))
    .groupBy(datasets.id, users.name)
    .orderBy(desc(total), datasets.id)
    .limit(10)
}

async function countUnsealed(db: Database, organizationId: string): Promise<number> {
  const plain = sql`${datasetVersions.file} like '%.parquet'`
  const its = and(eq(datasetVersions.organizationId, organizationId), stored, plain)
  const [row] = await db.select({ count: sql<number>`count(*)::int` }).from(datasetVersions).where(its)
  return row?.count ?? 0
}

function organization(id: string) {
  return { type: 'organization', id, organizationId: id, ownerId: null } as const
}
