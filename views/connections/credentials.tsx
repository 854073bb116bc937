import type { AssociatedCredential, ConnectionDetail } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { PrivilegesSeen } from '../credentials/privileges.tsx'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { FormButton } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { SignInOutcome } from './address.tsx'
import { ConnectionFrame } from './frame.tsx'

/** The **Credentials** tab: the actor's credentials that are associated with the connection. */
export function ConnectionCredentialsPage(props: {
  connection: ConnectionDetail
  credentials: readonly AssociatedCredential[]
  /** Accounts of others that the actor may use here. */
  shared: readonly AssociatedCredential[]
  /** How many of other people are associated with it. */
  others: number
}) {
  const { connection, credentials, shared, others } = props
  const add = (
    <LinkButton href={paths.newConnectionCredential(connection.id)} shortcut="n">
      + Add credentials
    </LinkButton>
  )
  return (
    <ConnectionFrame connection={connection} current="Credentials" storedCredentials>
      <Section title="Associated credentials" actions={credentials.length === 0 ? undefined : add}>
        {credentials.length === 0 ? (
          <EmptyState level={3} title="No credentials" action={add}>
            {shared.length === 0
              ? 'You type a username and password each time you use this connection.'
              : 'None of your own is associated with this connection.'}
          </EmptyState>
        ) : (
          <>
            <p class="hint">
              Credentials are edited in{' '}
              <a href={paths.credential(credentials[0]?.credentialId ?? '')}>Credentials management</a>, for all their
              connections at once.
            </p>
            <RelationList label="Associated credentials">
              {credentials.map((credential) => (
                <Associated connection={connection} credential={credential} />
              ))}
            </RelationList>
          </>
        )}
        {others === 0 ? null : (
          <p class="hint">
            {others === 1 ? '1 credential of somebody else is' : `${others} credentials of other people are`} associated
            with it too. Nobody sees those of others, and who owns one decides who else uses it.
          </p>
        )}
      </Section>
      <SharedAccounts connection={connection} accounts={shared} />
    </ConnectionFrame>
  )
}

function SharedAccounts(props: { connection: ConnectionDetail; accounts: readonly AssociatedCredential[] }) {
  const { connection, accounts } = props
  if (accounts.length === 0) return null
  return (
    <Section title="Shared with you">
      <RelationList label="Shared with you">
        {accounts.map(({ credentialId, name, destinationChanged, lastSignInAt, lastSignInCode }) => (
          <Relation
            name={name}
            badges={destinationChanged ? <Badge tone="warning">destination changed</Badge> : null}
            actions={
              destinationChanged ? null : (
                <FormButton
                  action={paths.signIns(connection.id)}
                  hidden={{ account: credentialId }}
                  label={`Test as ${name}`}
                >
                  Test
                </FormButton>
              )
            }
          >
            <p class="relation-line">
              <SignInOutcome at={lastSignInAt} code={lastSignInCode} />
            </p>
          </Relation>
        ))}
      </RelationList>
    </Section>
  )
}

function Associated(props: { connection: ConnectionDetail; credential: AssociatedCredential }) {
  const { connection, credential } = props
  const { credentialId, name } = credential
  const from = { from: 'connection' }
  return (
    <Relation
      name={name}
      href={paths.credential(credentialId)}
      badges={
        <>
          {credential.isDefault ? <Badge tone="accent">default</Badge> : null}
          {credential.destinationChanged ? <Badge tone="warning">destination changed</Badge> : null}
        </>
      }
      actions={
        <>
          {credential.destinationChanged ? (
            <LinkButton href={paths.associationConfirmation(credentialId, connection.id)}>
              Confirm destination
            </LinkButton>
          ) : null}
          {credential.isDefault ? null : (
            <FormButton
              action={paths.associationDefault(credentialId, connection.id)}
              hidden={from}
              label={`Make default: ${name}`}
            >
              Make default
            </FormButton>
          )}
          <LinkButton
            href={`${paths.associationRemoval(credentialId, connection.id)}?from=connection`}
            variant="danger"
          >
            Remove association
          </LinkButton>
        </>
      }
    >
      <p class="relation-line">
        {credential.username === null ? '' : `${credential.username} · `}
        <SignInOutcome at={credential.lastSignInAt} code={credential.lastSignInCode} />
      </p>
      <PrivilegesSeen privileges={credential.privileges} />
    </Relation>
  )
}
