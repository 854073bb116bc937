import { setTimeout as pause } from 'node:timers/promises'
import type { UserActor } from '../access/actor.ts'
import { NotFound, Refusal } from '../access/refusals.ts'
import { type Diagnosis, TooBusy } from '../connector/driver.ts'
import { trippingCodes } from '../credentials/breaker.ts'
import type { Finding } from '../credentials/proven-edits.ts'
import type { Log } from '../log.ts'
import { createSchedule } from '../schedule.ts'
import { refusedBefore } from './closed-account.ts'
import { createLanes, type Lanes } from './lanes.ts'
import type { SignIns } from './sign-ins.ts'
import type { DatasetTrial, EditToTry, Side, TrialRows, TrialToMake } from './trial-rows.ts'
import type { Account, ConnectionUse } from './use-connection.ts'

export type Trials = ReturnType<typeof createTrials>

type Run = {
  readonly actor: UserActor
  readonly editId: string
  readonly abort: AbortController
  readonly lanes: Lanes
  /** Queries of datasets, which begin where a sign-in was good. */
  readonly queries: Promise<void>[]
}

type Result = { readonly code: string; readonly diagnosis: Diagnosis; readonly learned?: Finding['learned'] }

/** At most this many trials of one edit at a time. */
const together = 8
const queryMilliseconds = 30_000
const purpose = 'try an edit'

/**
 * Tries edits in the background of this process. It holds no secret: each trial opens the version it is about, through the
 * vault. `beatMilliseconds` is how often a sign of life is written and the end of an edit is looked for.
 */
export function createTrials(deps: {
  use: Pick<ConnectionUse, 'run'>
  signIns: Pick<SignIns, 'create'>
  rows: TrialRows
  log: Log
  beatMilliseconds?: number
}) {
  const { use, signIns, rows, log } = deps
  const runs = new Map<string, Run>()
  const going = new Set<Promise<void>>()
  let closing = false

  const heartbeat = createSchedule({
    work: beat,
    failure: 'heartbeat of a tried edit failed',
    log,
    milliseconds: deps.beatMilliseconds ?? 1000,
  })
  heartbeat.start()

  async function beat(): Promise<void> {
    if (runs.size === 0) return
    const present = [...runs.values()]
    const open = await rows.beat(present.map(({ editId }) => editId))
    for (const run of present) if (!open.has(run.editId)) run.abort.abort()
  }

  async function tryOut(run: Run): Promise<void> {
    const { editId } = run
    try {
      const edit = await rows.load(editId)
      if (edit !== undefined) await tryAll(run, edit)
      await rows.finish(editId)
    } catch (error) {
      // It falls silent, and is offered to be tried again.
      log.error('an edit could not be tried', error, { edit: editId })
      run.abort.abort()
    } finally {
      runs.delete(editId)
    }
  }

  async function tryAll(run: Run, edit: EditToTry): Promise<void> {
    const old = edit.signIns.filter(({ oldCode }) => oldCode === null)
    const pending = edit.signIns.filter(({ newCode }) => newCode === null)
    for (const { connectionId, newCode } of edit.signIns) if (newCode === 'ok') queryDatasets(run, edit, connectionId)
    await Promise.all([
      ...byServer(old).map((trials) => tryServer(run, edit, 'old', trials)),
      ...byServer(pending).map((trials) => tryServer(run, edit, 'new', trials)),
    ])
    await Promise.all(run.queries)
  }

  /**
   * Signs in everywhere on one server. Until it lets the account in it is asked once at a time, and once it has turned the
   * account away no more: a mistyped password must not lock the account of the person who types it.
   */
  async function tryServer(run: Run, edit: EditToTry, side: Side, trials: readonly TrialToMake[]): Promise<void> {
    const rest = [...trials]
    for (let trial = rest.shift(); trial !== undefined; trial = rest.shift()) {
      const result = await signIn(run, edit, side, trial)
      if (result !== undefined && trippingCodes.some((code) => code === result.code)) {
        return spare(run, edit, side, rest, { sparedBy: trial.connectionName, code: result.code })
      }
      if (result?.code === 'ok') break
    }
    await Promise.all(rest.map((trial) => signIn(run, edit, side, trial)))
  }

  async function signIn(run: Run, edit: EditToTry, side: Side, trial: TrialToMake): Promise<Result | undefined> {
    const { connectionId } = trial
    const { credentialId, version } = edit
    const account: Account = { kind: 'stored', credentialId, ...(side === 'new' ? { version } : {}) }
    const { signal } = run.abort
    const result = await attempt(run, () => signIns.create(run.actor, connectionId, account, purpose, { signal }))
    if (result === undefined) return undefined
    await rows.keep(trial.id, side, result.code, findingOf(result))
    if (side === 'new') {
      if (result.code === 'ok') queryDatasets(run, edit, connectionId)
      else await leaveDatasets(edit, connectionId)
    }
    return result
  }

  async function spare(
    run: Run,
    edit: EditToTry,
    side: Side,
    rest: readonly TrialToMake[],
    refused: { readonly sparedBy: string; readonly code: string },
  ): Promise<void> {
    if (run.abort.signal.aborted) return
    const finding = { at: new Date().toISOString(), tried: false, diagnosis: null, sparedBy: refused.sparedBy }
    for (const { id, connectionId } of rest) {
      await rows.keep(id, side, refused.code, finding)
      if (side === 'new') await leaveDatasets(edit, connectionId)
    }
  }

  function queryDatasets(run: Run, edit: EditToTry, connectionId: string): void {
    for (const trial of datasetsOn(edit, connectionId)) run.queries.push(query(run, edit, trial))
  }

  async function query(run: Run, edit: EditToTry, { id, connectionId, source }: DatasetTrial): Promise<void> {
    const { credentialId, version } = edit
    const request = {
      connectionId,
      account: { kind: 'stored', credentialId, version },
      operation: 'preview',
      input: { source, rows: 0 },
      purpose,
      limits: { milliseconds: queryMilliseconds },
    } as const
    const result = await attempt(run, async () => {
      const outcome = await use.run(run.actor, request, { signal: run.abort.signal })
      return { code: outcome.ok ? 'ok' : outcome.code, diagnosis: outcome.diagnosis }
    })
    if (result !== undefined) await rows.keep(id, 'new', result.code, findingOf(result))
  }

  /** Queries make no sense where the account was not let in. */
  async function leaveDatasets(edit: EditToTry, connectionId: string): Promise<void> {
    for (const { id } of datasetsOn(edit, connectionId)) await rows.keep(id, 'new', null, null)
  }

  /** Resolves with undefined where the edit ended meanwhile: that says nothing about the account. */
  function attempt(run: Run, work: () => Promise<Result>): Promise<Result | undefined> {
    const { signal } = run.abort
    return run.lanes(async () => {
      while (!signal.aborted) {
        try {
          const result = await work()
          return signal.aborted ? undefined : result
        } catch (error) {
          if (!(error instanceof TooBusy)) return signal.aborted ? undefined : failure(error, run)
          await pause(error.retryAfterSeconds * 1000, undefined, { signal, ref: false }).catch(() => {})
        }
      }
      return undefined
    })
  }

  function failure(error: unknown, run: Run): Result {
    if (error instanceof Refusal) return refusedBefore('policy.refused', sentenceFor(error), null)
    log.error('a trial of an edit failed', error, { edit: run.editId })
    return refusedBefore('internal', 'Something went wrong in Keyward before this was tried to its end.', 'Try again.')
  }

  return {
    /** Begins to try an edit; returns at once. What goes wrong is written on the trial it concerns. */
    begin(actor: UserActor, editId: string): void {
      const run: Run = { actor, editId, abort: new AbortController(), lanes: createLanes(together), queries: [] }
      if (closing || runs.has(editId)) return
      runs.set(editId, run)
      const trying = tryOut(run).finally(() => going.delete(trying))
      going.add(trying)
    },

    /** Ends the trying of an edit that was decided on, at once if it is this process that tries it. */
    end(editId: string): void {
      runs.get(editId)?.abort.abort()
    },

    /** Resolves when nothing is being tried in this process. */
    async idle(): Promise<void> {
      while (going.size > 0) await Promise.all(going)
    },

    /** Interrupts what is being tried here and resolves when that is written down. Call it before the connector's. */
    async close(): Promise<void> {
      closing = true
      for (const run of runs.values()) run.abort.abort()
      await this.idle()
      await heartbeat.close()
    },
  }
}

function byServer(trials: readonly TrialToMake[]): readonly (readonly TrialToMake[])[] {
  const servers = new Map<string, TrialToMake[]>()
  for (const trial of trials) servers.set(trial.server, [...(servers.get(trial.server) ?? []), trial])
  return [...servers.values()]
}

function datasetsOn(edit: EditToTry, connectionId: string): readonly DatasetTrial[] {
  return edit.datasets.filter((trial) => trial.connectionId === connectionId && trial.newCode !== 'ok')
}

function findingOf({ diagnosis, learned }: Result): Finding {
  const told = learned === undefined ? {} : { learned }
  return { at: new Date().toISOString(), tried: true, diagnosis, ...told }
}

function sentenceFor(error: Refusal): string {
  if (error instanceof NotFound) return 'The data connection is gone, or you may no longer use it.'
  return error.message
}
