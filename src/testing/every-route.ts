import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import type { Route } from '../http/routing.ts'

/** Values for the parameters of a route's path, by name. */
export type PathValues = Readonly<Record<string, string>>

/** Returns the route's path with its parameters filled in: from `values`, else a random UUID, 1 or a name. */
export function pathOf(route: Pick<Route, 'path'>, values: PathValues = {}): string {
  return route.path.replace(/:([A-Za-z]+)/g, (_, name: string) => values[name] ?? anyValue(name))
}

function anyValue(name: string): string {
  if (name === 'id' || name.endsWith('Id')) return randomUUID()
  return name === 'version' ? '1' : 'something'
}

/** Returns a digest of every row of every table, by table, to see whether anything changed. */
export async function fingerprint(db: Database, except: readonly string[] = []): Promise<Record<string, string>> {
  const tables = await db.execute<{ name: string }>(
    sql`select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  )
  const digests: Record<string, string> = {}
  for (const { name } of tables.rows.filter((table) => !except.includes(table.name))) {
    const { rows } = await db.execute<{ digest: string }>(
      sql`select coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') as digest from ${sql.identifier(name)} t`,
    )
    digests[name] = rows[0]?.digest ?? ''
  }
  return digests
}
