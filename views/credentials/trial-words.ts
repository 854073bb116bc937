import type { TriedConnection, Verdict } from '../../src/credentials/proven-edit-queries.ts'

/** How many trials there are, how many are over, and what they came to so far. */
export type TrialCount = {
  readonly total: number
  readonly over: number
  readonly proven: readonly TriedConnection[]
  readonly unproven: readonly TriedConnection[]
  readonly interrupted: boolean
}

/** Counts what an edit is tried on. A connection is proven when it and all of its datasets work with the edit. */
export function countTrials(connections: readonly TriedConnection[]): TrialCount {
  const verdicts = connections.flatMap(({ after, datasets }) => [after, ...datasets.map((one) => one.after)])
  return {
    total: verdicts.length,
    over: verdicts.filter(({ state }) => state !== 'waiting').length,
    proven: connections.filter(({ isProven }) => isProven),
    unproven: connections.filter(({ isProven }) => !isProven),
    interrupted: verdicts.some(({ state }) => state === 'interrupted'),
  }
}

/** Returns the names of things as a sentence lists them: "Sales", "Sales and Orders", "Sales, Orders and 3 more". */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.length > most + 1 ? [...names.slice(0, most), `${names.length - most} more`] : names
  const last = shown.at(-1) ?? ''
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
}

/**
 * Returns what would stop if the edit were applied: "Sales stops working, and 2 datasets of Orders with it"… Empty where
 * nothing that works now, or is not known not to, would.
 */
export function whatStops(connections: readonly TriedConnection[]): string {
  const works = (verdict: Verdict) => verdict.state !== 'failed'
  const stopping = connections.filter(({ before, after }) => works(before) && after.state !== 'ok')
  const datasets = connections
    .flatMap((one) => one.datasets)
    .filter(({ before, after }) => works(before) && after.state !== 'ok')
  const parts = [
    stopping.length === 0 ? null : `signing in to ${listed(stopping.map(({ name }) => name))}`,
    datasets.length === 0
      ? null
      : `new snapshots of ${listed(datasets.map(({ name }) => name ?? 'a dataset of someone else'))}`,
  ].filter(Boolean)
  return parts.join(', and ')
}
