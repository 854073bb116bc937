import type { CredentialType } from '../../src/credentials/credential-type.ts'
import type { AssociationRow, CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { AddressLine, SignInOutcome } from '../connections/address.tsx'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Facts } from '../ui/facts.tsx'
import { FormButton } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { Time } from '../ui/time.tsx'
import { ExpiryFact, ExpiryNotice } from './expiry-state.tsx'
import { OpenEdits } from './open-edits.tsx'
import { PrivilegesSeen } from './privileges.tsx'
import { CredentialStops, MissedUses, maintenanceFact } from './stops.tsx'
import { datasetsInWords, schedulesInWords } from './used-by.ts'

/** The first tab of one credential: its facts and its associated connections. */
export function CredentialDetailView(props: { detail: CredentialDetail; types: readonly CredentialType[] }) {
  const { detail } = props
  return (
    <>
      <ExpiryNotice detail={detail} />
      <CredentialStops detail={detail} />
      <OpenEdits credentialId={detail.id} edits={detail.openEdits} />
      <Facts facts={factsOf(detail, props.types)} />
      <Section
        title="Associated connections"
        id="associations"
        actions={<LinkButton href={paths.newAssociation(detail.id)}>Add associated connection</LinkButton>}
      >
        <Associations detail={detail} />
      </Section>
      <MissedUses detail={detail} />
    </>
  )
}

function factsOf(detail: CredentialDetail, types: readonly CredentialType[]) {
  const type = types.find((candidate) => candidate.id === detail.type)
  return [
    { label: 'Type', value: type?.label ?? detail.type },
    detail.username === null ? null : { label: 'Username', value: detail.username },
    detail.description === '' ? null : { label: 'Description', value: detail.description },
    { label: 'Owner', value: detail.ownerName },
    { label: 'Shared with', value: <SharedWith id={detail.id} people={detail.sharedWith} /> },
    { label: 'Created', value: <Time at={detail.createdAt} /> },
    { label: 'Changed', value: <Time at={detail.updatedAt} /> },
    { label: 'Last used', value: <LastUse use={detail.lastUse} /> },
    { label: 'Expires', value: <ExpiryFact detail={detail} /> },
    maintenanceFact(detail),
    { label: 'Version', value: String(detail.version) },
  ]
}

function SharedWith(props: { id: string; people: number }) {
  const { id, people } = props
  if (people === 0) return <>Nobody</>
  return <a href={paths.credentialSharing(id)}>{people === 1 ? '1 person' : `${people} people`}</a>
}

function LastUse(props: { use: CredentialDetail['lastUse'] }) {
  const { use } = props
  if (use === null) return <>Not since it was stored</>
  return (
    <>
      <Time at={use.at} />
      {use.by === null ? '' : ` by ${use.by}`}
      {use.purpose === null ? '' : ` for ${use.purpose}`}
      {use.connectionName === null ? '' : ` on ${use.connectionName}`}
    </>
  )
}

function Associations(props: { detail: CredentialDetail }) {
  const { detail } = props
  if (detail.associations.length === 0) {
    return (
      <EmptyState
        level={3}
        title="No connections"
        action={<LinkButton href={paths.newAssociation(detail.id)}>Add associated connection</LinkButton>}
      >
        These credentials open nothing until they are associated with a data connection.
      </EmptyState>
    )
  }
  return (
    <RelationList label="Associated connections">
      {detail.associations.map((association) => (
        <AssociatedConnection credential={detail} association={association} />
      ))}
    </RelationList>
  )
}

function AssociatedConnection(props: { credential: CredentialDetail; association: AssociationRow }) {
  const { association, credential } = props
  const { connectionId, connectionName } = association
  return (
    <Relation
      name={connectionName}
      href={paths.connection(connectionId)}
      badges={
        <>
          {association.isDefault ? <Badge tone="accent">default</Badge> : null}
          {association.destinationChanged ? <Badge tone="warning">destination changed</Badge> : null}
        </>
      }
      actions={<AssociationActions credentialId={credential.id} association={association} />}
    >
      <AddressLine address={association.address} />
      <p class="relation-line">
        <SignInOutcome at={association.lastSignInAt} code={association.lastSignInCode} />
        {usedBy(association).map((what) => ` · ${what}`)}
      </p>
      <PrivilegesSeen privileges={association.privileges} />
    </Relation>
  )
}

/** What depends on the association. */
function usedBy({ datasets, datasetsOfOthers, schedules, healthChecks }: AssociationRow): string[] {
  const made = datasetsInWords(datasets, datasetsOfOthers)
  const planned = schedulesInWords(schedules)
  return [made ?? '', planned ?? '', healthChecks ? 'health checks' : ''].filter((what) => what !== '')
}

function AssociationActions(props: { credentialId: string; association: AssociationRow }) {
  const { credentialId, association } = props
  const { connectionId, connectionName } = association
  return (
    <>
      {association.destinationChanged ? (
        <LinkButton href={paths.associationConfirmation(credentialId, connectionId)} variant="primary">
          Confirm destination
        </LinkButton>
      ) : (
        <FormButton
          action={paths.signIns(connectionId)}
          hidden={{ account: credentialId }}
          label={`Test ${connectionName}`}
          {...(association.isDefault ? ({ shortcut: 't' } as const) : {})}
        >
          Test
        </FormButton>
      )}
      {association.isDefault ? null : (
        <FormButton
          action={paths.associationDefault(credentialId, connectionId)}
          label={`Make default on ${connectionName}`}
        >
          Make default
        </FormButton>
      )}
      <LinkButton href={paths.associationRemoval(credentialId, connectionId)} variant="danger">
        Remove association
      </LinkButton>
    </>
  )
}
