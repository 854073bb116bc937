import type { ShareRole } from '../../src/access/policy.ts'
import { RadioField } from '../ui/radio-field.tsx'

/** What people call the roles. */
export const roleNames: Readonly<Record<ShareRole, string>> = { consumer: 'Consumer', editor: 'Editor', owner: 'Owner' }

const hints: Readonly<Record<ShareRole, string>> = {
  consumer: 'Sees the connection and uses it with their own credentials.',
  editor: 'Also changes its name and parameters.',
  owner: 'Also shares and deletes it.',
}

/** The choice of a role. */
export function RoleField(props: { value: string; error?: string | undefined }) {
  return (
    <RadioField
      name="role"
      label="Role"
      value={props.value}
      error={props.error}
      options={(['consumer', 'editor', 'owner'] as const).map((role) => ({
        value: role,
        label: roleNames[role],
        hint: hints[role],
      }))}
    />
  )
}
