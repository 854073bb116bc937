import { queryKey } from '../names.ts'
import { longestStatement, type Position, type UsedName } from './analysis.ts'

/** A statement that may not be run, or cannot be. The message says why and what to do. */
export class StatementRefused extends Error {
  readonly position: Position | null

  constructor(message: string, position: Position | null = null) {
    super(message)
    this.position = position
  }
}

/** Runs one statement of ours with these values and returns the first cell. */
export type Ask = (sql: string, values: readonly string[]) => Promise<unknown>

/** A statement that may be run: one SELECT which reads named files and nothing else. */
export type CheckedStatement = {
  /** What was checked, written anew by DuckDB: no comments, no semicolon, nothing behind it. */
  readonly sql: string
  /** What it reads, each name once. */
  readonly names: readonly UsedName[]
}

/**
 * Has DuckDB parse a statement and looks at every part of it. Throws `StatementRefused` for what is not one SELECT, names
 * something by schema, calls a function that is not for data, or reads in another way than by name.
 */
export async function checkStatement(ask: Ask, sql: string): Promise<CheckedStatement> {
  if (sql.trim() === '') throw new StatementRefused('There is no query yet. Write a SELECT over the datasets.')
  if (sql.length > longestStatement) {
    throw new StatementRefused(`A query has at most ${longestStatement.toLocaleString('en')} characters. Shorten it.`)
  }
  const tree = String(await ask('SELECT json_serialize_sql(?::VARCHAR)', [sql]))
  const parsed = JSON.parse(tree) as Parsed
  if (parsed.error) throw parserRefusal(sql, parsed)
  const [statement, another] = parsed.statements
  if (statement === undefined) throw new StatementRefused('There is no query yet. Write a SELECT over the datasets.')
  if (another !== undefined) {
    throw new StatementRefused('These are several statements. Write one SELECT; it may have WITH and subqueries.')
  }
  const names = new Map<string, UsedName>()
  look(statement, { sql, names, hidden: new Set() })
  const written = String(await ask('SELECT json_deserialize_sql(?::JSON)', [tree]))
  return { sql: written.replace(/;\s*$/, ''), names: [...names.values()] }
}

/** Returns where the character with this place is, from 1. DuckDB counts bytes. */
export function positionAt(sql: string, byte: number): Position | null {
  const bytes = Buffer.from(sql)
  if (!Number.isSafeInteger(byte) || byte < 0 || byte > bytes.length) return null
  const before = bytes.subarray(0, byte).toString().split('\n')
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 }
}

type Parsed =
  | { readonly error: true; readonly error_type: string; readonly error_message: string; readonly position?: string }
  | { readonly error: false; readonly statements: readonly unknown[] }

function parserRefusal(sql: string, failed: Extract<Parsed, { error: true }>): StatementRefused {
  if (failed.error_type === 'not implemented') {
    return new StatementRefused('Only a SELECT can be run here: it reads datasets and changes nothing. Write a SELECT.')
  }
  const { error_message: words, position } = failed
  return new StatementRefused(sentence(words), position === undefined ? null : positionAt(sql, Number(position)))
}

function sentence(words: string): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1)
  return /[.!?]$/.test(text) ? text : `${text}.`
}

type Looking = {
  readonly sql: string
  /** By the name as `queryKey` has it. */
  readonly names: Map<string, UsedName>
  /** What a WITH around it defines, as `queryKey` has it. */
  readonly hidden: ReadonlySet<string>
}

type Part = Readonly<Record<string, unknown>>

function look(value: unknown, looking: Looking): void {
  if (Array.isArray(value)) for (const one of value) look(one, looking)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const part = value as Part
  refuse(part, looking)
  const { cte_map: defined, ...rest } = part
  const inside = defined === undefined ? looking : lookAtDefinitions(defined, looking)
  for (const one of Object.values(rest)) look(one, inside)
}

/** What a WITH defines is known to what comes behind it, and to itself where it is recursive. */
function lookAtDefinitions(defined: unknown, looking: Looking): Looking {
  const entries = (defined as { map?: readonly Definition[] }).map ?? []
  let hidden = looking.hidden
  for (const { key, value } of entries) {
    const withIt = new Set([...hidden, queryKey(key)])
    const isRecursive = JSON.stringify(value.query).startsWith('{"node":{"type":"RECURSIVE_CTE_NODE"')
    look(value, { ...looking, hidden: isRecursive ? withIt : hidden })
    hidden = withIt
  }
  return { ...looking, hidden }
}

type Definition = { readonly key: string; readonly value: { readonly query?: unknown } }

/** Decides on one part: what is not known to be harmless is refused. */
function refuse(part: Part, looking: Looking): void {
  const { type, class: kind } = part
  if (kind === 'FUNCTION' || kind === 'WINDOW') refuseFunction(part, looking)
  const isTable = kind === undefined && 'alias' in part && 'sample' in part
  if (!isTable) return
  if (type === 'BASE_TABLE') noteName(part, looking)
  else if (type === 'TABLE_FUNCTION') refuseTableFunction(part, looking)
  else if (!harmlessTables.has(String(type))) {
    throw new StatementRefused('A query here reads datasets by name. DESCRIBE, SHOW and SUMMARIZE are not part of it.')
  }
}

const harmlessTables = new Set(['EMPTY', 'JOIN', 'SUBQUERY', 'EXPRESSION_LIST', 'PIVOT'])

function noteName(part: Part, { sql, names, hidden }: Looking): void {
  const { table_name: name, schema_name: schema, catalog_name: catalog, at_clause: at, query_location: place } = part
  const position = positionAt(sql, Number(place))
  if (schema !== '' || catalog !== '') {
    throw new StatementRefused(
      `A dataset has no schema: write its name alone, in double quotes. "${catalog || schema}" is not known here.`,
      position,
    )
  }
  if (at !== null && at !== undefined) {
    throw new StatementRefused('Datasets have no AT clause: the latest version is read. Leave it out.', position)
  }
  const text = String(name)
  const key = queryKey(text)
  if (!hidden.has(key) && !names.has(key)) names.set(key, { name: text, position })
}

/** They make rows out of what they are given, and read nothing. */
const tableFunctions = new Set(['range', 'generate_series', 'unnest', 'json_each', 'json_tree', 'generate_subscripts'])

function refuseTableFunction(part: Part, { sql }: Looking): void {
  const called = part.function as Part | undefined
  const name = queryKey(String(called?.function_name ?? ''))
  if (tableFunctions.has(name)) return
  throw new StatementRefused(
    `The function "${name}" cannot be used here. A query reads datasets by name, and no files, networks or settings.`,
    positionAt(sql, Number(part.query_location)),
  )
}

/** What tells about the process, its settings and its catalog, or does something, and is no use on data. */
const bannedFunctions =
  /^(?:current_(?:setting|query|connection|transaction|database|schema).*|get(?:variable|env)|write_log|sleep_ms|stats|version|txid_current|in_search_path|nextval|currval|pg_.*|has_.*_privilege|json_(?:serialize|deserialize|execute)_.*|.*_secrets?|duckdb_.*|pragma_.*|read_.*|query|query_table|add_parquet_key)$/

function refuseFunction({ function_name: called, query_location: place }: Part, { sql }: Looking): void {
  const name = queryKey(String(called ?? ''))
  if (!bannedFunctions.test(name)) return
  throw new StatementRefused(
    `The function "${name}" cannot be used here. A query computes with the data of datasets alone.`,
    positionAt(sql, Number(place)),
  )
}
