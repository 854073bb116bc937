import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Diagnosis, DiagnosisCode, Imported } from '../connector/driver.ts'
import type { Database, Transaction } from '../db/client.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { indexDataset } from '../search/documents.ts'
import { snapshotFile } from '../storage/snapshot-file.ts'
import { tellDrift } from './drift.ts'
import type { Storage } from './storage.ts'
import type { StoredVersion } from './stored-version.ts'
import { tellEnded } from './tell-ended.ts'

/** How far a run has come, as its process knows it. */
export type Beat = { readonly versionId: string; readonly rows: number; readonly bytes: number }
/** What a heartbeat learned: the versions that were to go on, and those of them that somebody wants to end. */
export type Pulse = { readonly open: ReadonlySet<string>; readonly cancelled: ReadonlySet<string> }

/** Why a version has no data. `message` is one or two sentences for people, with the next step. */
export type Ended = {
  readonly status: 'failed' | 'cancelled'
  readonly code: DiagnosisCode | null
  readonly message: string
  readonly diagnosis: Diagnosis | null
}

export type VersionRows = ReturnType<typeof createVersionRows>

const open = inArray(datasetVersions.status, ['queued', 'running'])

/** A file that nobody needs any more, and the version whose row names it. */
export type FileToRemove = { readonly versionId: string; readonly file: string }

/** What came of completing a version; see `complete`. */
export type Completion = 'completed' | 'cancelled' | 'full' | 'lost'

/**
 * The life of a version in the database: queued → running → completed, failed or cancelled. Each step happens only from
 * the step before it, so a process that was thought dead cannot overrule what was decided meanwhile; and each may be tried
 * again where its answer was lost. Times are the database's, so clocks of several machines do not matter.
 */
export function createVersionRows(db: Database, storage: Pick<Storage, 'reserve'>) {
  return {
    /**
     * Marks a version of an organization as running and names the file it will have; undefined where it is no longer to
     * be made. Nothing of that name exists before: what no row names may be removed.
     */
    async start(organizationId: string, versionId: string): Promise<StoredVersion | undefined> {
      const file = snapshotFile(organizationId, versionId)
      const its = and(eq(datasetVersions.id, versionId), eq(datasetVersions.organizationId, organizationId))
      // One that runs already was begun by this very run, which did not hear so.
      const startedAt = sql`coalesce(${datasetVersions.startedAt}, now())`
      const [started] = await db
        .update(datasetVersions)
        .set({ status: 'running', file, startedAt, heartbeatAt: sql`now()` })
        .where(and(its, open))
        .returning({ datasetId: datasetVersions.datasetId })
      return started && { organizationId, datasetId: started.datasetId, versionId, file }
    },

    /** Writes progress and heartbeat of every run of a process, and learns which of them are to end. */
    async beat(beats: readonly Beat[]): Promise<Pulse> {
      const values = JSON.stringify(beats)
      const { rows } = await db.execute<{ id: string; ending: boolean }>(sql`
        update dataset_versions v set heartbeat_at = now(), rows = beat.rows, bytes = beat.bytes
        from json_to_recordset(${values}::text::json) as beat("versionId" uuid, rows bigint, bytes bigint)
        where v.id = beat."versionId" and v.status in ('queued', 'running')
        returning v.id, v.cancel_requested_at is not null or exists (
          select from datasets d where d.id = v.dataset_id and d.deleted_at is not null) as ending`)
      return {
        open: new Set(rows.map((row) => row.id)),
        cancelled: new Set(rows.filter((row) => row.ending).map((row) => row.id)),
      }
    },

    /**
     * Completes a running version. Where it is not `completed` its file is to be removed: it was `cancelled`, its
     * organization has no room for it any more (`full`), or somebody ended it meanwhile (`lost`).
     */
    async complete(version: StoredVersion, imported: Imported): Promise<Completion> {
      const { rows, bytes, columns } = imported
      return db.transaction(async (tx) => {
        if (!(await storage.reserve(tx, version.organizationId, bytes))) return whyNot(tx, version.versionId, 'full')
        const running = and(eq(datasetVersions.status, 'running'), isNull(datasetVersions.cancelRequestedAt))
        const completed = await tx
          .update(datasetVersions)
          .set({ status: 'completed', rows, bytes, columns: [...columns], finishedAt: sql`now()` })
          .where(and(eq(datasetVersions.id, version.versionId), running))
          .returning(toTell)
        if (completed.length === 0) return whyNot(tx, version.versionId, 'lost')
        for (const one of completed) await indexDataset(tx, one.datasetId)
        await tellEnded(tx, completed)
        await tellDrift(tx, version.versionId)
        return 'completed'
      })
    },

    /** Ends a version without data. Its file is gone already, or left to the sweep. Does nothing to one that has ended. */
    async end(versionId: string, ended: Ended, isFileGone: boolean): Promise<void> {
      await db.transaction(async (tx) => {
        const rows = await tx
          .update(datasetVersions)
          .set({ ...ended, ...(isFileGone ? { file: null } : {}), finishedAt: sql`now()` })
          .where(and(eq(datasetVersions.id, versionId), open))
          .returning(toTell)
        await tellEnded(tx, rows)
      })
    },

    /** Ends every version whose process has not been heard of for 30 seconds; resolves with how many. */
    endSilent(): Promise<number> {
      return db.transaction(async (tx) => {
        const ended = await tx
          .update(datasetVersions)
          .set({
            status: sql`case when cancel_requested_at is null then 'failed' else 'cancelled' end`,
            message: sql`case when cancel_requested_at is null then ${abandonedMessage} else ${cancelledMessage} end`,
            finishedAt: sql`now()`,
          })
          .where(and(open, sql`coalesce(heartbeat_at, created_at) < now() - interval '30 seconds'`))
          .returning(toTell)
        await tellEnded(tx, ended)
        return ended.length
      })
    },

    /**
     * Returns files that are to be removed: those of ended and deleted versions, and of datasets deleted for good; at most
     * 500, and none of the versions `except`. What ended without data is named for a minute, and again after ten (see
     * `forgetFile`): in between there is nothing to remove that was not removed before.
     */
    async filesToRemove(except: readonly string[] = []): Promise<readonly FileToRemove[]> {
      const isOther = sql`v.id <> all (${sql.param(`{${except.join(',')}}`)}::uuid[])`
      const { rows } = await db.execute<FileToRemove>(sql`
        select v.id as "versionId", v.file from dataset_versions v
        where v.file is not null and v.status in ('failed', 'cancelled', 'deleted') and ${isOther}
          and (v.status = 'deleted' or v.finished_at > now() - interval '1 minute' or v.finished_at < now() - interval '10 minutes')
        union all
        select v.id, v.file from datasets d join dataset_versions v on v.dataset_id = d.id
        where d.erased_at is not null and v.file is not null and v.status = 'completed' and ${isOther}
        limit 500`)
      return rows
    },

    /**
     * Forgets a removed file. That of a version that ended less than ten minutes ago is kept in mind, because a worker
     * that outlived its process might still write it.
     */
    async forgetFile(versionId: string): Promise<void> {
      await db
        .update(datasetVersions)
        .set({ file: null })
        .where(
          and(
            eq(datasetVersions.id, versionId),
            sql`(status in ('completed', 'deleted') or finished_at < now() - interval '10 minutes')`,
          ),
        )
    },
  }
}

/**
 * Says why a version was not completed now. One that is completed already was so by this very run, since nobody else can:
 * the answer to it was lost. That comes before what is full, as it takes up room itself by then.
 */
async function whyNot(tx: Transaction, versionId: string, otherwise: 'full' | 'lost'): Promise<Completion> {
  const { status, cancelRequestedAt } = datasetVersions
  const [row] = await tx.select({ status, cancelRequestedAt }).from(datasetVersions).where(eq(id, versionId))
  if (row?.status === 'completed') return 'completed'
  if (row?.status !== 'running') return 'lost'
  return row.cancelRequestedAt === null ? otherwise : 'cancelled'
}

const { id, organizationId, datasetId, number, status, createdBy, rows, startedAt, finishedAt, cancelRequestedBy } =
  datasetVersions
/** What telling people of an end needs. */
const toTell = {
  id,
  organizationId,
  datasetId,
  number,
  status,
  createdBy,
  rows,
  startedAt,
  finishedAt,
  cancelRequestedBy,
}

export const cancelledMessage = 'This snapshot was cancelled. Nothing of it was kept.'
export const interruptedMessage =
  'Keyward was stopped while this snapshot was being made, so nothing of it was kept. Create it again.'
const abandonedMessage =
  'Keyward stopped unexpectedly while this snapshot was being made, so nothing of it was kept. Create it again.'
