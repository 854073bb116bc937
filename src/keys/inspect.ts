import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { associations, credentials, credentialVersions, grants } from '../db/schema/credentials.ts'
import { keyring, keyringWraps } from '../db/schema/keyring.ts'
import { datasetKeys } from '../db/schema/storage.ts'
import { openForConnection, openForOwner } from '../secrets/grants.ts'
import { OpenFailed } from '../secrets/record.ts'
import type { Keys } from './key-store.ts'

/** One term as `keyward key list` shows it. */
export type TermRow = {
  readonly term: number
  readonly purpose: 'records' | 'audit'
  readonly state: string
  /** Of the KEKs that wrap it. */
  readonly fingerprints: readonly string[]
  readonly grants: number
  /** Keys of datasets' snapshots that are sealed under it. */
  readonly datasetKeys: number
  readonly createdAt: Date
}

/** Returns the terms of the keyring, with how many grants and keys of datasets are sealed under each. */
export async function listTerms(db: Database): Promise<readonly TermRow[]> {
  const wraps = await db.select().from(keyringWraps)
  const counts = await db
    .select({ term: grants.keyTerm, count: sql<number>`count(*)::int` })
    .from(grants)
    .groupBy(grants.keyTerm)
  const ofDatasets = await db
    .select({ term: datasetKeys.keyTerm, count: sql<number>`count(*)::int` })
    .from(datasetKeys)
    .groupBy(datasetKeys.keyTerm)
  const terms = await db.select().from(keyring).orderBy(asc(keyring.term))
  return terms.map(({ term, purpose, state, createdAt }) => ({
    term,
    purpose,
    state,
    createdAt,
    fingerprints: wraps.filter((wrap) => wrap.term === term).map((wrap) => wrap.fingerprint),
    grants: counts.find((each) => each.term === term)?.count ?? 0,
    datasetKeys: ofDatasets.find((each) => each.term === term)?.count ?? 0,
  }))
}

/** Something that does not open. `grantId` is null for a version whose owner grant is gone, so that nothing opens it. */
export type KeyFailure = { readonly grantId: string | null; readonly credentialId: string; readonly version: number }

/** What `keyward key verify` found. `failures` names at most a hundred of those that failed. */
export type KeyReport = { readonly grants: number; readonly failed: number; readonly failures: readonly KeyFailure[] }

const batch = 200
const mostNamed = 100

/**
 * Opens every grant with its payload, looks for versions without an owner grant, and reports what does not open; bounded
 * memory. An association's grant is opened for
 * the destination its owner agreed to: one that waits for its owner to confirm another is sound.
 */
export async function verifyGrants(db: Database, keys: Keys): Promise<KeyReport> {
  const orphans = await withoutOwnerGrant(db)
  const report = { grants: 0, failed: orphans.count, failures: orphans.named }
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await nextGrants(db, after)
    for (const row of rows) {
      report.grants += 1
      if (opens(keys, row)) continue
      report.failed += 1
      const { id: grantId, credentialId, version } = row.grant
      if (report.failures.length < mostNamed) report.failures.push({ grantId, credentialId, version })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < batch) return report
    after = last.grant.id
  }
}

/** Versions that exist, or that a credential says is its present one, and that its owner cannot open. */
async function withoutOwnerGrant(db: Database): Promise<{ count: number; named: KeyFailure[] }> {
  const { rows } = await db.execute<{ credential_id: string; version: number; count: number }>(sql`
    select credential_id, version, count(*) over ()::int as count
    from (
      select credential_id, version from ${credentialVersions} where payload is not null union select id, current_version from ${credentials}
    ) as expected
    where not exists (
      select from ${grants} as held where held.credential_id = expected.credential_id
        and held.version = expected.version and held.purpose = 'owner'
    )
    order by credential_id, version limit ${mostNamed}`)
  const named = rows.map((row) => ({ grantId: null, credentialId: row.credential_id, version: row.version }))
  return { count: rows[0]?.count ?? 0, named }
}

type GrantRow = Awaited<ReturnType<typeof nextGrants>>[number]

function nextGrants(db: Database, after: string) {
  return db
    .select({
      grant: grants,
      payload: credentialVersions.payload,
      // The credential's, not the grant's own column: a record moved to another organization must not open.
      organizationId: credentials.organizationId,
      destination: associations.destination,
    })
    .from(grants)
    .innerJoin(
      credentialVersions,
      and(eq(credentialVersions.credentialId, grants.credentialId), eq(credentialVersions.version, grants.version)),
    )
    .innerJoin(credentials, eq(credentials.id, grants.credentialId))
    .leftJoin(
      associations,
      and(eq(associations.credentialId, grants.credentialId), eq(associations.connectionId, grants.connectionId)),
    )
    .where(gt(grants.id, after))
    .orderBy(asc(grants.id))
    .limit(batch)
}

function opens(keys: Keys, row: GrantRow): boolean {
  const { credentialId, version, connectionId } = row.grant
  const { payload } = row
  // A grant of what was erased opens nothing, and should have gone with it.
  if (payload === null) return false
  const identity = { deploymentId: keys.deploymentId, organizationId: row.organizationId, credentialId, version }
  try {
    const fields =
      connectionId === null
        ? openForOwner(keys.keyring, identity, row.grant, payload)
        : openForConnection(keys.keyring, identity, row.grant, payload, {
            connectionId,
            destination: row.destination ?? '',
          })
    for (const secret of Object.values(fields)) secret.wipe()
    return true
  } catch (error) {
    if (error instanceof OpenFailed) return false
    throw error
  }
}
