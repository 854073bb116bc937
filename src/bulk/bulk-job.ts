import type { bulkJobs } from '../db/schema/bulk-jobs.ts'

/** What can be done to many credentials at once. */
export const bulkActions = ['test', 'delete', 'transfer', 'expiry'] as const
export type BulkAction = (typeof bulkActions)[number]

/** At most this many credentials in one job. */
export const mostItems = 10_000

/** One job as its page shows it. */
export type BulkJob = {
  readonly id: string
  readonly action: BulkAction
  /** `new` until it is confirmed. */
  readonly state: 'new' | 'running' | 'finished'
  readonly cancelling: boolean
  /** Of a transfer, once chosen. */
  readonly newOwner: { readonly id: string; readonly name: string; readonly email: string } | null
  /** Of an expiry, once confirmed; null clears it. */
  readonly expiresAt: Date | null
  readonly counts: Readonly<Record<ItemState, number>>
}

export type ItemState = 'waiting' | 'done' | 'failed' | 'not attempted'

/** What became of one credential. `reason` is a sentence; null where there is nothing to say. */
export type ItemResult = { readonly state: Exclude<ItemState, 'waiting'>; readonly reason: string | null }

/** One credential of a job, with what became of it. */
export type BulkItem = {
  readonly position: number
  readonly credentialId: string
  readonly name: string
  readonly state: ItemState
  readonly reason: string | null
}

export type JobRow = typeof bulkJobs.$inferSelect

/** Returns how far a job is. */
export function stateOf(row: JobRow): BulkJob['state'] {
  if (row.finishedAt !== null) return 'finished'
  return row.startedAt === null ? 'new' : 'running'
}
