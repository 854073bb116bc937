import type { TypedAccountForm } from '../../../views/catalog/account.tsx'
import type { AddState, AddTab } from '../../../views/catalog/add.tsx'
import type { TypeLinks } from '../../../views/credentials/type-choice.tsx'
import { NotFound } from '../../access/refusals.ts'
import { decodeTables } from '../../catalog/basket.ts'
import { acceptedTypes } from '../../connections/accepted-types.ts'
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
    sample: fields.text('sample'),
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
  return { name: fields.text('name'), description: '', values, save: fields.checked('save'), typeId: type.id }
}

/** Returns the credential type that is typed for a driver: the one asked for, or the first it accepts. */
export function typeFor(driverId: string, wanted?: string): CredentialType {
  const types = typesFor(driverId)
  const type = types.find(({ id }) => id === wanted) ?? types[0]
  if (type === undefined) throw new NotFound()
  return type
}

/** Returns every credential type that may be typed for a driver. */
export function typesFor(driverId: string): readonly CredentialType[] {
  return acceptedTypes(driverId).flatMap((id) => credentialType(id) ?? [])
}

/** Returns the links between which a type is chosen; none where a driver accepts a single one. */
export function typeLinks(driverId: string, chosen: CredentialType, hrefOf: (type: string) => string): TypeLinks {
  const types = typesFor(driverId)
  if (types.length < 2) return []
  return types.map(({ id, label }) => ({ label, href: hrefOf(id), current: id === chosen.id }))
}
