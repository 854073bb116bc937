import type { DuckDBConnection } from '@duckdb/node-api'
import type { Column, Rows } from '../connector/driver.ts'
import { quoteName } from '../connector/duckdb.ts'
import type { Changes, Difference } from './analysis.ts'
import { charactersFor, shownText } from './text.ts'

const mostExamples = 100

/**
 * Compares the files `from` and `to` in the columns that both have, as sets in which a row may be more than once. Rows are
 * told apart by 128 bits of hashes, so what is kept in mind of a row does not depend on how wide it is. With a key, rows of
 * the same key whose other values differ are changed, not gone and added.
 */
export async function compareFiles(connection: DuckDBConnection, key: string | null): Promise<Difference> {
  const shared = await sharedColumns(connection)
  if (shared.length === 0) return { ok: false, reason: 'nothing in common' }
  const columns = shared.map(({ name }) => name)
  await connection.run(`CREATE TEMP TABLE differing AS ${differingSql(shared)}`)
  if (key === null) {
    return { ok: true, columns, ...(await bothWays(connection, shared)), changed: null }
  }
  const its = shared.find(({ name }) => name === key)
  if (its === undefined) return { ok: false, reason: 'no such key' }
  for (const file of ['from', 'to'] as const) {
    const rows = await repeated(connection, file, comparable(its))
    if (rows > 0) return { ok: false, reason: 'key not unique', file, rows }
  }
  return { ok: true, columns, ...(await byKey(connection, shared, its)) }
}

/** A column that both files have. Where its types differ, values are compared as text. */
type Shared = Column & { readonly asText: boolean }

async function sharedColumns(connection: DuckDBConnection): Promise<Shared[]> {
  const [older, newer] = [await columnsOf(connection, 'from'), await columnsOf(connection, 'to')]
  return newer.flatMap(({ name, type }) => {
    const before = older.find((one) => one.name === name)
    return before === undefined ? [] : [{ name, type, asText: before.type !== type }]
  })
}

async function columnsOf(connection: DuckDBConnection, file: string): Promise<Column[]> {
  const answer = await connection.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE ${quoteName(file)})`)
  return answer.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
}

function comparable({ name, asText }: Shared): string {
  return asText ? `${quoteName(name)}::VARCHAR` : quoteName(name)
}

/** Two hashes of a row that have nothing to do with each other. */
function hashesOf(shared: readonly Shared[]): readonly [string, string] {
  const values = shared.map(comparable)
  return [`hash(${values.join(', ')})`, `hash('another', ${[...values].reverse().join(', ')})`]
}

/** Every row, by its hashes, that is not in both files equally often; `surplus` is how much oftener in `to`. */
function differingSql(shared: readonly Shared[]): string {
  const [one, two] = hashesOf(shared)
  const side = (file: string, sign: number) =>
    `SELECT ${one} AS h1, ${two} AS h2, ${sign} AS side FROM ${quoteName(file)}`
  return `SELECT h1, h2, sum(side)::BIGINT AS surplus FROM (${side('from', -1)} UNION ALL ${side('to', 1)})
    GROUP BY h1, h2 HAVING sum(side) <> 0`
}

async function bothWays(connection: DuckDBConnection, shared: readonly Shared[]) {
  return {
    added: await surplus(connection, shared, 'to', 'surplus'),
    gone: await surplus(connection, shared, 'from', '-surplus'),
  }
}

async function surplus(
  connection: DuckDBConnection,
  shared: readonly Shared[],
  file: 'from' | 'to',
  times: string,
): Promise<Changes> {
  const count = Number(await first(connection, `SELECT coalesce(sum(${times}), 0) FROM differing WHERE ${times} > 0`))
  if (count === 0) return { count, examples: [] }
  const [one, two] = hashesOf(shared)
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE chosen AS SELECT h1, h2, ${times} AS times FROM differing WHERE ${times} > 0 LIMIT ${mostExamples}`,
  )
  // A row that is there oftener is an example as often as it is.
  const examples = await rowsOf(
    connection,
    `SELECT ${shown(shared, 'rows_of.')} FROM (
       SELECT *, ${one} AS "keyward h1", ${two} AS "keyward h2",
         row_number() OVER (PARTITION BY ${one}, ${two}) AS "keyward nth"
       FROM ${quoteName(file)} WHERE ${one} IN (SELECT h1 FROM chosen)) AS rows_of
     JOIN chosen ON "keyward h1" = chosen.h1 AND "keyward h2" = chosen.h2
     WHERE "keyward nth" <= chosen.times LIMIT ${mostExamples}`,
  )
  return { count, examples }
}

function shown(shared: readonly Shared[], table = ''): string {
  // Those that are added, gone and changed, before and after.
  const characters = charactersFor(4 * mostExamples * shared.length)
  return shared.map(({ name, type }) => shownText(`${table}${quoteName(name)}`, type, characters)).join(', ')
}

async function repeated(connection: DuckDBConnection, file: string, key: string): Promise<number> {
  const sql = `SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM ${quoteName(file)} GROUP BY ${key} HAVING count(*) > 1 OR any_value(${key}) IS NULL)`
  return Number(await first(connection, sql))
}

async function byKey(connection: DuckDBConnection, shared: readonly Shared[], key: Shared) {
  const [one, two] = hashesOf(shared)
  const side = (file: string) =>
    `(SELECT ${comparable(key)} AS k, ${one} AS h1, ${two} AS h2 FROM ${quoteName(file)} WHERE ${one} IN (SELECT h1 FROM differing))`
  await connection.run(`CREATE TEMP TABLE keys AS SELECT coalesce(a.k, b.k) AS k,
      CASE WHEN a.k IS NULL THEN 'added' WHEN b.k IS NULL THEN 'gone' ELSE 'changed' END AS what
    FROM ${side('from')} AS a FULL JOIN ${side('to')} AS b ON a.k = b.k
    WHERE a.k IS NULL OR b.k IS NULL OR a.h1 <> b.h1 OR a.h2 <> b.h2`)
  const of = async (what: string, file: string): Promise<Changes> => ({
    count: Number(await first(connection, `SELECT count(*) FROM keys WHERE what = '${what}'`)),
    examples: await rowsOf(
      connection,
      `SELECT ${shown(shared)} FROM ${quoteName(file)} WHERE ${comparable(key)} IN (${chosenKeys(what)}) ORDER BY ${comparable(key)}`,
    ),
  })
  const before = await of('changed', 'from')
  const after = await of('changed', 'to')
  const examples = before.examples.flatMap((row, place) => [row, after.examples[place] ?? row])
  return { added: await of('added', 'to'), gone: await of('gone', 'from'), changed: { count: after.count, examples } }
}

function chosenKeys(what: string): string {
  return `SELECT k FROM keys WHERE what = '${what}' ORDER BY k LIMIT ${mostExamples}`
}

async function first(connection: DuckDBConnection, sql: string): Promise<unknown> {
  return (await connection.runAndReadAll(sql)).getRows()[0]?.[0]
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Rows['rows']> {
  return (await connection.runAndReadAll(sql)).getRows() as unknown as Rows['rows']
}
