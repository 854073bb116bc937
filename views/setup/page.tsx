import { paths } from '../../src/paths.ts'
import { Actions, Button, LinkButton } from '../ui/button.tsx'
import { CheckboxField } from '../ui/checkbox-field.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SecretField } from '../ui/secret-field.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'

/** What was typed, the password aside. */
export type SetupForm = {
  readonly organization: string
  readonly name: string
  readonly email: string
  readonly storedCredentials: boolean
  readonly sample: boolean
}

type Errors = Partial<Record<'organization' | 'name' | 'email' | 'password' | 'sample', string>>

const fieldOrder = ['email', 'name', 'password', 'organization', 'sample'] as const

/** The page behind the one-time address: organization, first administrator, what to start with. */
export function SetupPage(props: { token: string; form: SetupForm; errors: Errors; offersSample: boolean }) {
  const { form, errors } = props
  const listed = fieldOrder.flatMap((field) => (errors[field] === undefined ? [] : [{ field, message: errors[field] }]))
  return (
    <div class="narrow">
      <Title error={listed.length > 0}>Set up Keyward</Title>
      <ErrorSummary errors={listed} />
      <PageHeader title="Set up Keyward" subtitle="Make the first account. It is an administrator." />
      <Form action={paths.setup(props.token)} fullPage>
        <TextField
          name="email"
          label="E-mail"
          type="email"
          value={form.email}
          error={errors.email}
          autocomplete="username"
          maximumLength={254}
          autofocus={listed.length === 0}
        />
        <TextField
          name="name"
          label="Name"
          value={form.name}
          error={errors.name}
          autocomplete="name"
          maximumLength={100}
        />
        <SecretField
          name="password"
          label="Password"
          hint="At least 15 characters. Several words that do not belong together work well."
          error={errors.password}
        />
        <TextField
          name="organization"
          label="Organization name"
          value={form.organization}
          error={errors.organization}
          autocomplete="organization"
          maximumLength={100}
        />
        <CheckboxField
          name="stored-credentials"
          label="Stored credentials"
          hint="People may store passwords and keys here, encrypted, and use them without typing them again. You can change this later under Feature access."
          checked={form.storedCredentials}
        />
        {props.offersSample ? (
          <CheckboxField
            name="sample"
            label="Add the sample"
            hint="A small shop database on this server, a data connection to it and a stored credential that may only read. Needs Stored credentials."
            error={errors.sample}
            checked={form.sample}
          />
        ) : null}
        <Actions>
          <Button>Set up Keyward</Button>
        </Actions>
      </Form>
    </div>
  )
}

/** What the address shows once it is no good any more, or never was. */
export function SetupClosedPage(props: { used: boolean; isDone: boolean }) {
  const title = props.used ? 'This setup address was used' : 'This setup address does not work'
  return (
    <div class="narrow">
      <Title error>{title}</Title>
      <PageHeader title={title} />
      {props.isDone ? (
        <>
          <p>Keyward is set up. Sign in with your account; if you have none, ask an administrator for one.</p>
          <Actions>
            <LinkButton href={paths.login()} variant="primary">
              Sign in
            </LinkButton>
          </Actions>
        </>
      ) : (
        <p>
          Each start of Keyward prints a new one on its console, and the ones before stop working. Open the latest,
          whole address.
        </p>
      )}
    </div>
  )
}
