import type { CredentialUser } from '../../src/credentials/sharing.ts'
import { paths } from '../../src/paths.ts'
import { ColleagueField } from '../sharing/colleague-field.tsx'
import { Badge } from '../ui/badge.tsx'
import { Actions, Button, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { Time } from '../ui/time.tsx'

export type CredentialShareForm = { readonly email: string; readonly error?: string }

/** The **Sharing** tab: who else uses the credential, and the form that adds someone. */
export function CredentialSharing(props: { id: string; people: readonly CredentialUser[]; form: CredentialShareForm }) {
  const { id, people, form } = props
  return (
    <>
      <ErrorSummary errors={form.error === undefined ? [] : [{ field: 'email', message: form.error }]} />
      <Section title="Shared for use with">
        {people.length === 0 ? (
          <EmptyState level={3} title="Not shared yet">
            Nobody else uses these credentials.
          </EmptyState>
        ) : (
          <RelationList label="Shared for use with">
            {people.map((person) => (
              <PersonRow credentialId={id} person={person} />
            ))}
          </RelationList>
        )}
      </Section>
      <Section title="Share for use">
        <p class="hint">
          They use these credentials on the connections that you associated, where they may use the connection
          themselves. They see the account name and yours, and nothing else: not the username, not what is sealed. They
          change, associate and share nothing.
        </p>
        <Form action={paths.credentialSharing(id)} label="Share for use">
          <ColleagueField value={form.email} error={form.error} />
          <Actions>
            <Button>Share</Button>
          </Actions>
        </Form>
      </Section>
    </>
  )
}

function PersonRow(props: { credentialId: string; person: CredentialUser }) {
  const { userId, name, email, since, disabled, datasets, schedules } = props.person
  return (
    <Relation
      name={name}
      badges={disabled ? <Badge tone="warning">disabled</Badge> : null}
      actions={
        <LinkButton href={paths.credentialShareRemoval(props.credentialId, userId)} variant="danger">
          Remove<span class="visually-hidden"> {name}</span>
        </LinkButton>
      }
    >
      <p class="relation-line">
        {email} · since <Time at={since} />
        {datasets === 0 ? '' : ` · ${datasets === 1 ? '1 dataset' : `${datasets} datasets`} made with it`}
        {schedules === 0 ? '' : ` · ${schedules === 1 ? '1 schedule' : `${schedules} schedules`}`}
      </p>
    </Relation>
  )
}
