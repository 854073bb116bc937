import { Secret } from '../secrets/secret.ts'
import type { AnalysisFailure, AnalysisJob, NamedFile } from './analysis.ts'
import type { JobLimits } from './limits.ts'

/** What a worker needs for its one job beside the job itself. */
export type Room = {
  readonly limits: JobLimits
  /** A folder of the job's own, for what does not fit into memory; null where it may not leave it. */
  readonly scratch: string | null
  readonly threads: number
}

type Target = NonNullable<AnalysisJob['target']>
type WireJob = Omit<AnalysisJob, 'target' | 'files'> & {
  /** Null where its worker says first which names the statement uses. */
  readonly files: readonly NamedFile[] | null
  readonly target: (Omit<Target, 'key'> & { readonly key: Uint8Array | null }) | null
}

/** The one job of a worker, and the files that it asked for. */
export type ToAnalyst = { readonly job: WireJob; readonly room: Room } | { readonly files: readonly NamedFile[] }

/** A job as its worker does it: with its files. */
export type FoundJob = AnalysisJob & { readonly files: readonly NamedFile[] }

/** What a worker says: progress, which names it needs the files of, then one answer. */
export type FromAnalyst =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly percent: number }
  | { readonly kind: 'names'; readonly names: unknown }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly failure: AnalysisFailure }

/** Returns a job on its way to a worker: its key as bytes, because a `Secret` cannot be sent by accident. */
export function toWire({ files, ...job }: AnalysisJob): WireJob {
  const { target } = job
  const known = typeof files === 'function' ? null : files
  return { ...job, files: known, target: target && { ...target, key: target.key?.expose() ?? null } }
}

/** Returns the job a worker was handed, with its files once they are known, and zeroes the bytes that came with the message. */
export function fromWire({ target, files, ...rest }: WireJob, found: readonly NamedFile[] = []): FoundJob {
  const job = { ...rest, files: files ?? found }
  if (target === null) return { ...job, target }
  const { key, ...its } = target
  if (key === null) return { ...job, target: its }
  const secret = new Secret(key)
  key.fill(0)
  return { ...job, target: { ...its, key: secret } }
}
