import { CheckboxField } from '../ui/checkbox-field.tsx'
import { TextField } from '../ui/text-field.tsx'
import type { AccountForm } from './fields.tsx'

/** The choice to keep typed credentials, with the account name that is asked for once it is made. */
export function SaveChoice(props: { form: AccountForm & { readonly save: boolean } }) {
  const { form } = props
  return (
    <>
      <CheckboxField name="save" label="Securely save credentials" checked={form.save} />
      <div class="when-saving">
        <TextField
          name="name"
          label="Account name"
          hint="Left blank, it is named after the username and the connection."
          value={form.name}
          error={form.errors?.name}
          maximumLength={100}
          optional
        />
      </div>
    </>
  )
}
