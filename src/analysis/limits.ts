import type { JobKind } from './analysis.ts'

/** Bounds of one job; over one of them it is ended. */
export type JobLimits = {
  readonly milliseconds: number
  /** What DuckDB may keep in memory before it turns to the disk. */
  readonly memoryMegabytes: number
  /** What it may put on the disk meanwhile. */
  readonly scratchMegabytes: number
  /** Of the file that is written. */
  readonly resultMegabytes: number
}

const minute = 60_000
const person = { memoryMegabytes: 512, resultMegabytes: 0 }

/** What each kind of job may take: little where a person waits for it. */
export const jobLimits: Readonly<Record<JobKind, JobLimits>> = {
  preview: { ...person, milliseconds: 30_000, scratchMegabytes: 1_024 },
  write: { milliseconds: 60 * minute, memoryMegabytes: 512, scratchMegabytes: 8_192, resultMegabytes: 8_192 },
  profile: { ...person, milliseconds: 30 * minute, scratchMegabytes: 4_096 },
  compare: { ...person, milliseconds: 30 * minute, scratchMegabytes: 8_192 },
}

/** The heap of JavaScript in a worker, in megabytes: it holds nothing but answers. */
export const heapMegabytes = 128
/** What a worker may use beside DuckDB's own: the heap, the runtime, and what DuckDB does not count. */
export const besideMegabytes = 512
