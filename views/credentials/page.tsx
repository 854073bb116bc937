import type { CredentialType } from '../../src/credentials/credential-type.ts'
import type { CredentialListing, CredentialPage } from '../../src/credentials/listing.ts'
import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'
import { TwoPanel } from '../ui/two-panel.tsx'
import { CredentialDetailView } from './detail.tsx'
import { CredentialList, searchOf } from './list.tsx'

export type CredentialsPageProps = {
  readonly listing: CredentialListing
  readonly page: CredentialPage
  readonly types: readonly CredentialType[]
  /** Null where none is selected. */
  readonly detail: CredentialDetail | null
}

/** Credentials management: the actor's credentials on the left, the selected one on the right. */
export function CredentialsPage(props: CredentialsPageProps) {
  const { detail } = props
  return (
    <TwoPanel
      label="Credentials"
      list={<CredentialList {...props} selectedId={detail?.id ?? null} />}
      showing={detail === null ? 'list' : 'detail'}
      back={{ href: paths.credentials(searchOf(props.listing)), label: 'Credentials management' }}
    >
      <Title>{detail?.name ?? 'Credentials management'}</Title>
      {detail === null ? <NothingSelected {...props} /> : <CredentialDetailView detail={detail} types={props.types} />}
    </TwoPanel>
  )
}

function NothingSelected(props: CredentialsPageProps) {
  const filtered = props.listing.text !== undefined || props.listing.type !== undefined
  const none = props.page.rows.length === 0 && !filtered
  const found = props.page.rows.length > 0
  return (
    <>
      <PageHeader title="Credentials management" />
      {none ? (
        <EmptyState
          title="No credentials yet"
          action={
            <LinkButton href={paths.newCredential()} variant="primary">
              Add your first credentials
            </LinkButton>
          }
        >
          Store a password, key or token once. Keyward seals it, uses it on the data connections you choose, and never
          shows it again.
        </EmptyState>
      ) : !found ? (
        <EmptyState
          title="Nothing found"
          action={<LinkButton href={paths.credentials()}>Show all credentials</LinkButton>}
        >
          No account has that in its name or username.
        </EmptyState>
      ) : (
        <EmptyState title="Choose an account">
          Select one on the left to see its data connections, change it or delete it.
        </EmptyState>
      )}
    </>
  )
}
