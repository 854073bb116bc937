import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { addressOf } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { provenEditTrials } from '../db/schema/proven-edits.ts'
import type { ProvenEditDetail, TriedConnection, TriedDataset, Verdict } from './proven-edit-queries.ts'
import type { Finding } from './proven-edits.ts'

type Tried = { readonly credentialId: string; readonly editId: string; readonly state: ProvenEditDetail['state'] }
type Trial = typeof provenEditTrials.$inferSelect

/**
 * Returns what an edit is tried on, by name: the connections associated now, those since it was begun included; of an edit
 * that was decided, the connections it was tried on.
 */
export async function connectionsTried(
  db: Database,
  actor: UserActor,
  { credentialId, editId, state }: Tried,
): Promise<readonly TriedConnection[]> {
  const isOpen = state === 'trying' || state === 'tried'
  const trials = await trialsWithNames(db, actor, editId)
  const signIns = trials.filter(({ trial }) => trial.datasetId === null)
  const bond = and(eq(associations.connectionId, connections.id), eq(associations.credentialId, credentialId))
  const tried = sql`exists (select from ${provenEditTrials} where ${provenEditTrials.editId} = ${editId} and ${provenEditTrials.connectionId} = ${connections.id})`
  const rows = await db
    .select({ connection: connections, isDefault: associations.isDefault, datasets: datasetsOf(credentialId) })
    .from(connections)
    .leftJoin(associations, bond)
    .where(isOpen ? sql`${associations.credentialId} is not null` : tried)
    .orderBy(asc(connections.nameKey))
  return rows.map(({ connection, isDefault, datasets: count }) => {
    const its = trials.filter(({ trial }) => trial.connectionId === connection.id && trial.datasetId !== null)
    const signIn = signIns.find(({ trial }) => trial.connectionId === connection.id)?.trial
    return {
      id: connection.id,
      name: connection.name,
      address: addressOf(connection),
      isDefault: isDefault ?? false,
      before: signIn === undefined ? unknown : before(signIn, state),
      after: signIn === undefined ? unknown : after(signIn, state),
      datasets: its.map((one) => datasetOf(one, state)),
      untried: isOpen ? Math.max(0, count - its.length) : 0,
      isProven: signIn?.newCode === 'ok' && its.every(({ trial }) => trial.newCode === 'ok'),
    }
  })
}

function datasetsOf(credentialId: string) {
  const its = and(
    eq(datasets.connectionId, connections.id),
    eq(datasets.credentialId, credentialId),
    isNull(datasets.deletedAt),
  )
  return sql<number>`(select count(*)::int from ${datasets} where ${its})`
}

/** Names of datasets are for those who may see them. */
function trialsWithNames(db: Database, actor: UserActor, editId: string) {
  const name = sql<string | null>`case when ${datasets.ownerId} = ${actor.id} then ${datasets.name} end`
  return db
    .select({ trial: provenEditTrials, name })
    .from(provenEditTrials)
    .leftJoin(datasets, eq(datasets.id, provenEditTrials.datasetId))
    .where(eq(provenEditTrials.editId, editId))
    .orderBy(asc(datasets.name), asc(provenEditTrials.id))
}

function datasetOf({ trial, name }: { trial: Trial; name: string | null }, state: Tried['state']): TriedDataset {
  return { id: trial.datasetId ?? trial.id, name, before: before(trial, state), after: after(trial, state) }
}

const unknown: Verdict = {
  state: 'unknown',
  code: null,
  at: null,
  tried: false,
  sentence: null,
  nextStep: null,
  sparedBy: null,
}

function before({ oldCode, oldDiagnosis, datasetId }: Trial, state: Tried['state']): Verdict {
  if (oldCode !== null) return verdictOf(oldCode, oldDiagnosis as Finding | null)
  // The queries of datasets are not run with the present version: their last snapshots speak for it.
  if (datasetId !== null) return unknown
  return { ...unknown, state: state === 'trying' ? 'waiting' : 'interrupted' }
}

function after({ newCode, newDiagnosis, finishedAt }: Trial, state: Tried['state']): Verdict {
  if (newCode !== null) return verdictOf(newCode, newDiagnosis as Finding | null)
  if (finishedAt !== null) return { ...unknown, state: 'not run' }
  return { ...unknown, state: state === 'trying' ? 'waiting' : 'interrupted' }
}

function verdictOf(code: string, finding: Finding | null): Verdict {
  const rung = finding?.diagnosis?.find((one) => one.state === 'failed')
  return {
    state: code === 'ok' ? 'ok' : 'failed',
    code,
    at: finding === null ? null : new Date(finding.at),
    tried: finding?.tried ?? false,
    sentence: rung?.sentence ?? null,
    nextStep: rung?.nextStep ?? null,
    sparedBy: finding?.sparedBy ?? null,
  }
}
