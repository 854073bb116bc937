import type { TypedAccountForm } from '../../../views/catalog/account.tsx'
import type { AddState, AddTab } from '../../../views/catalog/add.tsx'
import { NotFound } from '../../access/refusals.ts'
import { decodeTables } from '../../catalog/basket.ts'
import { driver } from '../../connector/registry.ts'
import type { CredentialType } from '../../credentials/credential-type.ts'
import { credentialType } from '../../credentials/types/registry.ts'
import type { FormFields } from '../form.ts'
import { isId } from '../id.ts'

/** Returns what the form of **Add from data connection** carries. What is not one of ours is taken as absent. */
export function readState(fields: FormFields): AddState {
  const tab = asTab(fields.text('tab'))
  return {
    tab,
    as: tab === 'query' ? 'query' : 'tables',
    schema: fields.text('schema').replaceAll('\0', ''),
    account: isId(fields.text('account')) ? fields.text('account') : '',
    held: fields.text('held'),
    tables: decodeTables(fields.all('item')),
    query: fields.text('query'),
    name: fields.text('dataset'),
    rowLimit: fields.text('rowLimit'),
  }
}

/** Returns the tab with this name, the schemas for any other text. */
export function asTab(text: string): AddTab {
  return text === 'tables' || text === 'query' ? text : 'schemas'
}

/** Returns an account form as it was typed, secrets aside. */
export function typedForm(fields: FormFields, type: CredentialType): TypedAccountForm {
  const plain = type.fields.filter((field) => !field.secret)
  const values = Object.fromEntries(plain.map((field) => [field.id, fields.text(field.id)]))
  return { name: fields.text('name'), description: '', values, save: fields.checked('save') }
}

/** Returns the credential type that is typed for a driver: the first it accepts. */
export function typeFor(driverId: string): CredentialType {
  const [id] = driver(driverId)?.credentialTypes ?? []
  const type = credentialType(id ?? '')
  if (type === undefined) throw new NotFound()
  return type
}
