import type { AssociationRow } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { AddressLine } from '../connections/address.tsx'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'

type Credential = { readonly id: string; readonly name: string }

/** The page that asks before an association is removed. `from` says where the way back leads. */
export function AssociationRemovalPage(props: {
  credential: Credential
  association: AssociationRow
  from: 'credential' | 'connection'
}) {
  const { credential, association, from } = props
  const { connectionId, connectionName } = association
  const made = association.datasets + association.datasetsOfOthers
  const back = from === 'connection' ? paths.connectionCredentials(connectionId) : paths.credential(credential.id)
  return (
    <ConfirmPage
      title="Remove association"
      breadcrumbs={<Trail credential={credential} current="Remove association" />}
      action={paths.associationRemoval(credential.id, connectionId)}
      hidden={{ from }}
      confirm="Remove association"
      cancelHref={back}
    >
      <p>
        {credential.name} will no longer sign in to {connectionName}.
        {made > 0
          ? ` ${made === 1 ? 'One dataset was' : `${made} datasets were`} made with it: new snapshots will need another account.`
          : ''}
        {association.schedules > 0
          ? ` ${association.schedules === 1 ? 'One schedule signs' : `${association.schedules} schedules sign`} in with it: the next run disables ${association.schedules === 1 ? 'it' : 'them'}.`
          : ''}
      </p>
      <AddressLine address={association.address} />
    </ConfirmPage>
  )
}

/** What is asked after the last association of a credential was removed. */
export function LastAssociationPage(props: { credential: Credential }) {
  const { credential } = props
  return (
    <ConfirmPage
      title="This was the last associated connection"
      breadcrumbs={<Trail credential={credential} current="Last associated connection" />}
      action={paths.lastAssociation(credential.id)}
      confirm="Delete credentials"
      keep={{ label: 'Keep credentials without connections', name: 'intent', value: 'keep' }}
      cancelHref={paths.credential(credential.id)}
    >
      <p>This was the last associated connection. Delete the credentials too?</p>
      <p>{credential.name} opens nothing now. Kept, it can be associated with a data connection again.</p>
    </ConfirmPage>
  )
}

/** The trail of one credential's pages. */
export function Trail(props: { credential: Credential; current: string }) {
  const { credential, current } = props
  return (
    <Breadcrumbs
      trail={[
        { label: 'Credentials management', href: paths.credentials() },
        { label: credential.name, href: paths.credential(credential.id) },
      ]}
      current={current}
    />
  )
}
