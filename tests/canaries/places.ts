import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Needles } from './needles.ts'

/** Somewhere a secret could have ended up: a file, a table, an answer. */
export type Place = { readonly name: string; readonly bytes: Buffer }

/** Reads every file under a folder. */
export function* filesIn(folder: string): Generator<Place> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    yield { name: path.slice(folder.length + 1), bytes: readFileSync(path) }
  }
}

/** Reads every row of every table as text (binary columns in hex, and once more as what they hold). */
export async function tablesOf(url: string): Promise<Place[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const places: Place[] = []
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    )
    for (const { name } of tables.rows) {
      const { rows } = await client.query<Record<string, unknown>>(
        `select t.*, t::text as "row as text" from ${name} t`,
      )
      const values = rows.flatMap((row) => Object.values(row).map((value) => asBytes(value)))
      places.push({ name: `table ${name} (${rows.length} rows)`, bytes: Buffer.concat(values) })
    }
    return places
  } finally {
    await client.end()
  }
}

function asBytes(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return Buffer.concat([value, Buffer.from('\n')])
  return Buffer.from(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
}

/** Returns a line for each place where a secret is, naming both. */
export function findings(needles: Needles, places: Iterable<Place>): string[] {
  return [...places].flatMap(({ name, bytes }) => [...needles.findIn(bytes)].map((what) => `${what} in ${name}`))
}
