import type { Workbench } from './workbench.ts'

/** One line of the table. */
export type Figure = {
  readonly what: string
  readonly figure: string
  readonly limit: string | null
  /** The figure divided by its limit; null where that is 0, which nothing can be divided by. */
  readonly ratio: number | null
  readonly met: boolean | null
}

/** Something that can be measured by name. */
export type Measurement = {
  readonly name: string
  /** What is measured and how, in one line. */
  readonly title: string
  /** It is given up after this long. */
  readonly minutes: number
  /** Everything it starts and makes belongs to `bench`, which ends and removes it. */
  measure(bench: Workbench): Promise<readonly Figure[]>
}

/** Returns a figure that should not be over `limit`. */
export function atMost(what: string, value: number, limit: number, unit: string): Figure {
  return bounded(what, value, limit, `≤ ${number(limit)}${unit}`, unit, value <= limit)
}

/** Returns a figure that should not be under `limit`. */
export function atLeast(what: string, value: number, limit: number, unit: string): Figure {
  return bounded(what, value, limit, `≥ ${number(limit)}${unit}`, unit, value >= limit)
}

/** Returns a figure without a limit, for the record. */
export function noted(what: string, value: number, unit: string): Figure {
  return { what, figure: number(value) + unit, limit: null, ratio: null, met: null }
}

/** Returns the middle of some values, the upper one of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function bounded(what: string, value: number, limit: number, limitText: string, unit: string, met: boolean): Figure {
  return { what, figure: number(value) + unit, limit: limitText, ratio: limit === 0 ? null : value / limit, met }
}

/** Three digits that count are enough for what a shared machine can tell. */
function number(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
