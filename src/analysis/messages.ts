import { Secret } from '../secrets/secret.ts'
import type { AnalysisFailure, AnalysisJob } from './analysis.ts'
import type { JobLimits } from './limits.ts'

/** What a worker needs for its one job beside the job itself. */
export type Room = {
  readonly limits: JobLimits
  /** A folder of the job's own, for what does not fit into memory; null where it may not leave it. */
  readonly scratch: string | null
  readonly threads: number
}

type Target = NonNullable<AnalysisJob['target']>
type WireJob = Omit<AnalysisJob, 'target'> & {
  readonly target: (Omit<Target, 'key'> & { readonly key: Uint8Array | null }) | null
}

export type ToAnalyst = { readonly job: WireJob; readonly room: Room }

/** What a worker says: progress, then one answer. */
export type FromAnalyst =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly percent: number }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly failure: AnalysisFailure }

/** Returns a job on its way to a worker: its key as bytes, because a `Secret` cannot be sent by accident. */
export function toWire(job: AnalysisJob): WireJob {
  const { target } = job
  return { ...job, target: target && { ...target, key: target.key?.expose() ?? null } }
}

/** Returns the job a worker was handed, and zeroes the bytes that came with the message. */
export function fromWire({ target, ...job }: WireJob): AnalysisJob {
  if (target === null) return { ...job, target }
  const { key, ...rest } = target
  if (key === null) return { ...job, target: rest }
  const secret = new Secret(key)
  key.fill(0)
  return { ...job, target: { ...rest, key: secret } }
}
