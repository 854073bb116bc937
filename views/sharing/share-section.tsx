import type { Child } from 'hono/jsx'
import { Actions, Button } from '../ui/button.tsx'
import type { FormError } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { ColleagueField } from './colleague-field.tsx'
import { RoleField, type RoleHints } from './role-field.tsx'

export type ShareForm = { readonly email: string; readonly role: string; readonly error?: FormError }

/** The form that shares a thing with someone, in a role; `children` say what is shared by that and what is not. */
export function ShareSection(props: { action: string; form: ShareForm; hints: RoleHints; children: Child }) {
  const { form } = props
  const errorOf = (field: string) => (form.error?.field === field ? form.error.message : undefined)
  return (
    <Section title="Share with someone">
      <p class="hint">{props.children}</p>
      <Form action={props.action} label="Share with someone">
        <ColleagueField value={form.email} error={errorOf('email')} />
        <RoleField value={form.role} hints={props.hints} error={errorOf('role')} />
        <Actions>
          <Button>Share</Button>
        </Actions>
      </Form>
    </Section>
  )
}
