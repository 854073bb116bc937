import type { Sample } from '../connector/driver.ts'
import type { DatasetSource } from '../db/schema/catalog.ts'
import { parseName } from '../names.ts'
import type { DatasetItem } from './datasets.ts'
import { parseSample } from './sample.ts'

/** A table that was ticked, in this or in another schema. */
export type ChosenTable = { readonly schema: string; readonly table: string }

/** How many tables are made into datasets at once. */
export const basketLimit = 100
const queryLimit = 100_000

/** What the page of **Add from data connection** asks for, as typed. */
export type Basket = {
  readonly as: 'tables' | 'query'
  readonly tables: readonly ChosenTable[]
  readonly query: string
  /** Of the query's dataset; blank takes `fallbackName`. */
  readonly name: string
  readonly rowLimit: string
  /** Of each table: a percentage, or a number of rows; blank takes them all. */
  readonly sample: string
}

export type ParsedBasket =
  | { readonly ok: true; readonly items: readonly DatasetItem[]; readonly rowLimit: number | null }
  /** Sentences by field: `item`, `query`, `name`, `rowLimit`, `sample`. */
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }

/** Returns the datasets to make, or a sentence for each field that is wrong. */
export function parseBasket(basket: Basket, fallbackName: string): ParsedBasket {
  const rowLimit = parseRowLimit(basket.rowLimit)
  // A query says by itself which rows it wants; the field is on the page of tables only.
  const sample = basket.as === 'query' ? { ok: true as const, sample: null } : parseSample(basket.sample)
  const taken = sample.ok ? sample.sample : null
  const chosen = basket.as === 'query' ? parseQueryItem(basket, fallbackName) : parseTables(basket.tables, taken)
  if (chosen.ok && rowLimit.ok && sample.ok) return { ok: true, items: chosen.items, rowLimit: rowLimit.value }
  const errors = {
    ...(chosen.ok ? {} : chosen.errors),
    ...(sample.ok ? {} : { sample: sample.error }),
    ...(rowLimit.ok ? {} : { rowLimit: rowLimit.error }),
  }
  return { ok: false, errors }
}

/** Returns the query trimmed, or why it cannot be run. A text that only the target can judge passes. */
export function parseQuery(
  text: string,
): { readonly ok: true; readonly query: string } | { readonly ok: false; readonly error: string } {
  const query = text.trim()
  if (query === '') return { ok: false, error: 'Enter a query.' }
  if (query.length > queryLimit) {
    return { ok: false, error: `The query is longer than ${queryLimit.toLocaleString('en')} characters. Shorten it.` }
  }
  if (query.includes('\0')) return { ok: false, error: 'The query contains a NUL character. Remove it.' }
  return { ok: true, query }
}

/** Returns the tables that were posted (as views/catalog/table-value.ts writes them), each once; what is not one is left out. */
export function decodeTables(values: readonly string[]): readonly ChosenTable[] {
  return [...new Set(values)].flatMap((value) => decodeTable(value) ?? [])
}

/** Returns the name that a table's dataset gets: its own, as far as that can be a name. */
export function tableDatasetName({ schema, table }: ChosenTable): string {
  const cleaned = [...table.replace(/[\p{Cc}\p{Cs}]/gu, ' ')].slice(0, 100).join('')
  const parsed = parseName(cleaned, 'Dataset name')
  return parsed.ok ? parsed.name : `A table of ${schema.replace(/[\p{Cc}\p{Cs}]/gu, ' ').slice(0, 80)}`
}

type Chosen =
  | { readonly ok: true; readonly items: readonly DatasetItem[] }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }

function parseTables(tables: readonly ChosenTable[], sample: Sample | null): Chosen {
  if (tables.length === 0) return { ok: false, errors: { item: 'Choose at least one table.' } }
  if (tables.length > basketLimit) {
    const error = `You chose ${tables.length} tables. Choose at most ${basketLimit} at a time.`
    return { ok: false, errors: { item: error } }
  }
  const items = tables.map((chosen) => ({ name: tableDatasetName(chosen), source: tableSource(chosen, sample) }))
  return { ok: true, items }
}

function tableSource({ schema, table }: ChosenTable, sample: Sample | null): DatasetSource {
  return { kind: 'table', schema, table, ...(sample !== null && { sample }) }
}

function parseQueryItem(basket: Basket, fallbackName: string): Chosen {
  const query = parseQuery(basket.query)
  const name = parseName(basket.name.trim() === '' ? fallbackName : basket.name, 'Dataset name')
  if (query.ok && name.ok) {
    return { ok: true, items: [{ name: name.name, source: { kind: 'query', query: query.query } }] }
  }
  const errors = { ...(query.ok ? {} : { query: query.error }), ...(name.ok ? {} : { name: name.error }) }
  return { ok: false, errors }
}

function parseRowLimit(text: string) {
  const digits = text.replace(/[\s,_']/g, '')
  if (digits === '') return { ok: true, value: null } as const
  const value = /^\d{1,10}$/.test(digits) ? Number(digits) : 0
  if (value >= 1 && value <= 2_147_483_647) return { ok: true, value } as const
  const error = 'The row limit is not a whole number from 1 to 2,147,483,647. Leave it blank to take every row.'
  return { ok: false, error } as const
}

function decodeTable(value: string): ChosenTable | undefined {
  try {
    const decoded: unknown = JSON.parse(value)
    if (!Array.isArray(decoded) || decoded.length !== 2) return undefined
    const [schema, table] = decoded as unknown[]
    if (typeof schema !== 'string' || typeof table !== 'string') return undefined
    return isStorable(schema) && isStorable(table) ? { schema, table } : undefined
  } catch {
    return undefined
  }
}

/** PostgreSQL has no name that is empty or holds NUL or half a character, and no column of ours takes one. */
function isStorable(name: string): boolean {
  return name !== '' && !name.includes('\0') && name.isWellFormed()
}
