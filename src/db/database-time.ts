import { sql } from 'drizzle-orm'
import type { Reader } from './client.ts'

/**
 * Returns the time by the database's clock, which all processes share: that of a process may jump. Inside a transaction it
 * is when that began.
 */
export async function databaseTime(reader: Reader): Promise<Date> {
  const { rows } = await reader.execute<{ now: string }>(sql`select extract(epoch from now()) * 1000 as now`)
  return new Date(Number(rows[0]?.now))
}
