import { desc, eq, sql } from 'drizzle-orm'
import type { Actor, UserActor } from '../access/actor.ts'
import type { Effect, Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import type { Analysis, AnalysisFailure, FindFiles, NamedFile, Position, QueryRows } from '../analysis/analysis.ts'
import type { Database, Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { type DatasetInput, datasets, datasetVersions } from '../db/schema/catalog.ts'
import { indexDataset } from '../search/documents.ts'
import {
  type Combinable,
  combinables,
  type InputVersion,
  type MissingInput,
  noteLineage,
  takeInputs,
  unreadableInputs,
} from './combine-inputs.ts'
import { type NamedDatasets, resolveNames } from './combine-names.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import type { OwnOrder, OwnRefresh } from './own-order.ts'
import { type DatasetResource, findDataset, isOpen } from './queries.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { ComputedOrder, Snapshots } from './snapshots.ts'
import type { Storage } from './storage.ts'

/** Why a query was not run. `message` says what is wrong and what to do; `position` where, from 1. */
export type QueryRefusal = { readonly ok: false; readonly message: string; readonly position: Position | null }

export type PreviewOutcome =
  | { readonly ok: true; readonly rows: QueryRows; readonly milliseconds: number }
  | QueryRefusal
export type SaveOutcome = { readonly ok: true; readonly id: string } | QueryRefusal
export type CombineOutcome =
  | { readonly ok: true; readonly number: number }
  | { readonly ok: false; readonly reason: 'running' | 'not combined' }

const previewRows = 20

export type Combine = ReturnType<typeof createCombine>

/** The service behind queries over datasets, and the datasets that are made by one. */
export function createCombine(deps: {
  db: Database
  guard: Guard
  analysis: Analysis
  store: SnapshotStore
  storage: Pick<Storage, 'room'>
  keys: DatasetKeys
  snapshots: Snapshots
}) {
  const { db, guard, analysis, store, storage, keys, snapshots } = deps

  /**
   * Runs a query for its first rows, in one process that says first which names it uses. The datasets are the actor's own
   * and those they may read; others are not there at all.
   */
  async function tryOut(actor: UserActor, query: string, rows: number, purpose: string): Promise<Tried> {
    const opened = openInputs(store)
    let inputs: readonly DatasetInput[] = []
    let refused: QueryRefusal | undefined
    const files: FindFiles = async (names) => {
      const resolved = resolveNames(await combinables(db, actor), names)
      if (!resolved.ok) {
        refused = resolved
        return null
      }
      inputs = resolved.inputs.map(({ name, dataset }) => ({ name, datasetId: dataset.id }))
      const taken = await takeInputs(guard, actor, inputs, { purpose, runId: newId() })
      if (!('why' in taken)) return opened.open(taken)
      refused = { ok: false, message: missing(taken), position: null }
      return null
    }
    try {
      const job = { kind: 'preview', input: { sql: query, rows }, files, target: null } as const
      const outcome = await analysis.run(job, { userId: actor.id })
      if (refused !== undefined) return refused
      return outcome.ok ? { ok: true, rows: outcome.value, inputs } : refusal(outcome)
    } finally {
      opened.close()
    }
  }

  function orderFor(actor: UserActor, version: NewVersion, { query, inputs, own }: Computation): ComputedOrder {
    let taken: readonly InputVersion[] | undefined
    return {
      actor,
      ...version,
      ...(own === undefined ? {} : { own }),
      async compute(target, { signal, onProgress }) {
        // Once: whoever waits for a place computes from the versions that it was begun with, as far as they may by then.
        if (taken !== undefined) {
          const [name] = await unreadableInputs(db, actor, inputs)
          if (name !== undefined) return { ok: false, message: missing({ name, why: 'gone' }) }
        } else {
          const use = { purpose: own?.purpose ?? 'snapshot of a combined dataset', runId: version.runId }
          const found = await takeInputs(guard, actor, inputs, use)
          if ('why' in found) return { ok: false, message: missing(found) }
          taken = found
          await noteLineage(db, version.versionId, found)
        }
        const options = {
          userId: actor.id,
          signal,
          background: own !== undefined,
          onProgress: ({ bytes }: { readonly bytes: number }) => onProgress({ rows: 0, bytes }),
        }
        const job = { kind: 'write', input: { sql: query }, target } as const
        const opened = openInputs(store)
        try {
          const outcome = await analysis.run({ ...job, files: await opened.open(taken) }, options)
          if (outcome.ok) return { ok: true, value: outcome.value, diagnosis: [] }
          return { ok: false, message: refusal(outcome).message }
        } finally {
          opened.close()
        }
      },
    }
  }

  return {
    /** Returns the datasets that the actor's queries can read, with what they call them, the oldest first. */
    list: (actor: Actor): Promise<NamedDatasets<Combinable>> => combinables(db, actor),

    /** Returns the first 20 rows of a query over datasets. Throws `TooBusy`. */
    async preview(actor: UserActor, query: string): Promise<PreviewOutcome> {
      const begun = performance.now()
      const tried = await tryOut(actor, query, previewRows, 'preview of a query')
      return tried.ok ? { ok: true, rows: tried.rows, milliseconds: performance.now() - begun } : tried
    },

    /**
     * Makes a dataset of a query and begins its first version; what the names stand for now is what they will stand for.
     * The name has been parsed. Throws `TooBusy`, and `StorageFull` before anything is created.
     */
    async save(actor: UserActor, { name, query }: { name: string; query: string }): Promise<SaveOutcome> {
      await storage.room(actor.organizationId)
      const tried = await tryOut(actor, query, 0, 'check of a query')
      if (!tried.ok) return tried
      const { inputs } = tried
      const id = newId()
      const version = await guard.change<NewVersion, Resource>(
        actor,
        'dataset.create',
        async () => ({ type: 'dataset', id: null, organizationId: actor.organizationId, ownerId: actor.id }),
        async (effect) => {
          const { organizationId } = actor
          for (const { datasetId } of inputs) {
            await effect.also('dataset.query', await findDataset(effect.tx, datasetId, 'share'))
          }
          const source = { kind: 'query', query } as const
          await effect.tx.insert(datasets).values({ id, organizationId, ownerId: actor.id, name, source, inputs })
          await keys.ensure(effect.tx, { organizationId, datasetId: id })
          await indexDataset(effect.tx, id)
          effect.created(id)
          effect.note({ inputs: inputs.length })
          return insertVersion(effect, actor, id, 1)
        },
      )
      snapshots.start([orderFor(actor, version, { query, inputs })])
      return { ok: true, id }
    },

    /**
     * Begins a new version from the latest versions of what the query reads. `own` is given where Keyward does so by itself;
     * what it writes with the new version is written in one transaction with it. Throws `StorageFull`.
     */
    async refresh(actor: UserActor, id: string, own?: OwnRefresh): Promise<CombineOutcome> {
      const begun = await guard.change<Begun, DatasetResource>(
        actor,
        'dataset.refresh',
        (tx) => findDataset(tx, id, 'update'),
        async (effect, { row }) => {
          const { inputs, source } = row
          if (inputs === null || source.kind !== 'query') {
            return effect.abandon({ ok: false, reason: 'not combined' } as const)
          }
          const latest = await latestVersion(effect.tx, id)
          if (latest !== undefined && isOpen(latest.status))
            return effect.abandon({ ok: false, reason: 'running' } as const)
          await storage.room(actor.organizationId, effect.tx)
          const number = (latest?.number ?? 0) + 1
          const version = await insertVersion(effect, actor, id, number)
          if (own !== undefined && !(await own.begin(effect.tx, { id: version.versionId, number }))) {
            return effect.abandon({ ok: false, reason: 'running' } as const)
          }
          const computation = { query: source.query, inputs, ...(own === undefined ? {} : { own: own.order }) }
          return { ok: true, number, order: orderFor(actor, version, computation) }
        },
        { id },
      )
      if (!begun.ok) return begun
      snapshots.start([begun.order])
      return { ok: true, number: begun.number }
    },
  }
}

type Tried = { readonly ok: true; readonly rows: QueryRows; readonly inputs: readonly DatasetInput[] } | QueryRefusal
type NewVersion = Pick<ComputedOrder, 'versionId' | 'runId'>
/** What a version is computed from; `own` where no person waits for it. */
type Computation = { readonly query: string; readonly inputs: readonly DatasetInput[]; readonly own?: OwnOrder }
type Begun =
  | { readonly ok: true; readonly number: number; readonly order: ComputedOrder }
  | Extract<CombineOutcome, { ok: false }>

function refusal({ message, position }: Pick<AnalysisFailure, 'message' | 'position'>): QueryRefusal {
  return { ok: false, message, position }
}

function missing({ name, why }: MissingInput): string {
  if (why === 'no data') return `The dataset "${name}" has no data yet. Create a snapshot of it first.`
  return `The dataset "${name}" was deleted, or is no longer shared with you, so nothing was computed. Save another query without it.`
}

/** Opens versions for as long as something computes over them. */
function openInputs(store: SnapshotStore) {
  const opened: { close(): void }[] = []
  return {
    /** Resolves with the files by the names that the query has for them. */
    async open(inputs: readonly InputVersion[]): Promise<readonly NamedFile[]> {
      const files: NamedFile[] = []
      for (const { name, stored } of inputs) {
        const one = await store.open(stored)
        opened.push(one)
        files.push({ name, path: one.path })
      }
      return files
    },
    /** Lets go of what was opened, all of it also where one could not be. */
    close(): void {
      for (const one of opened) one.close()
    },
  }
}

async function insertVersion(effect: Effect, actor: UserActor, datasetId: string, number: number): Promise<NewVersion> {
  const key = { versionId: newId(), runId: newId() }
  await effect.tx.insert(datasetVersions).values({
    id: key.versionId,
    runId: key.runId,
    organizationId: actor.organizationId,
    datasetId,
    number,
    status: 'queued',
    createdBy: actor.id,
    accountName: '',
    heartbeatAt: sql`now()`,
  })
  effect.note({ version: number, run: key.runId })
  return key
}

async function latestVersion(tx: Transaction, datasetId: string) {
  const its = eq(datasetVersions.datasetId, datasetId)
  const [row] = await tx.select().from(datasetVersions).where(its).orderBy(desc(datasetVersions.number)).limit(1)
  return row
}
