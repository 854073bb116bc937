import { and, asc, eq, isNull, not, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import type { Datasets } from '../catalog/datasets.ts'
import { type DatasetQueries, visibleTo } from '../catalog/queries.ts'
import { snapshotName } from '../catalog/snapshot-name.ts'
import type { Database } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { schedules } from '../db/schema/schedules.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { ruleOf } from './rows.ts'
import type { Rule } from './rule.ts'
import type { Schedules, Setting } from './schedules.ts'

/** A dataset that holds snapshots of what a dynamic one only shows. */
export type DatasetBeside = {
  readonly id: string
  readonly name: string
  /** Null where nothing refreshes it by itself. */
  readonly schedule: {
    readonly rule: Rule
    readonly timeZone: string
    readonly state: (typeof schedules.$inferSelect)['state']
  } | null
}

export type BesideOutcome =
  /** `isSet` is false where the account could not be used any more: there is a snapshot then, without a schedule. */
  | { readonly ok: true; readonly id: string; readonly isSet: boolean }
  | { readonly ok: false; readonly reason: 'account' | 'no connection' }

export type Besides = ReturnType<typeof createBesides>

/** Keeps snapshots of dynamic datasets by themselves: in a dataset beside each, as the decision on those wants. */
export function createBesides(deps: {
  datasets: Pick<Datasets, 'create'>
  datasetQueries: Pick<DatasetQueries, 'show'>
  use: Pick<ConnectionUse, 'accounts'>
  schedules: Pick<Schedules, 'set'>
}) {
  const { datasetQueries, use } = deps
  return {
    /**
     * Makes a dataset beside a dynamic one, with a first snapshot now and a schedule for the next ones; resolves with its id.
     * Throws NotFound for a dataset that is not dynamic, and `StorageFull` before anything is made.
     */
    async create(actor: UserActor, dynamicId: string, setting: Setting): Promise<BesideOutcome> {
      const dynamic = await datasetQueries.show(actor, dynamicId, 'dataset.set-schedule')
      if (!dynamic.isDynamic) throw new NotFound()
      const { connection, source, rowLimit, name } = dynamic
      if (connection === null) return { ok: false, reason: 'no connection' }
      const { credentialId } = setting
      const accounts = await use.accounts(actor, connection.id)
      const isUsable = accounts.some((one) => one.credentialId === credentialId && !one.destinationChanged)
      if (credentialId === null || !isUsable) return { ok: false, reason: 'account' }
      const [id = ''] = await deps.datasets.create(actor, {
        connectionId: connection.id,
        account: { kind: 'stored', credentialId },
        items: [{ name: snapshotName(name), source }],
        rowLimit,
      })
      const { ok: isSet } = await deps.schedules.set(actor, id, setting, null)
      return { ok: true, id, isSet }
    },
  }
}

/** Returns the datasets with snapshots of what a dynamic one shows, as far as the actor sees them, at most 20. */
export async function datasetsBeside(
  db: Database,
  actor: UserActor,
  dynamicId: string,
): Promise<readonly DatasetBeside[]> {
  const dynamic = sql`(select d.connection_id, d.source - 'sample' as source from datasets d where d.id = ${dynamicId})`
  const same = sql`exists (select from ${dynamic} dynamic where dynamic.connection_id = ${datasets.connectionId}
    and dynamic.source = ${datasets.source} - 'sample')`
  const rows = await db
    .select({ id: datasets.id, name: datasets.name, schedule: schedules })
    .from(datasets)
    .leftJoin(schedules, eq(schedules.datasetId, datasets.id))
    .where(and(visibleTo(actor), isNull(datasets.deletedAt), not(datasets.isDynamic), same))
    .orderBy(asc(datasets.createdAt), asc(datasets.id))
    .limit(20)
  return rows.map(({ schedule, ...its }) => ({
    ...its,
    schedule: schedule === null ? null : { rule: ruleOf(schedule), timeZone: schedule.timeZone, state: schedule.state },
  }))
}
