import { asc, desc, getTableColumns, gt, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { equalBytes, hmac } from '../secrets/primitives.ts'
import { firstPreviousHash, hashOf } from './ledger.ts'

/** The end of the ledger at some moment, to be kept where the database's owner cannot change it. `hash` is hex. */
export type Checkpoint = { readonly sequence: number; readonly hash: string }

/** What `keyward audit verify` found: how many entries hold, or the first one that does not. */
export type LedgerReport =
  | { readonly ok: true; readonly entries: number }
  | { readonly ok: false; readonly sequence: number; readonly problem: string }

const batch = 5_000

/** Returns the ledger's end, or null while it is empty. */
export async function checkpoint(db: Database): Promise<Checkpoint | null> {
  const { sequence, hash } = auditEntries
  const [last] = await db.select({ sequence, hash }).from(auditEntries).orderBy(desc(sequence)).limit(1)
  return last === undefined ? null : { sequence: last.sequence, hash: last.hash.toString('hex') }
}

/**
 * Reads the whole ledger, in order and in bounded memory, and reports the first entry that was edited, deleted, inserted
 * or moved. That its end was cut off can be seen only against a checkpoint from before.
 */
export async function verifyLedger(db: Database, key: Buffer, known?: Checkpoint): Promise<LedgerReport> {
  let previous: { readonly sequence: number; readonly hash: Buffer } = { sequence: 0, hash: firstPreviousHash }
  for await (const rows of batches(db)) {
    for (const row of rows) {
      const problem = problemOf(row, previous, key, known)
      if (problem !== undefined) return { ok: false, sequence: previous.sequence + 1, problem }
      previous = row
    }
  }
  if (known !== undefined && previous.sequence < known.sequence) {
    const problem = `The ledger ends at ${previous.sequence}, the checkpoint at ${known.sequence}: its end was cut off.`
    return { ok: false, sequence: previous.sequence + 1, problem }
  }
  return { ok: true, entries: previous.sequence }
}

type Row = Awaited<ReturnType<typeof nextEntries>>[number]

/** The ledger in batches; the database reads the next one while this one is being checked. */
async function* batches(db: Database): AsyncGenerator<readonly Row[]> {
  let next: Promise<readonly Row[]> | undefined = fetchEntries(db, undefined)
  while (next !== undefined) {
    const rows: readonly Row[] = await next
    next = rows.length < batch ? undefined : fetchEntries(db, rows.at(-1)?.sequence)
    // Whoever stops at a bad entry leaves this one unread; if it fails, nobody needs to know.
    next?.catch(() => {})
    yield rows
  }
}

async function fetchEntries(db: Database, after: number | undefined): Promise<readonly Row[]> {
  return nextEntries(db, after)
}

/** The next entries; the first batch starts wherever the table does, since an entry before the first was inserted. */
function nextEntries(db: Database, after: number | undefined) {
  return db
    .select({ ...getTableColumns(auditEntries), lateBy })
    .from(auditEntries)
    .where(after === undefined ? undefined : gt(auditEntries.sequence, after))
    .orderBy(asc(auditEntries.sequence))
    .limit(batch)
}

/** Microseconds past the millisecond: entries are written without any, and a `Date` does not show them. */
const lateBy = sql<number>`extract(microseconds from ${auditEntries.time})::int % 1000`

function problemOf(
  row: Row,
  previous: { readonly sequence: number; readonly hash: Buffer },
  key: Buffer,
  known: Checkpoint | undefined,
): string | undefined {
  if (row.sequence < 1) return `An entry with the number ${row.sequence} was inserted before the first one.`
  if (row.sequence !== previous.sequence + 1) return 'An entry is missing here.'
  if (!equalBytes(row.previousHash, previous.hash)) return 'This entry does not follow the one before it.'
  if (!hasItsHash(row)) return 'This entry was edited.'
  if (!equalBytes(row.mac, hmac(key, row.hash))) return 'This entry was not written by Keyward.'
  if (known?.sequence === row.sequence && known.hash !== row.hash.toString('hex')) {
    return 'This entry is not the one that the checkpoint names.'
  }
  return undefined
}

/** Values that Keyward never writes (details that are a list, a time that is infinite) are edits like any other. */
function hasItsHash(row: Row): boolean {
  if (row.lateBy !== 0 || row.details === null || Array.isArray(row.details)) return false
  try {
    return equalBytes(row.hash, hashOf(row))
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
