import type { ShareRole } from '../../src/access/policy.ts'
import { RadioField } from '../ui/radio-field.tsx'

/** What people call the roles. */
export const roleNames: Readonly<Record<ShareRole, string>> = { consumer: 'Consumer', editor: 'Editor', owner: 'Owner' }

/** What each role may do with a kind of thing, in a sentence. */
export type RoleHints = Readonly<Record<ShareRole, string>>

/** The choice of a role. */
export function RoleField(props: { value: string; hints: RoleHints; error?: string | undefined }) {
  const options = (['consumer', 'editor', 'owner'] as const).map((role) => ({
    value: role,
    label: roleNames[role],
    hint: props.hints[role],
  }))
  return <RadioField name="role" label="Role" value={props.value} error={props.error} options={options} />
}
