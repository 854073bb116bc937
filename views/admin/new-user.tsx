import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { SecretField } from '../ui/secret-field.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'

export type NewUserForm = {
  readonly email: string
  readonly name: string
  readonly role: 'member' | 'administrator'
}
type Errors = { readonly email?: string; readonly name?: string; readonly password?: string }

/** Where an administrator makes an account for someone. */
export function NewUserPage(props: { form: NewUserForm; errors: Errors }) {
  const { form, errors } = props
  const listed = Object.entries(errors).map(([field, message]) => ({ field, message }))
  return (
    <div class="narrow">
      <Title error={listed.length > 0}>Add user</Title>
      <Breadcrumbs trail={[{ label: 'Users', href: paths.users() }]} current="Add user" />
      <ErrorSummary errors={listed} />
      <PageHeader title="Add user" />
      <Form action={paths.newUser()}>
        <TextField
          name="email"
          label="E-mail"
          type="email"
          value={form.email}
          error={errors.email}
          maximumLength={254}
          autofocus={listed.length === 0}
        />
        <TextField name="name" label="Name" value={form.name} error={errors.name} maximumLength={100} />
        <SecretField
          name="password"
          label="Password"
          hint="At least 15 characters. Hand it over in person; its owner changes it after signing in."
          error={errors.password}
        />
        <RadioField
          name="role"
          label="Role"
          value={form.role}
          options={[
            { value: 'member', label: 'Member', hint: 'Works with their own credentials and data connections.' },
            { value: 'administrator', label: 'Administrator', hint: 'Also manages users and features.' },
          ]}
        />
        <Actions>
          <Button>Add user</Button>
          <CancelLink href={paths.users()} />
        </Actions>
      </Form>
    </div>
  )
}
