import { createHash } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import type { Analysis, AnalysisOutcome, Difference, NamedFile, Profile } from '../analysis/analysis.ts'
import type { Database } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { analyses } from '../db/schema/analyses.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { AnalysisEnd, AnalysisRows } from './analysis-rows.ts'
import type { AnalysisOrder, AnalysisRuns } from './analysis-runs.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import { type DatasetQueries, type DatasetResource, findDataset, isOpen } from './queries.ts'
import { openResult, sealResult } from './sealed-results.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { StoredVersion } from './stored-version.ts'

/** What can be computed of a dataset's stored versions, by their numbers. */
export type Subject =
  | { readonly kind: 'profile'; readonly version: number }
  | { readonly kind: 'comparison'; readonly version: number; readonly from: number; readonly key: string | null }

/** How far the computing of something is. */
export type AnalysisState<T> =
  | { readonly state: 'none' }
  | {
      readonly state: 'going'
      readonly id: string
      readonly percent: number
      readonly hasBegun: boolean
      readonly cancelling: boolean
    }
  | { readonly state: 'done'; readonly value: T; readonly finishedAt: Date }
  | { readonly state: 'ended'; readonly status: 'failed' | 'cancelled'; readonly message: string }

type Results = { profile: Profile; comparison: Difference }

export type Analyses = ReturnType<typeof createAnalyses>

/** The service that has profiles and comparisons computed, once for each version or two, and shows them. */
export function createAnalyses(deps: {
  db: Database
  guard: Guard
  queries: DatasetQueries
  analysis: Analysis
  store: SnapshotStore
  keys: DatasetKeys
  rows: AnalysisRows
  runs: AnalysisRuns
}) {
  const { db, guard, queries, analysis, store, keys, runs } = deps

  async function resultOf<K extends Subject['kind']>(
    row: typeof analyses.$inferSelect,
  ): Promise<AnalysisState<Results[K]>> {
    const { result, finishedAt } = row
    if (result === null || finishedAt === null) return { state: 'none' }
    try {
      const value = openResult(await keys.ofVersion(sealedAs(row)), result) as Results[K]
      return { state: 'done', value, finishedAt }
    } catch (error) {
      if (error instanceof OpenFailed) return { state: 'ended', status: 'failed', message: unreadable }
      throw error
    }
  }

  async function work(
    actor: UserActor,
    row: Pick<typeof analyses.$inferSelect, 'id' | 'organizationId' | 'datasetId'>,
    subject: Subject,
    background: boolean,
    options: Parameters<AnalysisOrder['work']>[0],
  ): Promise<AnalysisEnd> {
    const named = await storedOf(actor, row.datasetId, subject)
    const opened: (NamedFile & { close(): void })[] = []
    try {
      for (const { name, stored } of named) opened.push({ name, ...(await store.open(stored)) })
      const files = opened.map(({ name, path }) => ({ name, path }))
      const { signal, onPercent } = options
      const run = {
        userId: actor.id,
        signal,
        background,
        onProgress: ({ percent }: { percent: number }) => onPercent(percent),
      }
      const outcome: AnalysisOutcome<unknown> =
        subject.kind === 'profile'
          ? await analysis.run({ kind: 'profile', input: {}, files, target: null }, run)
          : await analysis.run({ kind: 'compare', input: { key: subject.key }, files, target: null }, run)
      if (outcome.ok)
        return { status: 'completed', result: sealResult(await keys.ofVersion(sealedAs(row)), outcome.value) }
      return { status: outcome.reason === 'cancelled' ? 'cancelled' : 'failed', message: outcome.message }
    } finally {
      for (const file of opened) file.close()
    }
  }

  async function storedOf(actor: Actor, datasetId: string, subject: Subject) {
    const stored = await queries.stored(actor, datasetId, subject.version)
    if (subject.kind === 'profile') return [{ name: 'file', stored }]
    const from = await queries.stored(actor, datasetId, subject.from)
    return [
      { name: 'from', stored: from },
      { name: 'to', stored },
    ]
  }

  return {
    /** Returns how far it is, or what came of it. Throws NotFound where the actor may not see the versions. */
    async show<K extends Subject['kind']>(
      actor: Actor,
      datasetId: string,
      subject: Subject & { readonly kind: K },
    ): Promise<AnalysisState<Results[K]>> {
      const stored = await storedOf(actor, datasetId, subject)
      const [row] = await db
        .select()
        .from(analyses)
        .where(eq(analyses.subject, subjectText(stored, subject)))
      if (row === undefined) return { state: 'none' }
      const { id, status, percent, cancelRequestedAt, message } = row
      if (status === 'completed') return resultOf<K>(row)
      if (isOpen(status)) {
        return { state: 'going', id, percent, hasBegun: status === 'running', cancelling: cancelRequestedAt !== null }
      }
      return { state: 'ended', status: status === 'cancelled' ? 'cancelled' : 'failed', message: message ?? '' }
    },

    /**
     * Begins to compute it, unless that is done or going on; what failed or was cancelled is computed anew. Resolves
     * without waiting for it. Work in the `background` leaves room to people.
     */
    async begin(actor: UserActor, datasetId: string, subject: Subject, background = false): Promise<void> {
      const stored = await storedOf(actor, datasetId, subject)
      const id = newId()
      const { organizationId, versionId } = stored.at(-1)?.stored ?? never()
      const row = {
        id,
        organizationId,
        datasetId,
        versionId,
        kind: subject.kind,
        subject: subjectText(stored, subject),
      }
      const isNew = await guard.change<boolean, DatasetResource>(
        actor,
        'dataset.analyse',
        (tx) => findDataset(tx, datasetId, 'share'),
        async ({ tx, note, abandon }) => {
          note({
            kind: subject.kind,
            version: subject.version,
            ...(subject.kind === 'comparison' ? { from: subject.from } : {}),
          })
          await keys.ensure(tx, { organizationId, datasetId })
          await tx
            .delete(analyses)
            .where(and(eq(analyses.subject, row.subject), sql`${analyses.status} in ('failed', 'cancelled')`))
          const inserted = await tx
            .insert(analyses)
            .values({ ...row, status: 'queued', createdBy: actor.id })
            .onConflictDoNothing()
            .returning({ id: analyses.id })
          return inserted.length > 0 ? true : abandon(false)
        },
        { id: datasetId },
      )
      if (isNew) runs.start({ id, work: (options) => work(actor, row, subject, background, options) })
    },

    /** Asks for its end, in whichever process; what has ended stays. Throws NotFound where nobody has begun it. */
    async cancel(actor: Actor, datasetId: string, subject: Subject): Promise<void> {
      const text = subjectText(await storedOf(actor, datasetId, subject), subject)
      const id = await guard.change<string, DatasetResource>(
        actor,
        'dataset.analyse',
        (tx) => findDataset(tx, datasetId, 'share'),
        async ({ tx, note }) => {
          const set = { cancelRequestedAt: sql`now()` }
          const [found] = await tx
            .update(analyses)
            .set(set)
            .where(eq(analyses.subject, text))
            .returning({ id: analyses.id })
          if (found === undefined) throw new NotFound()
          note({ kind: subject.kind, version: subject.version, cancelled: found.id })
          return found.id
        },
        { id: datasetId },
      )
      runs.cancel(id)
    },
  }
}

const unreadable = 'What was computed cannot be opened. Ask an administrator to run "keyward key verify".'

/** Its key derives from the dataset's as that of a version would. */
function sealedAs({ organizationId, datasetId, id }: { organizationId: string; datasetId: string; id: string }) {
  return { organizationId, datasetId, versionId: id }
}

/** A key column may be called anything, at any length. */
function subjectText(named: readonly { readonly stored: StoredVersion }[], subject: Subject): string {
  const ids = named.map(({ stored }) => stored.versionId).join(' ')
  if (subject.kind === 'profile') return `profile ${ids}`
  const key = subject.key === null ? 'none' : createHash('sha256').update(subject.key).digest('hex')
  return `comparison ${ids} ${key}`
}

function never(): never {
  throw new Error('An analysis has no version.')
}
