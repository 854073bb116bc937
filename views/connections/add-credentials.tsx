import type { ConnectionDetail } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink, LinkButton } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { Title } from '../ui/title.tsx'
import { connectionTrail } from './address.tsx'

type Choice = { readonly id: string; readonly name: string; readonly username: string | null }

/** The page that associates a stored credential with a connection, or leads to creating one. */
export function AddCredentialsPage(props: {
  connection: ConnectionDetail
  choices: readonly Choice[]
  error?: string
}) {
  const { connection, choices, error } = props
  const { id, name } = connection
  const create = <LinkButton href={paths.newCredential({ connection: id })}>Create new credentials</LinkButton>
  return (
    <div class="narrow">
      <Title error={error !== undefined}>Add credentials to {name}</Title>
      <Breadcrumbs trail={connectionTrail(id, name)} current="Add credentials" />
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'credential', message: error }]} />
      <PageHeader title="Add credentials" subtitle={name} actions={create} />
      {choices.length === 0 ? (
        <p>All your stored credentials are associated with this connection. Create new ones for it.</p>
      ) : (
        <Form action={paths.newConnectionCredential(id)} hidden={{ destination: connection.destination }}>
          <SelectField
            name="credential"
            label="Stored credentials"
            hint={`From then on they can be used for ${connection.address.address} (${connection.address.protection}), and for no other destination.`}
            error={error}
            options={choices.map((choice) => ({
              value: choice.id,
              label: choice.username === null ? choice.name : `${choice.name} (${choice.username})`,
            }))}
          />
          <Actions>
            <Button>Connect</Button>
            <CancelLink href={paths.connectionCredentials(id)} />
          </Actions>
        </Form>
      )}
    </div>
  )
}
