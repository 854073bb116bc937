import type { Socket } from 'node:net'
import { Refusal } from '../connector/diagnosis.ts'
import { createDialer, type EgressPolicy, parsePolicy, type Resolve } from '../connector/egress.ts'

/** Where an operator has notifications sent. */
export type Place = { readonly host: string; readonly port: number }

export type Dialling = {
  readonly egress: EgressPolicy
  /** The system's resolver where it is not given. */
  readonly resolve?: Resolve
}

const tcpMilliseconds = 5_000

/**
 * Connects to a place that the settings name. Whoever sets those sets EGRESS_ALLOW too, so for this one place they count
 * as an entry there: it may be on the local network or this machine. EGRESS_DENY still wins, and metadata services stay
 * closed. Rejects with a `Refusal`.
 */
export function dial({ egress, resolve }: Dialling, { host, port }: Place, signal: AbortSignal): Promise<Socket> {
  const named = parsePolicy(egress.deployment, `${host.includes(':') ? `[${host}]` : host}:${port}`, '')
  const policy = { ...egress, allow: [...egress.allow, ...named.policy.allow] }
  const report = { passed: () => {} }
  return createDialer({ policy, report, signal, tcpMilliseconds, ...(resolve && { resolve }) })(host, port)
}

/** Returns the sentence about a place that could not be reached or did not prove who it is; undefined for other errors. */
export function refusalSentence(error: unknown): string | undefined {
  return error instanceof Refusal ? error.message : undefined
}
