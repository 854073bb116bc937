import { and, eq, isNull, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { currentDestination } from '../connections/destination.ts'
import type { Diagnosis } from '../connector/driver.ts'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { provenEdits, provenEditTrials } from '../db/schema/proven-edits.ts'
import { trippingCodes } from './breaker.ts'
import { judgeEdit, writeEditedVersion } from './edited-version.ts'
import { type CredentialResource, findCredential, type VaultDependencies } from './find-credential.ts'
import type { Learned } from './learned.ts'
import type { CredentialEdit, EditOutcome } from './vault.ts'

/** What is kept beside the code of one side of a trial. */
export type Finding = {
  /** ISO 8601. */
  readonly at: string
  /** False for what was known before the edit, and for what was not tried so that no account is locked. */
  readonly tried: boolean
  readonly diagnosis: Diagnosis | null
  /** Of a good sign-in with the pending version: kept with the association once that is the present one. */
  readonly learned?: Learned
  /** The connection on whose server the same account had just been turned away. */
  readonly sparedBy?: string
}

export type StartOutcome =
  | { readonly ok: true; readonly editId: string; readonly version: number }
  | Extract<EditOutcome, { ok: false }>

type Row = CredentialResource['row']
type Trial = typeof provenEditTrials.$inferInsert

/** How long a pending version waits for a decision. */
const lifetime = sql<Date>`now() + interval '1 hour'`

/** At most this many datasets are tried in one edit, the newest; the page counts the others. */
const mostDatasets = 500

/** Seals what was typed as a pending version and writes down what it is to be tried on; see `Vault.startEdit`. */
export function startEdit(
  deps: VaultDependencies,
  actor: UserActor,
  id: string,
  change: CredentialEdit,
): Promise<StartOutcome> {
  return deps.guard.change<StartOutcome, CredentialResource>(
    actor,
    'credential.edit',
    (tx) => findCredential(tx, id),
    async ({ tx, note, abandon }, { row }) => {
      const name = await judgeEdit(tx, row, change)
      if (!name.ok) return abandon(name)
      const bonds = await bondsOf(tx, id)
      const usable = bonds.filter(({ bond, ...connection }) => bond.destination === currentDestination(connection))
      const pending = { until: lifetime, connectionIds: usable.map(({ bond }) => bond.connectionId) }
      const next = await writeEditedVersion(tx, deps, row, change.typed, actor.id, pending)
      if (!next.ok) return abandon({ ok: false, reason: 'fields', errors: next.errors } as const)
      const { version, username } = next
      const editId = newId()
      const { name: typedName, key: nameKey } = name
      const { description } = change
      await tx.insert(provenEdits).values({
        ...{ id: editId, organizationId: row.organizationId, credentialId: id, createdBy: actor.id },
        ...{ version, baseVersion: row.currentVersion, baseRevision: row.revision },
        ...{ name: typedName, nameKey, description, username },
        ...{ state: 'trying', expiresAt: lifetime, heartbeatAt: sql`now()` },
      })
      const trials = [
        ...bonds.map(({ bond }) => signInTrial(editId, row, bond)),
        ...(await datasetTrials(tx, editId, row)),
      ]
      if (trials.length > 0) await tx.insert(provenEditTrials).values(trials)
      note({ version, edit: editId, pending: true, trials: trials.length })
      return { ok: true, editId, version }
    },
    { id },
  )
}

function bondsOf(tx: Transaction, credentialId: string) {
  return (
    tx
      .select({ bond: associations, driver: connections.driver, parameters: connections.parameters })
      .from(associations)
      .innerJoin(connections, eq(connections.id, associations.connectionId))
      .where(eq(associations.credentialId, credentialId))
      // A connection may be deleted at this moment.
      .for('key share', { of: connections })
  )
}

/**
 * What the present version is known to be refused by is not asked again: that could lock the account there. While it is
 * paused it is not tried anywhere, and what came of its last sign-in is shown, or what paused it.
 */
function signInTrial(editId: string, { pausedAt, pausedCode }: Row, bond: typeof associations.$inferSelect): Trial {
  const trial = { id: newId(), editId, connectionId: bond.connectionId }
  const { lastSignInCode: code, lastSignInAt: at } = bond
  const isRefused = trippingCodes.some((one) => one === code)
  if (at !== null && (isRefused || pausedAt !== null)) return { ...trial, ...knownBefore(code, at) }
  return pausedAt === null ? trial : { ...trial, ...knownBefore(pausedCode, pausedAt) }
}

/** One for each dataset that is made with the credential, with what came of its last snapshot. */
async function datasetTrials(tx: Transaction, editId: string, row: Row): Promise<Trial[]> {
  const ended = sql`(select v.id from ${datasetVersions} v where v.dataset_id = ${datasets.id}
    and v.status in ('completed', 'failed') order by v.number desc limit 1)`
  const found = await tx
    .select({ id: datasets.id, connectionId: associations.connectionId, last: datasetVersions })
    .from(datasets)
    .innerJoin(
      associations,
      and(eq(associations.connectionId, datasets.connectionId), eq(associations.credentialId, row.id)),
    )
    .leftJoin(datasetVersions, eq(datasetVersions.id, ended))
    .where(and(eq(datasets.credentialId, row.id), isNull(datasets.deletedAt)))
    .orderBy(sql`${datasets.createdAt} desc`)
    .limit(mostDatasets)
  return found.map(({ id: datasetId, connectionId, last }) => {
    const code = last === null ? null : last.status === 'completed' ? 'ok' : last.code
    const known = last === null ? {} : knownBefore(code, last.finishedAt ?? last.createdAt)
    return { id: newId(), editId, connectionId, datasetId, ...known }
  })
}

function knownBefore(oldCode: string | null, at: Date) {
  return { oldCode, oldDiagnosis: { at: at.toISOString(), tried: false, diagnosis: null } satisfies Finding }
}
