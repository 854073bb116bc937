import type { TypedFields } from '../credentials/credential-type.ts'
import type { FormFields } from './form.ts'

/** Returns what a posted form says of a credential's fields, by field id. */
export function typedFields(fields: FormFields): TypedFields {
  return { text: (id) => fields.text(id), cleared: (id) => fields.checked(`clear-${id}`) }
}
