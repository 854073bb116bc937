import type { AssociableConnection } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { Title } from '../ui/title.tsx'

/** The page that associates a credential with one more data connection. */
export function NewAssociationPage(props: {
  credential: { id: string; name: string }
  connections: readonly AssociableConnection[]
  error?: string
}) {
  const { credential, connections, error } = props
  return (
    <div class="narrow">
      <Title error={error !== undefined}>Add associated connection</Title>
      <Breadcrumbs
        trail={[
          { label: 'Credentials management', href: paths.credentials() },
          { label: credential.name, href: paths.credential(credential.id) },
        ]}
        current="Add associated connection"
      />
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'connection', message: error }]} />
      <PageHeader title="Add associated connection" subtitle={credential.name} />
      {connections.length === 0 ? (
        <NoConnection />
      ) : (
        <Form
          action={paths.newAssociation(credential.id)}
          // What each option shows is what its choice agrees to.
          hidden={Object.fromEntries(connections.map(({ id, destination }) => [`destination-${id}`, destination]))}
        >
          <RadioField
            name="connection"
            label="Data connection"
            hint="From then on these credentials can be used for the destination that you see here, and for no other."
            error={error}
            options={connections.map(({ id, name, address }) => ({
              value: id,
              label: name,
              hint: `${address.address} · ${address.protection}`,
            }))}
          />
          <Actions>
            <Button>Connect</Button>
            <CancelLink href={paths.credential(credential.id)} />
          </Actions>
        </Form>
      )}
    </div>
  )
}

function NoConnection() {
  return (
    <EmptyState
      title="No other data connection"
      action={<LinkButton href={paths.newConnection()}>Add a data connection</LinkButton>}
    >
      These credentials are associated with every data connection that you may use.
    </EmptyState>
  )
}
