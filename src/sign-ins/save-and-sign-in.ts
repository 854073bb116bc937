import type { UserActor } from '../access/actor.ts'
import type { ConnectionQueries } from '../connections/queries.ts'
import type { Diagnosis } from '../connector/driver.ts'
import {
  type CredentialType,
  parseNewFields,
  type TypedFields,
  touchesSecrets,
} from '../credentials/credential-type.ts'
import type { Learned } from '../credentials/learned.ts'
import { accountNameTaken, type CredentialDetail, type CredentialQueries } from '../credentials/queries.ts'
import { credentialType } from '../credentials/types/registry.ts'
import type { CredentialEdit, CurrentCredential, EditOutcome, Vault } from '../credentials/vault.ts'
import { parseName, refuseDescription } from '../names.ts'
import type { Secret } from '../secrets/secret.ts'
import { closedAccount } from './closed-account.ts'
import type { SignIns } from './sign-ins.ts'
import type { RunOptions } from './use-connection.ts'

/** Whether what was stored has proven itself, and if not, why. */
export type Proof = 'signed in' | 'skipped' | 'still paused' | 'nothing to try' | 'nothing to prove'

/** What "Save and sign in" came to (product.md §2.2). */
export type SaveAndSignIn =
  | { readonly kind: 'saved'; readonly id: string; readonly proof: Proof }
  /** Not stored: the target refused. What was typed is kept by the form, secrets aside. */
  | { readonly kind: 'refused'; readonly diagnosis: Diagnosis; readonly connectionId: string }
  | { readonly kind: 'invalid'; readonly errors: Readonly<Record<string, string>> }
  | { readonly kind: 'stale'; readonly current: CurrentCredential }

/** What an edit came to. Where it is to be proven nothing is stored yet but a pending version, for `ProvenEdits.begin` to try. */
export type SavedEdit = SaveAndSignIn | { readonly kind: 'proving'; readonly id: string; readonly editId: string }

export type NewAccount = {
  readonly type: CredentialType
  readonly name: string
  readonly description: string
  readonly typed: TypedFields
  /** The connection to associate with, and to try first; null for none. */
  readonly connectionId: string | null
  /** Where the page said the connection leads (canonical text); where it leads when saving begins, unless told. */
  readonly destination?: string | undefined
  /** False for *Save without signing in*. */
  readonly signIn: boolean
}

const purpose = 'sign in before saving'

export type SavingAccounts = ReturnType<typeof createSavingAccounts>

/** Stores new and edited accounts, each proven first on a connection where there is one. */
export function createSavingAccounts(deps: {
  vault: Vault
  queries: CredentialQueries
  connections: ConnectionQueries
  signIns: SignIns
}) {
  const { vault, queries, connections, signIns } = deps
  return {
    /** Signs in with what was typed, then stores and associates it. Field errors carry field ids, and `name`. */
    async create(actor: UserActor, account: NewAccount, options: RunOptions = {}): Promise<SaveAndSignIn> {
      const name = parseName(account.name, 'Account name')
      const parsed = parseNewFields(account.type, account.typed)
      try {
        if (!name.ok || !parsed.ok) return invalid(name.ok ? {} : { name: name.error }, parsed.ok ? {} : parsed.errors)
        const tooLong = refuseDescription(account.description)
        if (tooLong !== undefined) return invalid({ description: tooLong })
        if (await queries.nameInUse(actor, name.key)) return invalid({ name: accountNameTaken(name.name) })
        const { connectionId } = account
        if (connectionId === null) return await store(actor, account, null)
        // What is tried and what is granted must be one: someone else may change the connection between the two.
        const destination = account.destination ?? (await connections.show(actor, connectionId)).destination
        if (!account.signIn) return await store(actor, account, { connectionId, destination, learned: {} })
        const tried = { kind: 'typed', type: account.type.id, fields: parsed.fields, destination } as const
        const { code, diagnosis, learned } = await signIns.create(actor, connectionId, tried, purpose, options)
        if (code !== 'ok') return { kind: 'refused', diagnosis, connectionId }
        return await store(actor, account, { connectionId, destination, learned })
      } finally {
        if (parsed.ok) wipe(parsed.fields)
      }
    },

    /**
     * Stores a new name or description at once. Another username or secret becomes a proven edit where the credential is
     * associated with something that can be tried, unless it is to be saved without signing in.
     */
    async edit(actor: UserActor, id: string, edit: CredentialEdit & { readonly signIn: boolean }): Promise<SavedEdit> {
      const detail = await queries.show(actor, id)
      const tooLong = refuseDescription(edit.description)
      if (tooLong !== undefined) return invalid({ description: tooLong })
      const changes = changesFields(detail, edit.typed)
      if (changes && edit.signIn && detail.associations.some((bond) => !bond.destinationChanged)) {
        const started = await vault.startEdit(actor, id, edit)
        return started.ok ? { kind: 'proving', id, editId: started.editId } : notStored(started)
      }
      const saved = await vault.edit(actor, id, edit)
      if (!saved.ok) return notStored(saved)
      const unproven = detail.pause !== null ? 'still paused' : edit.signIn ? 'nothing to try' : 'skipped'
      return { kind: 'saved', id, proof: changes ? unproven : 'nothing to prove' }
    },
  }

  async function store(actor: UserActor, account: NewAccount, proven: Proven | null): Promise<SaveAndSignIn> {
    const { type, name, description } = account
    // Parsed again: the worker that signed in has wiped the first copy.
    const parsed = parseNewFields(type, account.typed)
    if (!parsed.ok) return invalid(parsed.errors)
    const { fields } = parsed
    const associated =
      proven === null
        ? { connectionIds: [] }
        : { connectionIds: [proven.connectionId], destinations: { [proven.connectionId]: proven.destination } }
    const its = { type: type.id, name, description, fields, ...associated }
    const saved = await vault.create(actor, its).finally(() => wipe(fields))
    if (!saved.ok && saved.reason === 'name') return invalid({ name: saved.error })
    if (!saved.ok) {
      return { kind: 'refused', diagnosis: closedAccount('moved').diagnosis, connectionId: proven?.connectionId ?? '' }
    }
    const { id } = saved
    if (proven === null) return { kind: 'saved', id, proof: 'nothing to try' }
    if (!account.signIn) return { kind: 'saved', id, proof: 'skipped' }
    await signIns.credit(actor, proven.connectionId, id, proven.learned)
    return { kind: 'saved', id, proof: 'signed in' }
  }
}

function wipe(fields: Readonly<Record<string, Secret>>): void {
  for (const secret of Object.values(fields)) secret.wipe()
}

/** Where an account is to be associated, and the destination that its sign-in was for. */
type Proven = { readonly connectionId: string; readonly destination: string; readonly learned: Learned }

/** A new name or description has nothing to prove; a username or a secret has. */
function changesFields(detail: CredentialDetail, typed: TypedFields): boolean {
  const type = credentialType(detail.type)
  if (type === undefined) return true
  const plain = type.usernameField === null ? null : (typed.text(type.usernameField) ?? '').trim()
  return touchesSecrets(type, typed) || plain !== detail.username
}

function notStored(refused: Extract<EditOutcome, { ok: false }>): SaveAndSignIn {
  if (refused.reason === 'stale') return { kind: 'stale', current: refused.current }
  return refused.reason === 'name' ? invalid({ name: refused.error }) : invalid(refused.errors)
}

function invalid(...errors: readonly Readonly<Record<string, string>>[]): SaveAndSignIn {
  return { kind: 'invalid', errors: Object.assign({}, ...errors) as Record<string, string> }
}
