import { Secret } from '../secrets/secret.ts'
import type { AnalysisFailure, AnalysisJob, NamedFile, StoredFile } from './analysis.ts'
import type { JobLimits } from './limits.ts'

/** What a worker needs for its one job beside the job itself. */
export type Room = {
  readonly limits: JobLimits
  /** A folder of the job's own, for what does not fit into memory; null where it may not leave it. */
  readonly scratch: string | null
  readonly threads: number
}

type Wire<F> = Omit<F, 'key'> & { readonly key: Uint8Array | null }
type WireJob = Omit<AnalysisJob, 'files' | 'target'> & {
  readonly files: readonly Wire<NamedFile>[]
  readonly target: Wire<StoredFile> | null
}

export type ToAnalyst = { readonly job: WireJob; readonly room: Room }

/** What a worker says: progress, then one answer. */
export type FromAnalyst =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly percent: number }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly failure: AnalysisFailure }

/** Returns a job on its way to a worker: its keys as bytes, because a `Secret` cannot be sent by accident. */
export function toWire(job: AnalysisJob): WireJob {
  const bare = <F extends StoredFile>(file: F) => ({ ...file, key: file.key?.expose() ?? null })
  return { ...job, files: job.files.map(bare), target: job.target && bare(job.target) }
}

/** Returns the job a worker was handed, and zeroes the bytes that came with the message. */
export function fromWire(wire: WireJob): AnalysisJob {
  const kept = <F extends { readonly key: Uint8Array | null }>(file: F) => {
    const key = file.key === null ? null : new Secret(file.key)
    file.key?.fill(0)
    return { ...file, key }
  }
  return { ...wire, files: wire.files.map(kept), target: wire.target && kept(wire.target) }
}
