import { and, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import { destinationOf } from '../connections/destination.ts'
import type { Source } from '../connector/driver.ts'
import type { Finding } from '../credentials/proven-edits.ts'
import type { Database } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { provenEdits, provenEditTrials } from '../db/schema/proven-edits.ts'
import { notify } from '../notifications/notify.ts'

/** An edit that is to be tried, with all that is to be tried of it. */
export type EditToTry = {
  readonly id: string
  readonly credentialId: string
  readonly version: number
  readonly signIns: readonly TrialToMake[]
  readonly datasets: readonly DatasetTrial[]
}

/** A sign-in: `oldCode` and `newCode` are null where that side is not known yet. */
export type TrialToMake = {
  readonly id: string
  readonly connectionId: string
  readonly connectionName: string
  /** Host and port: where the same account is the same account. */
  readonly server: string
  readonly oldCode: string | null
  readonly newCode: string | null
}

export type DatasetTrial = Pick<TrialToMake, 'id' | 'connectionId' | 'newCode'> & { readonly source: Source }

/** One side of a trial: with the present version, or with the pending one. */
export type Side = 'old' | 'new'

export type TrialRows = ReturnType<typeof createTrialRows>

const being = (editId: unknown) =>
  sql`exists (select from proven_edits e where e.id = ${editId} and e.state = 'trying')`

/**
 * Trials in the database. They are written only as long as their edit is being tried, so that a process that was thought
 * dead cannot overrule what was decided meanwhile. Times are the database's, so clocks of several machines do not matter.
 */
export function createTrialRows(db: Database) {
  return {
    /** Returns an edit that is being tried, with its trials; undefined where it is not. Datasets deleted since are left out. */
    async load(editId: string): Promise<EditToTry | undefined> {
      const its = and(eq(provenEdits.id, editId), eq(provenEdits.state, 'trying'))
      const [edit] = await db.select().from(provenEdits).where(its)
      if (edit === undefined) return undefined
      const gone = db.select({ id: datasets.id }).from(datasets).where(isNotNull(datasets.deletedAt))
      const deleted = and(eq(provenEditTrials.editId, editId), inArray(provenEditTrials.datasetId, gone))
      await db.delete(provenEditTrials).where(deleted)
      const rows = await db
        .select({ trial: provenEditTrials, connection: connections, source: datasets.source })
        .from(provenEditTrials)
        .innerJoin(connections, eq(connections.id, provenEditTrials.connectionId))
        .leftJoin(datasets, eq(datasets.id, provenEditTrials.datasetId))
        .where(eq(provenEditTrials.editId, editId))
        .orderBy(connections.nameKey, provenEditTrials.id)
      const { id, credentialId, version } = edit
      const signIns = rows.filter(({ trial }) => trial.datasetId === null).map(signInOf)
      const ofDatasets = rows.flatMap(({ trial, source }) => (source === null ? [] : [{ ...trial, source }]))
      return { id, credentialId, version, signIns, datasets: ofDatasets }
    },

    /** Writes down what came of one side of a trial. */
    async keep(trialId: string, side: Side, code: string | null, finding: Finding | null): Promise<void> {
      const found =
        side === 'old'
          ? { oldCode: code, oldDiagnosis: finding }
          : { newCode: code, newDiagnosis: finding, finishedAt: sql`now()` }
      const its = and(eq(provenEditTrials.id, trialId), being(provenEditTrials.editId))
      await db.update(provenEditTrials).set(found).where(its)
    },

    /** Writes that edits are still being tried here; resolves with those that are to go on. */
    async beat(editIds: readonly string[]): Promise<ReadonlySet<string>> {
      const going = await db
        .update(provenEdits)
        .set({ heartbeatAt: sql`now()` })
        .where(and(inArray(provenEdits.id, [...editIds]), eq(provenEdits.state, 'trying')))
        .returning({ id: provenEdits.id })
      return new Set(going.map(({ id }) => id))
    },

    /** Ends the trying of an edit. What has not been tried by then counts as interrupted. */
    async finish(editId: string): Promise<void> {
      await endTrying(db, eq(provenEdits.id, editId))
    },

    /** Ends the trying of edits whose process has not been heard of for 30 seconds; resolves with how many. */
    endSilent(): Promise<number> {
      return endTrying(db, sql`coalesce(heartbeat_at, created_at) < now() - interval '30 seconds'`)
    },

    /** Returns edits that nobody decided on in their hour, at most 500. */
    due(): Promise<readonly { readonly id: string; readonly credentialId: string }[]> {
      return db
        .select({ id: provenEdits.id, credentialId: provenEdits.credentialId })
        .from(provenEdits)
        .where(sql`${provenEdits.state} in ('trying', 'tried') and ${provenEdits.expiresAt} <= now()`)
        .limit(500)
    },
  }
}

/** Who made it is told that it waits for them; once, however often it is tried. */
function endTrying(db: Database, which: SQL): Promise<number> {
  return db.transaction(async (tx) => {
    const ended = await tx
      .update(provenEdits)
      .set({ state: 'tried' })
      .where(and(eq(provenEdits.state, 'trying'), which))
      .returning()
    for (const { id: editId, organizationId, createdBy: userId, credentialId, expiresAt } of ended) {
      const about = { type: 'credential', id: credentialId } as const
      const details = { editId, until: expiresAt.toISOString() }
      await notify(tx, { organizationId, userId, event: 'edit.waiting', about, details, key: editId })
    }
    return ended.length
  })
}

type Read = {
  readonly trial: typeof provenEditTrials.$inferSelect
  readonly connection: typeof connections.$inferSelect
}

function signInOf({ trial, connection }: Read): TrialToMake {
  const { id, connectionId, oldCode, newCode } = trial
  const destination = destinationOf(connection.driver, connection.parameters)
  const server = destination === undefined ? connectionId : `${destination.host}:${destination.port}`
  return { id, connectionId, connectionName: connection.name, server, oldCode, newCode }
}
