import type { ConnectionDetail } from '../../src/connections/queries.ts'
import type { Person } from '../../src/connections/sharing.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Actions, Button, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary, type FormError } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Time } from '../ui/time.tsx'
import { ConnectionFrame } from './frame.tsx'
import { RoleField, roleNames } from './roles.tsx'

export type ShareForm = { readonly email: string; readonly role: string; readonly error?: FormError }

type SharingPageProps = {
  readonly connection: ConnectionDetail
  readonly people: readonly Person[]
  readonly ownId: string
  readonly form: ShareForm
  readonly storedCredentials: boolean
}

/** The **Sharing** tab: who may work with the connection and, for its owners, the form that adds someone. */
export function ConnectionSharingPage(props: SharingPageProps) {
  const { connection, people, ownId, form } = props
  const isOwner = connection.role === 'owner'
  return (
    <ConnectionFrame
      connection={connection}
      current="Sharing"
      storedCredentials={props.storedCredentials}
      invalid={form.error !== undefined}
    >
      <ErrorSummary errors={form.error === undefined ? [] : [form.error]} />
      <Section title="People">
        <RelationList label="People">
          {people.map((person) => (
            <PersonRow connectionId={connection.id} person={person} isOwn={person.userId === ownId} isOwner={isOwner} />
          ))}
        </RelationList>
        {people.length > 1 ? null : (
          <EmptyState level={3} title="Not shared yet">
            Nobody else sees this connection.
          </EmptyState>
        )}
      </Section>
      {isOwner ? (
        <ShareSection connectionId={connection.id} form={form} />
      ) : (
        <p class="hint">Its owners decide who else may use this connection.</p>
      )}
    </ConnectionFrame>
  )
}

function PersonRow(props: { connectionId: string; person: Person; isOwn: boolean; isOwner: boolean }) {
  const { connectionId, person, isOwn, isOwner } = props
  const { userId, name, email, role, since, isFirst } = person
  return (
    <Relation
      name={name}
      badges={
        <>
          {isOwn ? <Badge tone="accent">you</Badge> : null}
          {person.disabled ? <Badge tone="warning">disabled</Badge> : null}
        </>
      }
      actions={
        isFirst ? null : (
          <>
            {isOwner ? (
              <LinkButton href={paths.connectionShareRole(connectionId, userId)}>
                Change role<span class="visually-hidden"> of {name}</span>
              </LinkButton>
            ) : null}
            {isOwn || isOwner ? (
              <LinkButton href={paths.connectionShareRemoval(connectionId, userId)} variant="danger">
                {isOwn ? 'Leave' : 'Remove'}
                {isOwn ? null : <span class="visually-hidden"> {name}</span>}
              </LinkButton>
            ) : null}
          </>
        )
      }
    >
      <p class="relation-line">
        {roleNames[role]} · {email} ·{' '}
        {since === null ? (
          'added the connection'
        ) : (
          <>
            since <Time at={since} />
          </>
        )}
      </p>
    </Relation>
  )
}

function ShareSection(props: { connectionId: string; form: ShareForm }) {
  const { connectionId, form } = props
  const errorOf = (field: string) => (form.error?.field === field ? form.error.message : undefined)
  return (
    <Section title="Share with someone">
      <p class="hint">
        Sharing a data connection never shares credentials: everyone signs in with credentials of their own, or with
        those that their owner shares with them.
      </p>
      <Form action={paths.connectionSharing(connectionId)} label="Share with someone">
        <TextField
          name="email"
          label="E-mail"
          type="email"
          hint="The one they sign in to Keyward with. They are in your organization."
          value={form.email}
          error={errorOf('email')}
          maximumLength={254}
        />
        <RoleField value={form.role} error={errorOf('role')} />
        <Actions>
          <Button>Share</Button>
        </Actions>
      </Form>
    </Section>
  )
}
