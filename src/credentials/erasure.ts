import { and, asc, eq, inArray, isNotNull, isNull, lt, ne, sql } from 'drizzle-orm'
import { system } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { Refusal } from '../access/refusals.ts'
import type { Database, Transaction } from '../db/client.ts'
import { credentials, credentialVersions, grants } from '../db/schema/credentials.ts'
import type { Log } from '../log.ts'
import { createSchedule } from '../schedule.ts'
import { type CredentialResource, findCredential } from './find-credential.ts'
import { restorableDays } from './restore.ts'

export type Erasure = ReturnType<typeof createErasure>

const batchSize = 500

/**
 * Erases what was replaced 30 days ago, at start and from then on every `milliseconds` (an hour) in every process: of such
 * a version stays who made it and when, and nothing that opens.
 */
export function createErasure(deps: { db: Database; guard: Guard; log: Log; milliseconds?: number }) {
  const { db, guard, log, milliseconds = 3_600_000 } = deps

  /** Resolves with how many were erased; 0 where another process was quicker. */
  function erase(credentialId: string): Promise<number> {
    return guard.change<number, CredentialResource>(
      system,
      'credential.erase',
      (tx) => findCredential(tx, credentialId),
      async ({ tx, note, abandon }, { row }) => {
        const versions = await eraseDue(tx, row)
        if (versions === 0) return abandon(0)
        note({ versions })
        return versions
      },
      { id: credentialId },
    )
  }

  async function eraseBatch(signal?: AbortSignal): Promise<number> {
    let erased = 0
    for (const id of await dueCredentials(db)) {
      if (signal?.aborted) break
      try {
        erased += await erase(id)
      } catch (error) {
        // Deleted meanwhile: nothing is left to erase. Anything else of one credential must not keep the others.
        if (!(error instanceof Refusal)) log.error('an old version could not be erased', error, { credential: id })
      }
    }
    return erased
  }

  async function once(signal?: AbortSignal): Promise<number> {
    let erased = 0
    for (let batch = await eraseBatch(signal); batch > 0; batch = await eraseBatch(signal)) {
      erased += batch
      if (signal?.aborted) break
    }
    return erased
  }

  const { start, close } = createSchedule({
    work: async (signal) => void (await once(signal)),
    failure: 'erasing old versions failed',
    log,
    milliseconds,
  })

  return {
    /** Erases all that is due, and resolves with how many versions that were. */
    once: () => once(),
    start,
    /** Stops after the credential that is being worked on. Call it before the database is closed. */
    close,
  }
}

const { replacedAt, payload, pendingUntil, version } = credentialVersions
const { currentVersion } = credentials

/** The present version is never due, whatever its row says. */
const isDue = and(
  lt(replacedAt, sql`now() - make_interval(days => ${restorableDays})`),
  isNotNull(payload),
  isNull(pendingUntil),
)

async function dueCredentials(db: Database): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ id: credentials.id })
    .from(credentialVersions)
    .innerJoin(credentials, and(eq(credentials.id, credentialVersions.credentialId), ne(version, currentVersion)))
    .where(isDue)
    .orderBy(asc(replacedAt))
    .limit(batchSize)
  return new Set(rows.map(({ id }) => id))
}

async function eraseDue(tx: Transaction, row: CredentialResource['row']): Promise<number> {
  const its = and(eq(credentialVersions.credentialId, row.id), ne(version, row.currentVersion), isDue)
  const erased = await tx.update(credentialVersions).set({ payload: null }).where(its).returning({ version })
  const versions = erased.map((one) => one.version)
  if (versions.length === 0) return 0
  await tx.delete(grants).where(and(eq(grants.credentialId, row.id), inArray(grants.version, versions)))
  return versions.length
}
