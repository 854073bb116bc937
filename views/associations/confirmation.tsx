import type { AssociationRow } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Facts } from '../ui/facts.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SecretField } from '../ui/secret-field.tsx'
import { Title } from '../ui/title.tsx'
import { Trail } from './removal.tsx'

/** The page on which an owner agrees, with their own password, that a secret goes to a new destination. */
export function DestinationConfirmationPage(props: {
  credential: { id: string; name: string }
  association: AssociationRow
  error?: string
}) {
  const { credential, association, error } = props
  const { connectionId, connectionName, agreedDestination, currentDestination } = association
  return (
    <div class="narrow">
      <Title error={error !== undefined}>Confirm destination</Title>
      <Trail credential={credential} current="Confirm destination" />
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'password', message: error }]} />
      <PageHeader title="Confirm destination" subtitle={`${credential.name} on ${connectionName}`} />
      <p>
        The destination of {connectionName} changed after these credentials were associated with it. Until you agree,
        they are not used there.
      </p>
      <Facts
        facts={[
          { label: 'You agreed to', value: <code>{agreedDestination}</code> },
          { label: 'It is now', value: <code>{currentDestination}</code> },
        ]}
      />
      <Form
        action={paths.associationConfirmation(credential.id, connectionId)}
        hidden={{ destination: currentDestination }}
      >
        <SecretField
          name="password"
          label="Your own password"
          hint="The one you sign in to Keyward with."
          autocomplete="current-password"
          error={error}
          autofocus={error === undefined}
        />
        <Actions>
          <Button>Confirm destination</Button>
          <CancelLink href={paths.credential(credential.id)} />
        </Actions>
      </Form>
    </div>
  )
}
