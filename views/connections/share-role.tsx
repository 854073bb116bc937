import type { Person } from '../../src/connections/sharing.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'
import { connectionTrail } from './address.tsx'
import { RoleField } from './roles.tsx'

/** The page on which an owner changes what someone may do with a connection. */
export function ShareRolePage(props: { connection: { id: string; name: string }; person: Person; error?: string }) {
  const { connection, person, error } = props
  return (
    <div class="narrow">
      <Title error={error !== undefined}>Role of {person.name}</Title>
      <Breadcrumbs trail={connectionTrail(connection.id, connection.name)} current="Change role" />
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'role', message: error }]} />
      <PageHeader title={`Role of ${person.name}`} subtitle={`${connection.name} · ${person.email}`} />
      <Form action={paths.connectionShareRole(connection.id, person.userId)}>
        <RoleField value={person.role} error={error} />
        <Actions>
          <Button>Change role</Button>
          <CancelLink href={paths.connectionSharing(connection.id)} />
        </Actions>
      </Form>
    </div>
  )
}
