import { setTimeout as pause } from 'node:timers/promises'
import type { UserActor } from '../access/actor.ts'
import { Refusal } from '../access/refusals.ts'
import {
  type Diagnosis,
  type Imported,
  type Outcome,
  type Progress,
  type Source,
  TooBusy,
} from '../connector/driver.ts'
import { type Occasion, PermitOver, trippingCodes } from '../credentials/breaker.ts'
import type { Log } from '../log.ts'
import { createSchedule } from '../schedule.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Account, ConnectionUse } from '../sign-ins/use-connection.ts'
import { copyAccount, wipeAccount } from './account-copies.ts'
import type { Failure, OwnOrder } from './own-order.ts'
import { persist } from './persist.ts'
import { generalMessage, noRoomLeft, refusedBefore, sentenceFor } from './snapshot-failures.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { Storage } from './storage.ts'
import type { StoredVersion } from './stored-version.ts'
import { cancelledMessage, type Ended, interruptedMessage, type VersionRows } from './version-rows.ts'

/** One version to be made; its row is queued already. */
export type SnapshotOrder = {
  readonly actor: UserActor
  readonly versionId: string
  readonly runId: string
  readonly connectionId: string
  readonly account: Account
  readonly source: Source
  readonly rowLimit: number | null
  /** Only of what no person waits for. */
  readonly own?: OwnOrder
}

/** One version that is computed from other datasets; its row is queued already. */
export type ComputedOrder = Pick<SnapshotOrder, 'actor' | 'versionId' | 'runId' | 'own'> & {
  /** Writes the file. Throws `TooBusy` where there is no place, and is then called again. */
  compute(
    target: ComputeTarget,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
  ): Promise<Computed>
}
/** Where it is written to, under which key it is sealed, and how large it may become. */
export type ComputeTarget = { readonly file: string; readonly key: Secret; readonly mostBytes: number }
export type Computed =
  | { readonly ok: true; readonly value: Imported; readonly diagnosis: Diagnosis }
  | { readonly ok: false; readonly message: string }

type CompletedListener = (order: { readonly actor: UserActor; readonly versionId: string }) => void

export type Snapshots = ReturnType<typeof createSnapshots>

type Run = {
  readonly order: SnapshotOrder | ComputedOrder
  readonly abort: AbortController
  ending: 'cancelled' | 'interrupted' | 'lost' | undefined
  /** The tables that were chosen together, with one account. */
  readonly basket: Basket
  rows: number
  bytes: number
}

/** Of a basket the first table signs in alone: where its account is refused, the others do not try it again. */
type Basket = {
  readonly first: string
  /** Resolves when the first table was let in, or has ended. */
  readonly letIn: Promise<void>
  readonly sayLetIn: () => void
  refused: boolean
}

/** At most this many tables of one basket at a time. */
const together = 2
const importMilliseconds = 6 * 60 * 60 * 1000
const patienceMilliseconds = 30 * 60 * 1000

/**
 * Makes snapshots in the background of this process. Accounts live in its memory only, for as long as their run lasts.
 * `beatMilliseconds` is how often progress is written and requests to cancel are looked for.
 */
export function createSnapshots(deps: {
  use: Pick<ConnectionUse, 'run'>
  versions: VersionRows
  store: SnapshotStore
  storage: Pick<Storage, 'room'>
  log: Log
  beatMilliseconds?: number
}) {
  const { use, versions, store, storage, log } = deps
  const runs = new Map<string, Run>()
  const baskets = new Set<Promise<void>>()
  const listeners: CompletedListener[] = []
  let closing = false

  const heartbeat = createSchedule({
    work: beat,
    failure: 'snapshot heartbeat failed',
    log,
    milliseconds: deps.beatMilliseconds ?? 1000,
  })
  heartbeat.start()

  async function beat(): Promise<void> {
    if (runs.size === 0) return
    const present = [...runs.values()]
    const pulse = await versions.beat(
      present.map(({ order: { versionId }, rows, bytes }) => ({ versionId, rows, bytes })),
    )
    for (const run of present) {
      if (pulse.cancelled.has(run.order.versionId)) end(run, 'cancelled')
      else if (!pulse.open.has(run.order.versionId)) end(run, 'lost')
    }
  }

  function end(run: Run, ending: NonNullable<Run['ending']>): void {
    run.ending ??= ending
    run.abort.abort()
  }

  async function runBasket(basket: Basket, waiting: Run[]): Promise<void> {
    const lane = async () => {
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await runOne(run)
    }
    const first = lane()
    await basket.letIn
    await Promise.all([first, ...Array.from({ length: together - 1 }, lane)])
  }

  async function runOne(run: Run): Promise<void> {
    const { versionId } = run.order
    const own = ownOf(run)
    try {
      const failure = await make(run)
      own?.ended(failure)
    } catch (error) {
      log.error('snapshot could not be written down', error, { version: versionId })
      own?.ended(undefined)
    } finally {
      own?.permit?.letIn()
      run.basket.sayLetIn()
      runs.delete(versionId)
      if ('account' in run.order) wipeAccount(run.order.account)
    }
  }

  async function make(run: Run): Promise<Failure | null> {
    const { actor, versionId } = run.order
    const begins = run.ending === undefined && !run.basket.refused
    const version = begins ? await persist(() => versions.start(actor.organizationId, versionId)) : undefined
    const imported = version === undefined ? whyNotBegun(run) : await pull(run, version)
    if (imported !== undefined && isRefusal(imported)) run.basket.refused = true
    const completed = version && imported?.ok ? await complete(run, version, imported.value) : imported
    if (completed?.ok) {
      for (const listener of listeners) listener(run.order)
      return null
    }
    const isGone = version === undefined || (await removeFile(version))
    const why = whyEnded(run, completed)
    // Decided before it is written: from then on a heartbeat finds nothing open, which says no more about why.
    const failure = failureOf(run, completed, why)
    await persist(() => versions.end(versionId, why, isGone))
    return failure
  }

  /** What cannot be removed now, the sweep removes. */
  async function removeFile({ file, versionId }: StoredVersion): Promise<boolean> {
    try {
      await store.remove(file)
      return true
    } catch (error) {
      log.error('snapshot not removed', error, { version: versionId })
      return false
    }
  }

  /** Resolves with undefined where somebody ended the version meanwhile. */
  async function complete(
    run: Run,
    version: StoredVersion,
    imported: Imported,
  ): Promise<Pulled | { ok: true } | undefined> {
    const outcome = await persist(() => versions.complete(version, imported))
    if (outcome === 'completed') return { ok: true }
    // Sooner than the heartbeat told so.
    if (outcome === 'cancelled') run.ending = 'cancelled'
    return outcome === 'full' ? { ok: false, message: noRoomLeft } : undefined
  }

  /** Reads the rows and keeps the file. */
  async function pull(run: Run, version: StoredVersion): Promise<Pulled> {
    try {
      const mostBytes = await storage.room(version.organizationId)
      const imported = await withFile(version, (file) => importOnceItsTurn(run, { ...file, mostBytes }))
      if (!imported.ok) return imported
      const bytes = await store.keep(version, run.abort.signal)
      return { ...imported, value: { ...imported.value, bytes } }
    } catch (error) {
      const expected = error instanceof Refusal || error instanceof TooBusy
      if (!expected && run.ending === undefined) {
        log.error('snapshot failed', error, { version: run.order.versionId, run: run.order.runId })
      }
      return { ok: false, message: sentenceFor(error), error }
    }
  }

  async function withFile<T>(version: StoredVersion, work: (file: NewFile) => Promise<T>): Promise<T> {
    const file = await store.create(version)
    try {
      return await work(file)
    } finally {
      file.key.wipe()
    }
  }

  async function importOnceItsTurn(run: Run, target: NewFile & { readonly mostBytes: number }): Promise<Pulled> {
    const { path: file, key, mostBytes } = target
    const until = Date.now() + patienceMilliseconds
    // A person waits for the first table alone; what stood in line does not try a paused account.
    for (let first = isFirst(run); ; first = false) {
      const occasion = (await ownOf(run)?.permit?.occasion()) ?? (first ? 'by hand' : 'in line')
      const attempt = key.copy()
      try {
        return await importNow(run, { file, key: attempt, mostBytes }, occasion)
      } catch (error) {
        const mayPass = error instanceof TooBusy || error instanceof PermitOver
        if (!mayPass || Date.now() > until) throw error
        // Another permit is asked for at once: where there is none, that says why.
        const seconds = error instanceof TooBusy ? error.retryAfterSeconds : 0
        await pause(seconds * 1000, undefined, { signal: run.abort.signal, ref: false })
      } finally {
        attempt.wipe()
      }
    }
  }

  function importNow(run: Run, target: ComputeTarget, occasion: Occasion): Promise<Pulled> {
    const { order, abort } = run
    const options = { signal: abort.signal, onProgress: (progress: Progress) => void Object.assign(run, progress) }
    if ('compute' in order) return order.compute(target, options)
    const { actor, connectionId, source, rowLimit, runId, own } = order
    const request = {
      connectionId,
      // Using an account wipes it; a second attempt needs another copy.
      account: copyAccount(order.account),
      operation: 'import',
      input: { source, rowLimit, ...target },
      purpose: own?.purpose ?? 'snapshot of a dataset',
      occasion,
      runId,
      limits: { milliseconds: importMilliseconds },
    } as const
    return use.run(actor, request, { ...options, onLetIn: () => noteLetIn(run), background: own !== undefined })
  }

  return {
    /**
     * Begins to make the versions of one basket, two at a time; returns at once. What goes wrong is written on the
     * version it concerns. Takes over the accounts and wipes them.
     */
    start(orders: readonly (SnapshotOrder | ComputedOrder)[]): void {
      const basket = newBasket(orders)
      const begun: Run[] = orders.map((order) => ({
        order,
        basket,
        abort: new AbortController(),
        ending: closing ? 'interrupted' : undefined,
        rows: 0,
        bytes: 0,
      }))
      for (const run of begun) runs.set(run.order.versionId, run)
      const made = runBasket(basket, [...begun]).finally(() => baskets.delete(made))
      baskets.add(made)
    },

    /** Tells `listener` of every version that is completed here from now on. */
    onCompleted: (listener: CompletedListener) => void listeners.push(listener),

    /** Ends a version at once if this process makes it; another process notices with its next heartbeat. */
    cancel(versionId: string): void {
      const run = runs.get(versionId)
      if (run !== undefined) end(run, 'cancelled')
    },

    /** Resolves when nothing is being made in this process. */
    async idle(): Promise<void> {
      while (baskets.size > 0) await Promise.all(baskets)
    },

    /** Ends this process's runs as interrupted and resolves when that is written down. Call it before the connector's. */
    async close(): Promise<void> {
      closing = true
      for (const run of runs.values()) end(run, 'interrupted')
      await this.idle()
      await heartbeat.close()
    },
  }
}

function newBasket(orders: readonly (SnapshotOrder | ComputedOrder)[]): Basket {
  let sayLetIn = () => {}
  const letIn = new Promise<void>((resolve) => {
    sayLetIn = resolve
  })
  if (orders.length === 0) sayLetIn()
  return { first: orders[0]?.versionId ?? '', letIn, sayLetIn, refused: false }
}

function ownOf({ order }: Run): OwnOrder | undefined {
  return order.own
}

function isFirst({ order, basket }: Run): boolean {
  return order.versionId === basket.first
}

function noteLetIn(run: Run): void {
  ownOf(run)?.permit?.letIn()
  run.basket.sayLetIn()
}

function isRefusal(pulled: Pulled): boolean {
  return !pulled.ok && !('message' in pulled) && trippingCodes.includes(pulled.code)
}

function whyNotBegun(run: Run): Pulled | undefined {
  return run.ending === undefined && run.basket.refused ? { ok: false, message: refusedBefore } : undefined
}

type NewFile = Awaited<ReturnType<SnapshotStore['create']>>

type Pulled = Outcome<Imported> | { readonly ok: false; readonly message: string; readonly error?: unknown }

function whyEnded(run: Run, pulled: Pulled | { readonly ok: true } | undefined): Ended {
  if (run.ending === 'cancelled') return { status: 'cancelled', code: null, message: cancelledMessage, diagnosis: null }
  if (run.ending !== undefined || pulled === undefined || pulled.ok) return failed(interruptedMessage)
  if ('message' in pulled) return failed(pulled.message)
  const rung = pulled.diagnosis.find((one) => one.state === 'failed')
  const message = [rung?.sentence, rung?.nextStep].filter(Boolean).join(' ') || generalMessage
  return { status: 'failed', code: pulled.code, message, diagnosis: pulled.diagnosis }
}

function failed(message: string): Ended {
  return { status: 'failed', code: null, message, diagnosis: null }
}

function failureOf(run: Run, pulled: Pulled | undefined, { code, message }: Ended): Failure {
  if (run.ending === 'cancelled') return { kind: 'cancelled', code, message }
  if (run.ending !== undefined || pulled === undefined || pulled.ok) {
    return { kind: 'interrupted', code: null, message: interruptedMessage }
  }
  return { kind: 'failed', code, message, ...('error' in pulled ? { error: pulled.error } : {}) }
}
