import { sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Database } from '../db/client.ts'

/** One credential of a job and what depends on it. */
export type PreflightItem = {
  readonly id: string
  readonly name: string
  readonly connections: number
  readonly datasets: number
  readonly datasetsOfOthers: number
}

/** The names of some things, at most twenty of them, and how many there are. */
export type Named = { readonly names: readonly string[]; readonly count: number }

/** What a job would do, before it is confirmed. Counts for what the actor may not see. */
export type Preflight = {
  /** The first hundred, in the order in which they were chosen. */
  readonly items: readonly PreflightItem[]
  /** Of the credentials chosen, those that are still there and the actor's, and those that are not. */
  readonly present: number
  readonly gone: number
  readonly associations: number
  readonly withoutConnections: number
  readonly withExpiry: number
  readonly datasets: Named
  readonly datasetsOfOthers: number
  /** Of datasets that are refreshed with one of them by themselves. */
  readonly schedules: number
  /** Of data connections that are tried with one of them now and then. */
  readonly healthChecks: number
  readonly shares: number
}

/** What a transfer would meet at the new owner. */
export type TransferPreflight = {
  /** Accounts whose names they have already. */
  readonly taken: Named
  /** Data connections that they may not use. */
  readonly unusable: Named
  readonly associationsLost: number
}

const shownItems = 100
const shownNames = 20

/** Reads what a job would do to what is the actor's now. */
export async function readPreflight(db: Database, actor: UserActor, jobId: string): Promise<Preflight> {
  const [totals] = (
    await db.execute<Omit<Preflight, 'items' | 'datasets'> & { ownDatasets: number; names: string[] }>(sql`
    with ${present(actor, jobId)},
      bonds as (select bond.credential_id from associations bond join present on present.id = bond.credential_id),
      made as (
        select made.name, made.owner_id = ${actor.id} as own
        from datasets made join present on present.id = made.credential_id where made.deleted_at is null)
    select (select count(*) from present)::int as present,
      (select count(*) from bulk_items where job_id = ${jobId})::int - (select count(*) from present)::int as gone,
      (select count(*) from bonds)::int as associations,
      (select count(*) from present where id not in (select credential_id from bonds))::int as "withoutConnections",
      (select count(*) from present where expires_at is not null)::int as "withExpiry",
      (select count(*) from made where own)::int as "ownDatasets",
      (select count(*) from made where not own)::int as "datasetsOfOthers",
      array(select name from made where own order by name limit ${shownNames}) as names,
      (select count(*) from schedules planned join datasets d on d.id = planned.dataset_id and d.deleted_at is null
        where planned.credential_id in (select id from present))::int as schedules,
      (select count(*) from connections where health_minutes is not null
        and health_credential_id in (select id from present))::int as "healthChecks",
      (select count(*) from credential_shares where credential_id in (select id from present))::int as shares`)
  ).rows
  if (totals === undefined) throw new Error('Counts always come.')
  const { ownDatasets, names, ...counts } = totals
  return { ...counts, datasets: { names, count: ownDatasets }, items: await readItems(db, actor, jobId) }
}

async function readItems(db: Database, actor: UserActor, jobId: string): Promise<readonly PreflightItem[]> {
  const { rows } = await db.execute<PreflightItem>(sql`
    with ${present(actor, jobId)}
    select id, name,
      (select count(*) from associations where credential_id = present.id)::int as connections,
      made.own as datasets, made.others as "datasetsOfOthers"
    from (select * from present order by position limit ${shownItems}) present
    cross join lateral (
      select count(*) filter (where owner_id = ${actor.id})::int as own,
        count(*) filter (where owner_id <> ${actor.id})::int as others
      from datasets where credential_id = present.id and deleted_at is null) made
    order by position`)
  return rows
}

/** Reads what giving a job's credentials to `newOwnerId` would meet. */
export async function readTransferPreflight(
  db: Database,
  actor: UserActor,
  jobId: string,
  newOwnerId: string,
): Promise<TransferPreflight> {
  const [row] = (
    await db.execute<{
      takenNames: string[]
      taken: number
      unusableNames: string[]
      unusable: number
      lost: number
    }>(sql`
    with ${present(actor, jobId)},
      taken as (
        select present.name from present
        where exists (select from credentials own where own.owner_id = ${newOwnerId} and own.name_key = present.name_key)),
      lost as (
        select place.id, place.name from present
        join associations bond on bond.credential_id = present.id
        join connections place on place.id = bond.connection_id
        where place.owner_id <> ${newOwnerId} and not exists (
          select from connection_shares share where share.connection_id = place.id and share.user_id = ${newOwnerId})),
      unusable as (select distinct id, name from lost)
    select array(select name from taken order by name limit ${shownNames}) as "takenNames",
      (select count(*) from taken)::int as taken,
      array(select name from unusable order by name limit ${shownNames}) as "unusableNames",
      (select count(*) from unusable)::int as unusable,
      (select count(*) from lost)::int as lost`)
  ).rows
  if (row === undefined) throw new Error('Counts always come.')
  return {
    taken: { names: row.takenNames, count: row.taken },
    unusable: { names: row.unusableNames, count: row.unusable },
    associationsLost: row.lost,
  }
}

/** The credentials of a job that are the actor's now. */
function present(actor: UserActor, jobId: string) {
  return sql`present as materialized (
    select item.position, one.* from bulk_items item join credentials one on one.id = item.credential_id
    where item.job_id = ${jobId} and one.owner_id = ${actor.id} and one.organization_id = ${actor.organizationId})`
}
