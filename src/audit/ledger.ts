import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { encodeContext } from '../secrets/context.ts'
import { hmac } from '../secrets/primitives.ts'

/** What is written down of one action: ids, names of actions and counts. There is no room for a secret. */
export type AuditEntry = {
  readonly actor: {
    readonly kind: 'user' | 'system' | 'anonymous'
    readonly id: string | null
    readonly address: string | null
  }
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string | null }
  readonly organizationId: string | null
  readonly outcome: 'allowed' | 'denied' | 'failed'
  /** Why a secret was used. */
  readonly purpose?: string | null
  readonly requestId?: string | null
  readonly runId?: string | null
  readonly details?: Record<string, string | number | boolean | null>
}

/** The ledger cannot be written, so what was to be recorded did not happen. */
export class LedgerUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('The audit ledger cannot be written, so nothing was done. Try again in a moment.', options)
  }
}

export type Ledger = {
  /**
   * Appends an entry to the chain, in the caller's transaction. Call it last: it takes the lock that puts writers in a
   * row, which is held until that transaction ends. Throws LedgerUnavailable.
   */
  append(tx: Transaction, entry: AuditEntry): Promise<void>
}

type Row = typeof auditEntries.$inferInsert

/** The hash that the first entry follows. */
export const firstPreviousHash = Buffer.alloc(32)

/** Returns the ledger of one process; `instance` names it in every entry. */
export function createLedger(options: { key: Buffer; instance: string }): Ledger {
  const { key, instance } = options
  return {
    async append(tx, entry) {
      try {
        const columns = { ...columnsOf(entry), instance }
        const last = await lockTail(tx)
        const row = {
          ...columns,
          sequence: (last?.sequence ?? 0) + 1,
          time: new Date(),
          previousHash: last?.hash ?? firstPreviousHash,
        }
        const hash = hashOf(row)
        await tx.insert(auditEntries).values({ ...row, hash, mac: hmac(key, hash) })
      } catch (error) {
        throw new LedgerUnavailable({ cause: error })
      }
    },
  }
}

/** The columns that an entry fills, as the database will give them back: else the hash of what is read were another. */
function columnsOf(entry: AuditEntry) {
  return {
    actorKind: entry.actor.kind,
    actorId: entry.actor.id?.toLowerCase() ?? null,
    actorAddress: storable(entry.actor.address),
    action: entry.action,
    resourceType: entry.resource.type,
    resourceId: storable(entry.resource.id),
    organizationId: entry.organizationId?.toLowerCase() ?? null,
    outcome: entry.outcome,
    purpose: storable(entry.purpose),
    requestId: storable(entry.requestId),
    runId: entry.runId?.toLowerCase() ?? null,
    details: storableDetails(entry.details ?? {}),
  }
}

/** A text that PostgreSQL takes, whatever came with a request: an odd id must be refused, not make the ledger fail. */
function storable(text: string | null | undefined): string | null {
  return text == null ? null : text.slice(0, longest).toWellFormed().replaceAll('\0', '\ufffd')
}

const longest = 500

function storableDetails(details: Row['details']): Row['details'] {
  return JSON.parse(JSON.stringify(details), (_name, value) => (typeof value === 'string' ? storable(value) : value))
}

/** Returns what an entry's own hash must be: SHA-256 over an injective encoding of all its columns. */
export function hashOf(row: Omit<Row, 'hash' | 'mac'>): Buffer {
  const nullable = (value: string | null | undefined) =>
    value == null ? Buffer.from([0]) : Buffer.from(`\u0001${value}`)
  const encoded = encodeContext([
    'keyward/audit/v1',
    row.sequence,
    row.time.toISOString(),
    row.actorKind,
    nullable(row.actorId),
    nullable(row.actorAddress),
    row.action,
    row.resourceType,
    nullable(row.resourceId),
    nullable(row.organizationId),
    row.outcome,
    nullable(row.purpose),
    nullable(row.requestId),
    nullable(row.runId),
    row.instance,
    canonicalDetails(row.details),
    row.previousHash,
  ])
  return createHash('sha256').update(encoded).digest()
}

/** The details as JSON with sorted names, so that the order in which a database returns them does not matter. */
function canonicalDetails(details: Row['details']): string {
  return JSON.stringify(Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Waits for the writers before, and returns the last entry of theirs. `ledger_tail` is in the migrations. */
async function lockTail(tx: Transaction): Promise<{ sequence: number; hash: Buffer } | undefined> {
  const { rows } = await tx.execute<{ sequence: string; hash: Buffer }>(sql`select * from ledger_tail()`)
  return rows[0] && { sequence: Number(rows[0].sequence), hash: rows[0].hash }
}
