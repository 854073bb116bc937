import { paths } from '../../src/paths.ts'
import { Actions, Button } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SecretField } from '../ui/secret-field.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'

/** The sign-in form. `next` is where it leads, an address of ours. The error never says which of the two was wrong. */
export function LoginPage(props: { next: string | undefined; email: string; error?: string }) {
  const errors = props.error === undefined ? [] : [{ field: 'email', message: props.error }]
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Sign in</Title>
      <ErrorSummary errors={errors} />
      <PageHeader title="Sign in" />
      <Form action={paths.login(props.next)} fullPage>
        <TextField
          name="email"
          label="E-mail"
          type="email"
          value={props.email}
          autocomplete="username"
          maximumLength={254}
          autofocus={errors.length === 0}
        />
        <SecretField name="password" label="Password" autocomplete="current-password" />
        <Actions>
          <Button>Sign in</Button>
        </Actions>
      </Form>
    </div>
  )
}
