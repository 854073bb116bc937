import { setTimeout as pause } from 'node:timers/promises'
import type { UserActor } from '../access/actor.ts'
import { AccountDisabled, FeatureOff, NotFound, Refusal } from '../access/refusals.ts'
import { TooBusy } from '../connector/driver.ts'
import type { AssociationRow, CredentialQueries } from '../credentials/queries.ts'
import type { Vault } from '../credentials/vault.ts'
import type { Log } from '../log.ts'
import type { SignInOutcome, SignIns } from '../sign-ins/sign-ins.ts'
import type { BulkItem, ItemResult } from './bulk-job.ts'

/** What is to be done to each credential of a job. */
export type Order =
  | { readonly action: 'test' }
  | { readonly action: 'delete' }
  | { readonly action: 'transfer'; readonly newOwnerId: string; readonly dropUnusable: boolean }
  | { readonly action: 'expiry'; readonly expiresAt: Date | null }

export type ItemDependencies = {
  readonly vault: Pick<Vault, 'delete' | 'transfer' | 'setExpiry'>
  readonly signIns: Pick<SignIns, 'create'>
  readonly credentialQueries: Pick<CredentialQueries, 'show'>
  readonly log: Log
}

/** Does what was ordered to one credential, as the person who ordered it; says what became of it and never rejects. */
export async function doOne(
  deps: ItemDependencies,
  actor: UserActor,
  order: Order,
  item: BulkItem,
  signal: AbortSignal,
): Promise<ItemResult> {
  try {
    return await act(deps, actor, order, item.credentialId, signal)
  } catch (error) {
    if (error instanceof AccountDisabled || error instanceof FeatureOff) return notAttempted(error.message)
    if (error instanceof NotFound) return failed('It is gone, or it is no longer yours.')
    if (error instanceof Refusal) return failed(error.message)
    if (error instanceof TooBusy) return notAttempted('Keyward was too busy for ten minutes. Try again later.')
    if (signal.aborted) return notAttempted('It was ended before its sign-in was over.')
    deps.log.error('one of many failed', error, { action: order.action, credential: item.credentialId })
    return failed('This could not be done. Try again; if it fails again, ask an administrator to look.')
  }
}

async function act(deps: ItemDependencies, actor: UserActor, order: Order, id: string, signal: AbortSignal) {
  if (order.action === 'test') return test(deps, actor, id, signal)
  if (order.action === 'delete') {
    await deps.vault.delete(actor, id)
    return done(null)
  }
  if (order.action === 'expiry') {
    const outcome = await deps.vault.setExpiry(actor, id, order.expiresAt)
    return outcome.ok ? done(null) : failed(outcome.error)
  }
  const { newOwnerId, dropUnusable } = order
  const outcome = await deps.vault.transfer(actor, id, { newOwnerId, dropUnusable })
  if (!outcome.ok) return failed(outcome.error)
  return done(outcome.dropped === 0 ? null : `Associations removed: ${outcome.dropped}.`)
}

/**
 * Signs in on every associated connection, one after the other. The first that turns the account away is the last that is
 * asked: asking others with the same secret could lock it.
 */
async function test(deps: ItemDependencies, actor: UserActor, id: string, signal: AbortSignal): Promise<ItemResult> {
  const { associations } = await deps.credentialQueries.show(actor, id)
  if (associations.length === 0) return notAttempted('It has no data connection to try.')
  const problems: string[] = []
  for (const [index, association] of associations.entries()) {
    const outcome = await signIn(deps, actor, id, association, signal)
    if (signal.aborted) return notAttempted('It was ended before its sign-in was over.')
    if (outcome.code === 'ok') continue
    problems.push(`${association.connectionName}: ${sentenceOf(outcome)}`)
    const left = associations.length - index - 1
    if (!outcome.code.startsWith('auth.')) continue
    if (left > 0) problems.push(`It was refused, so ${left} more ${left === 1 ? 'was' : 'were'} not tried.`)
    break
  }
  return problems.length === 0 ? done(null) : failed(problems.join(' ').slice(0, longestReason))
}

const patienceMilliseconds = 10 * 60 * 1000
const longestReason = 2_000

async function signIn(
  deps: ItemDependencies,
  actor: UserActor,
  credentialId: string,
  { connectionId }: AssociationRow,
  signal: AbortSignal,
): Promise<SignInOutcome> {
  const until = Date.now() + patienceMilliseconds
  for (;;) {
    try {
      return await deps.signIns.create(actor, connectionId, { kind: 'stored', credentialId }, 'test of many', {
        signal,
      })
    } catch (error) {
      if (!(error instanceof TooBusy) || Date.now() > until) throw error
      await pause(error.retryAfterSeconds * 1000, undefined, { signal, ref: false })
    }
  }
}

function sentenceOf({ diagnosis, code }: SignInOutcome): string {
  const rung = diagnosis.find((one) => one.state === 'failed')
  return rung?.sentence || code
}

function done(reason: string | null): ItemResult {
  return { state: 'done', reason }
}

function failed(reason: string): ItemResult {
  return { state: 'failed', reason }
}

function notAttempted(reason: string): ItemResult {
  return { state: 'not attempted', reason }
}
