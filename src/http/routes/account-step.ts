import { blankAccountForm, type TypedAccountForm } from '../../../views/catalog/account.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { ConnectionDetail } from '../../connections/queries.ts'
import { parseNewFields } from '../../credentials/credential-type.ts'
import type { SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import type { RunOptions, StoredAccount, TypedAccount } from '../../sign-ins/use-connection.ts'
import type { FormFields } from '../form.ts'
import { typedFields } from '../typed-fields.ts'
import { typedForm, typeFor } from './add-data.ts'

/** What came of the form of **Use different account**. */
export type SignedInForm =
  | { readonly kind: 'typed'; readonly account: TypedAccount }
  | { readonly kind: 'saved'; readonly credentialId: string }
  | { readonly kind: 'again'; readonly form: TypedAccountForm }

/** Reports whether the form of **Use different account** was sent. */
export function isAccountForm(fields: FormFields): boolean {
  return fields.has('sign-in') || fields.has('type')
}

/**
 * Reads typed credentials. With **Securely save credentials** they are signed in with, stored and associated first; the
 * others are handed over as they are, to be used once.
 */
export async function readAccount(
  saving: Pick<SavingAccounts, 'create'>,
  actor: UserActor,
  connection: ConnectionDetail,
  fields: FormFields,
  options: RunOptions,
): Promise<SignedInForm> {
  const type = typeFor(connection.driver, fields.text('type'))
  const form = typedForm(fields, type)
  // What the page said, so that nothing typed goes where the connection was moved while it was being typed.
  const shown = fields.text('destination') || connection.destination
  if (!fields.checked('save') && fields.text('sign-in') !== 'save') {
    const parsed = parseNewFields(type, typedFields(fields))
    if (!parsed.ok) return { kind: 'again', form: { ...form, errors: parsed.errors } }
    return { kind: 'typed', account: { type: type.id, fields: parsed.fields, destination: shown } }
  }
  const username = type.usernameField === null ? type.label : fields.text(type.usernameField).trim()
  const account = {
    type,
    name: form.name.trim() || [...`${username} on ${connection.name}`].slice(0, 100).join(''),
    description: '',
    typed: typedFields(fields),
    connectionId: connection.id,
    destination: shown,
    signIn: true,
  }
  const outcome = await saving.create(actor, account, options)
  if (outcome.kind === 'saved') return { kind: 'saved', credentialId: outcome.id }
  const problem =
    outcome.kind === 'refused'
      ? { refusal: outcome.diagnosis }
      : { errors: outcome.kind === 'invalid' ? outcome.errors : {} }
  return { kind: 'again', form: { ...form, save: true, ...problem } }
}

/** Returns the account that needs no choosing: the only one there is, if it is the default and may be used. */
export function onlyAccount(accounts: readonly StoredAccount[]): StoredAccount | undefined {
  const [only] = accounts
  return accounts.length === 1 && only?.isDefault && !only.destinationChanged ? only : undefined
}

/** Returns the form to show instead of the picker: where typing was asked for, or there is nothing to pick. */
export function formToShow(accounts: readonly StoredAccount[], typing: boolean): TypedAccountForm | null {
  return accounts.length === 0 || typing ? blankAccountForm : null
}
