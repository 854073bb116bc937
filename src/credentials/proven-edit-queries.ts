import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import type { Address } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { provenEdits } from '../db/schema/proven-edits.ts'
import { isOpen, isTrying } from './find-edit.ts'
import { connectionsTried } from './tried-connections.ts'

/** What is known of one side of a trial. */
export type Verdict = {
  /** `waiting`: not known yet. `not run`: what it depends on failed. `interrupted`: its process ended. `unknown`: never tried. */
  readonly state: 'ok' | 'failed' | 'waiting' | 'not run' | 'interrupted' | 'unknown'
  readonly code: string | null
  readonly at: Date | null
  /** False for what was known before, or was spared. */
  readonly tried: boolean
  /** What happened and what to do, where it failed. */
  readonly sentence: string | null
  readonly nextStep: string | null
  /** The connection on whose server the account had just been turned away, so that this was not tried. */
  readonly sparedBy: string | null
}

/** A dataset that is made with the credential; null for the name of somebody else's. */
export type TriedDataset = {
  readonly id: string
  readonly name: string | null
  readonly before: Verdict
  readonly after: Verdict
}

/** A connection on which an edit is tried, with its datasets. */
export type TriedConnection = {
  readonly id: string
  readonly name: string
  readonly address: Address
  readonly isDefault: boolean
  readonly before: Verdict
  readonly after: Verdict
  readonly datasets: readonly TriedDataset[]
  /** Datasets beyond those that one edit tries. */
  readonly untried: number
  /** Whether all of it works with the pending version. */
  readonly isProven: boolean
}

/** One side of a conflict. */
export type EditSide = {
  readonly version: number
  readonly name: string
  readonly username: string | null
  readonly description: string
}

export type ProvenEditDetail = {
  readonly id: string
  readonly credentialId: string
  readonly credentialType: string
  readonly state: 'trying' | 'tried' | 'applied' | 'split' | 'discarded' | 'expired'
  /** What is stored now, and what the edit would make of it. */
  readonly stored: EditSide
  readonly edited: EditSide
  readonly createdAt: Date
  readonly createdBy: string
  readonly expiresAt: Date
  readonly decidedAt: Date | null
  readonly decidedBy: string | null
  /** The credential that keeps the old secret; null where it was not split, or that is gone. */
  readonly old: { readonly id: string; readonly name: string } | null
  /** Who changed what the edit was made from, and when; null while nobody did. */
  readonly conflict: { readonly by: string | null; readonly at: Date } | null
  readonly connections: readonly TriedConnection[]
}

/** An edit that waits for a decision, as the page of its credential names it. */
export type OpenEdit = {
  readonly id: string
  readonly createdAt: Date
  readonly by: string
  readonly isTrying: boolean
}

export type ProvenEditQueries = ReturnType<typeof createProvenEditQueries>

/** Reads about proven edits, for those who may edit the credential. No result has room for a secret. */
export function createProvenEditQueries(deps: { db: Database; guard: Guard }) {
  const { db, guard } = deps

  async function mayEdit(actor: UserActor, id: string): Promise<typeof credentials.$inferSelect> {
    const [row] = await db.select().from(credentials).where(eq(credentials.id, id))
    await guard.read(actor, 'credential.edit', row && { ...row, type: 'credential' })
    if (row === undefined) throw new NotFound()
    return row
  }

  return {
    /** Returns an edit with all that was tried. Throws NotFound. */
    async show(actor: UserActor, id: string, editId: string): Promise<ProvenEditDetail> {
      const credential = await mayEdit(actor, id)
      const its = and(eq(provenEdits.id, editId), eq(provenEdits.credentialId, id))
      const [found] = await db
        .select({
          edit: provenEdits,
          isOpen,
          isTrying,
          createdBy: nameOf(provenEdits.createdBy),
          decidedBy: nameOf(provenEdits.decidedBy),
        })
        .from(provenEdits)
        .where(its)
      if (found === undefined) throw new NotFound()
      const { edit, createdBy, decidedBy } = found
      const state = found.isOpen
        ? found.isTrying
          ? 'trying'
          : 'tried'
        : isDecided(edit.state)
          ? edit.state
          : 'expired'
      const isStale = edit.baseRevision !== credential.revision || edit.baseVersion !== credential.currentVersion
      return {
        id: editId,
        credentialId: id,
        credentialType: credential.type,
        state,
        stored: sideOf(credential, credential.currentVersion),
        edited: sideOf(edit, edit.version),
        createdAt: edit.createdAt,
        createdBy: createdBy ?? 'someone',
        expiresAt: edit.expiresAt,
        decidedAt: edit.decidedAt,
        decidedBy,
        old: await namedCredential(db, edit.splitCredentialId),
        conflict: found.isOpen && isStale ? await lastChange(db, credential) : null,
        connections: await connectionsTried(db, actor, { credentialId: id, editId, state }),
      }
    },
  }
}

/** Returns the edits of a credential that wait for a decision, the newest first. */
export async function openEditsOf(db: Database, credentialId: string): Promise<readonly OpenEdit[]> {
  const rows = await db
    .select({ id: provenEdits.id, createdAt: provenEdits.createdAt, by: nameOf(provenEdits.createdBy), isTrying })
    .from(provenEdits)
    .where(and(eq(provenEdits.credentialId, credentialId), isOpen))
    .orderBy(desc(provenEdits.createdAt))
    .limit(20)
  return rows.map((row) => ({ ...row, by: row.by ?? 'someone' }))
}

function isDecided(state: ProvenEditDetail['state']): boolean {
  return state !== 'trying' && state !== 'tried'
}

function nameOf(id: typeof provenEdits.createdBy | typeof provenEdits.decidedBy) {
  return sql<string | null>`(select ${users.name} from ${users} where ${users.id} = ${id})`
}

function sideOf(from: Omit<EditSide, 'version'>, version: number): EditSide {
  const { name, username, description } = from
  return { version, name, username, description }
}

async function namedCredential(db: Database, id: string | null): Promise<ProvenEditDetail['old']> {
  if (id === null) return null
  const { name } = credentials
  const [row] = await db.select({ id: credentials.id, name }).from(credentials).where(eq(credentials.id, id))
  return row ?? null
}

/** What makes another of a credential; the ledger knows by whom. */
const changes = ['credential.edit', 'credential.apply-edit', 'credential.split-edit', 'credential.restore']

async function lastChange(db: Database, credential: typeof credentials.$inferSelect) {
  const its = and(
    eq(auditEntries.resourceType, 'credential'),
    eq(auditEntries.resourceId, credential.id),
    eq(auditEntries.outcome, 'allowed'),
    inArray(auditEntries.action, changes),
    // What only began an edit, or tried it again, has changed nothing.
    sql`not ${auditEntries.details} ? 'edit' or ${auditEntries.action} <> 'credential.edit'`,
  )
  const [row] = await db
    .select({ by: users.name, at: auditEntries.time })
    .from(auditEntries)
    .leftJoin(users, eq(users.id, auditEntries.actorId))
    .where(its)
    .orderBy(desc(auditEntries.sequence))
    .limit(1)
  return row ?? { by: null, at: credential.updatedAt }
}
