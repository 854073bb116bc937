import { and, eq, sql } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { parseName } from '../names.ts'
import type { Secret } from '../secrets/secret.ts'
import {
  type CredentialType,
  parseEditedFields,
  type TypedFields,
  touchesSecrets,
  usernameOf,
} from './credential-type.ts'
import { type Expiry, expiryOf } from './expiry.ts'
import type { VaultDependencies } from './find-credential.ts'
import { nothingSeen } from './learned.ts'
import { accountNameTaken } from './queries.ts'
import { nextVersion, openPresent, type PendingVersion, writeVersion } from './sealed-versions.ts'
import { credentialType } from './types/registry.ts'
import type { CredentialEdit, EditOutcome } from './vault.ts'

type Row = typeof credentials.$inferSelect
type Fields = Readonly<Record<string, Secret>>

export type NextVersion =
  | {
      readonly ok: true
      readonly version: number
      readonly username: string | null
      /** Of a version that is new; the present one keeps its own. */
      readonly expiry?: Expiry
    }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }

type EditRefused = Extract<EditOutcome, { ok: false; reason: 'stale' | 'name' }>
export type JudgedEdit = { readonly ok: true; readonly name: string; readonly key: string } | EditRefused

/** Returns the name that an edit gives, parsed, or why the edit cannot be made of what is stored now. */
export async function judgeEdit(tx: Transaction, row: Row, change: CredentialEdit): Promise<JudgedEdit> {
  if (row.revision !== change.revision) return { ok: false, reason: 'stale', current: row }
  const name = parseName(change.name, 'Account name')
  if (!name.ok) return { ok: false, reason: 'name', error: name.error }
  if (await nameUsed(tx, row.ownerId, name.key, row.id)) {
    return { ok: false, reason: 'name', error: accountNameTaken(name.name) }
  }
  return name
}

/**
 * Seals what an edit leaves as the next version, unless that is the present one: a blank secret keeps what is sealed. With
 * `pending` it waits and nothing else changes. Throws Unreadable.
 */
export async function writeEditedVersion(
  tx: Transaction,
  deps: VaultDependencies,
  row: Row,
  typed: TypedFields,
  by: string | null,
  pending?: PendingVersion,
): Promise<NextVersion> {
  const type = knownType(row.type)
  const present = await openPresent(tx, deps, row)
  const edited = parseEditedFields(type, typed, present)
  try {
    if (!edited.ok) return edited
    return await writeEdited(tx, deps, row, { type, typed, present, fields: edited.fields, by, pending })
  } finally {
    for (const fields of [present, edited.ok ? edited.fields : {}]) {
      for (const secret of Object.values(fields)) secret.wipe()
    }
  }
}

/** Returns the type of a stored credential. Throws where this version of Keyward does not know it. */
export function knownType(id: string): CredentialType {
  const type = credentialType(id)
  if (type === undefined) throw new Error('A credential has a type that this version of Keyward does not know.')
  return type
}

/** Reports whether another credential of this owner has the name key. */
export async function nameUsed(tx: Transaction, ownerId: string, key: string, exceptId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.ownerId, ownerId), eq(credentials.nameKey, key), sql`${credentials.id} <> ${exceptId}`))
  return row !== undefined
}

type Edited = {
  readonly type: CredentialType
  readonly typed: TypedFields
  readonly present: Fields
  readonly fields: Fields
  readonly by: string | null
  readonly pending: PendingVersion | undefined
}

async function writeEdited(
  tx: Transaction,
  deps: VaultDependencies,
  row: Row,
  { type, typed, present, fields, by, pending }: Edited,
): Promise<NextVersion> {
  const username = usernameOf(type, fields)
  if (!touchesSecrets(type, typed) && sameFields(present, fields)) {
    return { ok: true, version: row.currentVersion, username }
  }
  if (pending === undefined && username !== row.username) {
    await tx.update(associations).set(nothingSeen).where(eq(associations.credentialId, row.id))
  }
  const version = await nextVersion(tx, row.id)
  const waits = pending === undefined ? {} : { pending }
  const expiry = expiryOf(type.id, fields)
  const write = { version, fields, by, reason: 'edited', follows: row.currentVersion, expiry, ...waits } as const
  await writeVersion(tx, deps, row, write)
  return { ok: true, version, username, expiry }
}

function sameFields(a: Fields, b: Fields): boolean {
  const ids = Object.keys(a)
  if (ids.length !== Object.keys(b).length) return false
  return ids.every((id) => {
    const other = b[id]
    return other !== undefined && a[id]?.expose().equals(other.expose())
  })
}
