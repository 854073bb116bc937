import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SecretField } from '../ui/secret-field.tsx'
import { Title } from '../ui/title.tsx'

type Errors = { readonly 'current-password'?: string; readonly 'new-password'?: string }

/** Where people change their own password. */
export function PasswordPage(props: { email: string; errors: Errors }) {
  const { errors } = props
  const listed = Object.entries(errors).map(([field, message]) => ({ field, message }))
  return (
    <div class="narrow">
      <Title error={listed.length > 0}>Change password</Title>
      <ErrorSummary errors={listed} />
      <PageHeader title="Change password" subtitle={`For ${props.email}. Your other sessions end.`} />
      <Form action={paths.ownPassword()}>
        {/* Tells password managers whose password this is. */}
        <input type="text" name="username" value={props.email} autocomplete="username" hidden readonly />
        <SecretField
          name="current-password"
          label="Current password"
          autocomplete="current-password"
          error={errors['current-password']}
          autofocus={listed.length === 0}
        />
        <SecretField
          name="new-password"
          label="New password"
          hint="At least 15 characters. Several words that do not belong together work well."
          error={errors['new-password']}
        />
        <Actions>
          <Button>Change password</Button>
          <CancelLink href={paths.home()} />
        </Actions>
      </Form>
    </div>
  )
}
