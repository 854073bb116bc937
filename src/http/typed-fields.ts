import type { TypedFields } from '../credentials/credential-type.ts'
import type { FormFields } from './form.ts'

/**
 * Returns what a posted form says of a credential's fields, by field id. A field of several lines may come as a file,
 * named `file-` + its id; one that is typed and chosen is a problem, for there is no telling which was meant.
 */
export function typedFields(fields: FormFields): TypedFields {
  return {
    text(id) {
      const file = fields.file(`file-${id}`)
      return file?.ok ? file.text : fields.text(id)
    },
    cleared: (id) => fields.checked(`clear-${id}`),
    problem(id) {
      const file = fields.file(`file-${id}`)
      if (file === undefined) return undefined
      if (!file.ok) return file.error
      return fields.text(id) === '' ? undefined : 'Type it or choose a file, not both.'
    },
  }
}
