import type { Position, UsedName } from '../analysis/analysis.ts'
import { queryKey } from '../names.ts'

/** A dataset that can be named in a query. */
export type Nameable = { readonly id: string; readonly name: string }

/** Names and what they stand for, the oldest dataset first. */
export type NamedDatasets<T extends Nameable> = readonly (T & {
  /** How a query calls it: its own name, with a number behind it where another has the same. */
  readonly alias: string
})[]

export type Resolved<T extends Nameable> =
  | { readonly ok: true; readonly inputs: readonly { readonly name: string; readonly dataset: T }[] }
  | { readonly ok: false; readonly message: string; readonly position: Position | null }

/** A query reads at most so many. */
const mostInputs = 20

/**
 * Names datasets, the oldest first. A name that only one has is its own, whatever the case of its letters A to Z; of one
 * that several have, the oldest is `orders (1)`, the next `orders (2)`, and `orders` alone is none of them.
 */
export function nameDatasets<T extends Nameable>(datasets: readonly T[]): NamedDatasets<T> {
  const counts = new Map<string, number>()
  for (const { name } of datasets) counts.set(queryKey(name), (counts.get(queryKey(name)) ?? 0) + 1)
  const taken = new Set([...counts].flatMap(([name, count]) => (count === 1 ? [name] : [])))
  const numbers = new Map<string, number>()
  return datasets.map((dataset) => {
    const { name } = dataset
    if (counts.get(queryKey(name)) === 1) return { ...dataset, alias: name }
    let alias: string
    do {
      numbers.set(queryKey(name), (numbers.get(queryKey(name)) ?? 0) + 1)
      alias = `${name} (${numbers.get(queryKey(name))})`
    } while (taken.has(queryKey(alias)))
    taken.add(queryKey(alias))
    return { ...dataset, alias }
  })
}

/** Returns the datasets that a query's names stand for, or which name stands for none and why. */
export function resolveNames<T extends Nameable>(named: NamedDatasets<T>, names: readonly UsedName[]): Resolved<T> {
  const inputs: { name: string; dataset: T }[] = []
  for (const { name, position } of names) {
    const dataset = named.find(({ alias }) => queryKey(alias) === queryKey(name))
    if (dataset === undefined) return { ok: false, message: unknown(named, name), position }
    inputs.push({ name: dataset.alias, dataset })
  }
  if (inputs.length > mostInputs) {
    return {
      ok: false,
      message: `A query reads at most ${mostInputs} datasets. Combine some of them first.`,
      position: null,
    }
  }
  return { ok: true, inputs }
}

/** Returns a name as a query writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function unknown<T extends Nameable>(named: NamedDatasets<T>, name: string): string {
  const same = named.filter((dataset) => queryKey(dataset.name) === queryKey(name)).map(({ alias }) => quoted(alias))
  const shown = quoted(name.slice(0, 200).toWellFormed())
  if (same.length === 0)
    return `There is no dataset ${shown} with data that you may use. Choose from the list of datasets.`
  return `${same.length} datasets are called ${shown}. Write ${same.slice(0, 5).join(' or ')}.`
}
