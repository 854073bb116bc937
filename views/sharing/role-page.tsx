import type { Child } from 'hono/jsx'
import type { Person } from '../../src/access/people.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'
import type { SharingPaths } from './people.tsx'
import { RoleField, type RoleHints } from './role-field.tsx'

type RolePageProps = {
  /** What is shared, by its name. */
  readonly name: string
  readonly breadcrumbs: Child
  readonly person: Person
  readonly hints: RoleHints
  readonly at: SharingPaths
  readonly error: string | undefined
}

/** The page on which an owner changes what someone may do with a thing. */
export function RolePage({ name, breadcrumbs, person, hints, at, error }: RolePageProps) {
  return (
    <div class="narrow">
      <Title error={error !== undefined}>Role of {person.name}</Title>
      {breadcrumbs}
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'role', message: error }]} />
      <PageHeader title={`Role of ${person.name}`} subtitle={`${name} · ${person.email}`} />
      <Form action={at.role(person.userId)}>
        <RoleField value={person.role} hints={hints} error={error} />
        <Actions>
          <Button>Change role</Button>
          <CancelLink href={at.sharing} />
        </Actions>
      </Form>
    </div>
  )
}
