import type { Column, Imported, Rows } from '../connector/driver.ts'
import type { ImportTarget } from '../connector/import-output.ts'

/** A Parquet file that SQL reads by a name of its own; names differ in more than the case of letters A to Z. */
export type NamedFile = { readonly name: string; readonly path: string }

/** The first rows of a query. A cell over 1,000 characters, or fewer where there are many, is cut and ends in "…". */
export type QueryRows = Rows & { readonly more: boolean }

/** What is known about one column of a file. */
export type ColumnProfile = Column & {
  readonly nulls: number
  /** How many different values there are; see `Profile.isCounted`. */
  readonly distinct: number
  /** As text, cut at 200 characters; null where there is no value, or none that has an order. */
  readonly minimum: string | null
  readonly maximum: string | null
  /** Of numbers. */
  readonly mean: number | null
  /** About where a quarter, half and three quarters of the values lie below, as text; null for what has no distance. */
  readonly quartiles: readonly [string, string, string] | null
  /** The most frequent values, at most five, with how often each is there; empty where hardly any is there twice. */
  readonly top: readonly { readonly value: string; readonly count: number }[]
  /** Null for what has no distance, and where all values are the same. */
  readonly histogram: Histogram | null
}

/** Bars of equal width from the least value to the greatest. */
export type Histogram = {
  /** The least value, and where each bar ends, as text: one more than there are bars. */
  readonly edges: readonly string[]
  readonly counts: readonly number[]
}

/** A profile of a file: of its first `columns` at most. */
export type Profile = {
  readonly rows: number
  readonly columns: readonly ColumnProfile[]
  readonly skipped: number
  /** Whether the different values were counted, as in a small file; otherwise they are estimates, to some ten percent. */
  readonly isCounted?: boolean
}

/** How two files differ, in the columns that both have. Examples are at most 100 of each, their cells cut as in a preview. */
export type Difference =
  | {
      readonly ok: true
      /** The columns that were compared, in the order of the newer file. */
      readonly columns: readonly string[]
      readonly added: Changes
      readonly gone: Changes
      /** Rows of the same key with other values; null where no key was chosen. Before and after, in turns. */
      readonly changed: Changes | null
    }
  /** The key is NULL or the same in more than one row, so many times. `nothing in common`: no column is in both. */
  | { readonly ok: false; readonly reason: 'key not unique'; readonly file: 'from' | 'to'; readonly rows: number }
  | { readonly ok: false; readonly reason: 'nothing in common' }
  | { readonly ok: false; readonly reason: 'no such key' }

/** How many rows, and the first of them. */
export type Changes = { readonly count: number; readonly examples: Rows['rows'] }

/** A name that a statement reads, as written, and where it is written first. */
export type UsedName = { readonly name: string; readonly position: Position | null }

/** What can be asked, with what is answered. */
export type Jobs = {
  /** The first rows of a statement over the files. */
  preview: { input: { readonly sql: string; readonly rows: number }; output: QueryRows }
  /** Everything a statement gives, written into the target. */
  write: { input: { readonly sql: string }; output: Imported }
  /** A profile of the one file. */
  profile: { input: Record<never, never>; output: Profile }
  /** The difference between two files that are named `from` and `to`. */
  compare: { input: { readonly key: string | null }; output: Difference }
}
export type JobKind = keyof Jobs

/** One job with the files it may read and the one it may write; it can reach nothing else. */
export type AnalysisJob<K extends JobKind = JobKind> = {
  readonly kind: K
  readonly input: Jobs[K]['input']
  /** Or what finds them by the names that the statement of a preview uses, while its process waits for them. */
  readonly files: readonly NamedFile[] | FindFiles
  /** Where a `write` goes, sealed where there is a key, which is wiped when the job is over; null for every other job. */
  readonly target: ImportTarget | null
}

/**
 * Returns the files of the names that a statement uses, each once; null where there is to be no answer, which is then that
 * of a cancelled job. What it throws, the job rejects with. The files stay until the job is over.
 */
export type FindFiles = (names: readonly UsedName[]) => Promise<readonly NamedFile[] | null>

/**
 * Why there is no answer. `statement`: it is wrong or may not be run. `limit`: it was over one of its limits. `unreadable`:
 * a file is gone or broken. `message` is a sentence or two for people.
 */
export type AnalysisFailure = {
  readonly ok: false
  readonly reason: 'statement' | 'limit' | 'cancelled' | 'unreadable' | 'internal'
  readonly message: string
  /** Where in the statement, from 1; null where that is not known. */
  readonly position: Position | null
}
export type Position = { readonly line: number; readonly column: number }

export type AnalysisOutcome<T> = { readonly ok: true; readonly value: T } | AnalysisFailure

/** How much of the statement that runs is done, and how large the target is by now. */
export type AnalysisProgress = { readonly percent: number; readonly bytes: number }

export type AnalysisOptions = {
  readonly userId: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: AnalysisProgress) => void
  /** True for what nobody waits for: it leaves the last places to people and is refused rather than waiting. */
  readonly background?: boolean
}

/** Computes over stored files, each job in a process of its own. */
export type Analysis = {
  /**
   * Runs one job and resolves with what came of it, also when the process died or ran over. Rejects with `TooBusy` where
   * all places are taken, with what finding its files has thrown, and with nothing else.
   */
  run<K extends JobKind>(job: AnalysisJob<K>, options: AnalysisOptions): Promise<AnalysisOutcome<Jobs[K]['output']>>
  close(): Promise<void>
}

/** Characters of a cell that is shown. */
export const cellCharacters = 1_000
/** Characters of a statement. */
export const longestStatement = 20_000
