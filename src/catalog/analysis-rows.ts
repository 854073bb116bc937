import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { analyses } from '../db/schema/analyses.ts'

/** How far a run has come, as its process knows it. */
export type AnalysisBeat = { readonly id: string; readonly percent: number }

/** What a run came to. `message` is a sentence or two for people. */
export type AnalysisEnd =
  | { readonly status: 'completed'; readonly result: Buffer }
  | { readonly status: 'failed' | 'cancelled'; readonly message: string }

export type AnalysisRows = ReturnType<typeof createAnalysisRows>

const open = inArray(analyses.status, ['queued', 'running'])

/** The life of an analysis in the database: queued → running → completed, failed or cancelled, as that of a version is. */
export function createAnalysisRows(db: Database) {
  return {
    /** Marks one as running; false where it is no longer to be made. */
    async start(id: string): Promise<boolean> {
      const its = and(eq(analyses.id, id), eq(analyses.status, 'queued'), sql`cancel_requested_at is null`)
      const set = { status: 'running', heartbeatAt: sql`now()` } as const
      return (await db.update(analyses).set(set).where(its).returning({ id: analyses.id })).length > 0
    },

    /** Writes progress and heartbeat of every run of a process; resolves with those that are to go on. */
    async beat(beats: readonly AnalysisBeat[]): Promise<ReadonlySet<string>> {
      const { rows } = await db.execute<{ id: string }>(sql`
        update analyses a set heartbeat_at = now(), percent = beat.percent
        from json_to_recordset(${JSON.stringify(beats)}::text::json) as beat(id uuid, percent integer)
        where a.id = beat.id and a.status in ('queued', 'running') and a.cancel_requested_at is null
          and exists (select from datasets d where d.id = a.dataset_id and d.deleted_at is null)
        returning a.id`)
      return new Set(rows.map(({ id }) => id))
    },

    /** Ends one. Does nothing to what has ended. */
    async end(id: string, end: AnalysisEnd): Promise<void> {
      await db
        .update(analyses)
        .set({ ...end, finishedAt: sql`now()` })
        .where(and(eq(analyses.id, id), open))
    },

    /**
     * Ends those whose process has not been heard of for 30 seconds, and removes what nobody may look at any more: of
     * versions that are gone, and comparisons of more than 30 days ago.
     */
    async tidy(): Promise<void> {
      await db
        .update(analyses)
        .set({ status: 'failed', message: abandonedMessage, finishedAt: sql`now()` })
        .where(and(open, sql`heartbeat_at < now() - interval '30 seconds'`))
      await db.execute(sql`
        delete from analyses a using dataset_versions v where v.id = a.version_id and (v.status <> 'completed'
          or (a.kind = 'comparison' and a.created_at < now() - interval '30 days' and a.finished_at is not null))`)
    },
  }
}

const abandonedMessage = 'Keyward stopped while this was being computed. Compute it again.'
