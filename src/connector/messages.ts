import { Secret } from '../secrets/secret.ts'
import type { ClimbedRung, FailedRung } from './diagnosis.ts'
import type { Job, Operations, Progress } from './driver.ts'
import type { EgressPolicy } from './egress-policy.ts'

/** A job on its way to a worker: its secrets as bytes, because a `Secret` cannot be sent by accident. */
export type WireJob = Omit<Job, 'credential'> & {
  readonly credential: Omit<Job['credential'], 'fields'> & { readonly fields: Readonly<Record<string, Uint8Array>> }
  /** What an import's file is sealed under. */
  readonly fileKey?: Uint8Array
}

export type ToWorker = { readonly job: WireJob; readonly policy: EgressPolicy }

/** What a worker says, in this order: rungs and progress, then one answer. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rungs'; readonly rungs: readonly ClimbedRung[] }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly rung: FailedRung }

/** Returns the message that hands a job to a worker. The bytes are the secrets' own: wipe them when it was sent. */
export function toWire(job: Job): WireJob {
  const fields = Object.entries(job.credential.fields).map(([id, secret]) => [id, secret.expose()] as const)
  const wire = { ...job, credential: { ...job.credential, fields: Object.fromEntries(fields) } }
  const key = fileKey(job)
  return key === undefined ? wire : { ...wire, input: { ...job.input, key: undefined }, fileKey: key.expose() }
}

/** Returns the key that an import's file is to be sealed under, where the job has one. */
export function fileKey({ operation, input }: Job): Secret | undefined {
  return operation === 'import' ? (input as Operations['import']['input']).key : undefined
}

/** Returns the job a worker was handed, and zeroes the bytes that came with the message. */
export function fromWire({ fileKey: key, ...wire }: WireJob): Job {
  const fields = Object.entries(wire.credential.fields).map(([id, bytes]) => [id, taken(bytes)] as const)
  const job = { ...wire, credential: { ...wire.credential, fields: Object.fromEntries(fields) } }
  return key === undefined ? job : { ...job, input: { ...wire.input, key: taken(key) } }
}

function taken(bytes: Uint8Array): Secret {
  const secret = new Secret(bytes)
  bytes.fill(0)
  return secret
}
