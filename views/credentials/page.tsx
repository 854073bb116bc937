import type { Child } from 'hono/jsx'
import type { CredentialType } from '../../src/credentials/credential-type.ts'
import type { CredentialListing, CredentialPage } from '../../src/credentials/listing.ts'
import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import type { RefusedChoice } from '../bulk/choice.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'
import { TwoPanel } from '../ui/two-panel.tsx'
import { CredentialDetailView } from './detail.tsx'
import { CredentialFrame, type CredentialTab } from './frame.tsx'
import { CredentialList } from './list.tsx'
import { searchOf } from './search.ts'

export type CredentialsPageProps = {
  readonly listing: CredentialListing
  readonly page: CredentialPage
  readonly types: readonly CredentialType[]
  /** Null where none is selected. */
  readonly detail: CredentialDetail | null
  /** What was wrong with a choice of many, with what had been chosen. */
  readonly refused?: RefusedChoice
  /** True where each row has a checkbox, to do one thing to many. */
  readonly selecting?: boolean
  /** The tab to show of it; the overview where absent. */
  readonly part?: { readonly tab: CredentialTab; readonly content: Child; readonly invalid?: boolean }
}

/** Credentials management: the actor's credentials on the left, the selected one on the right. */
export function CredentialsPage(props: CredentialsPageProps) {
  const { detail } = props
  return (
    <TwoPanel
      label="Credentials"
      list={<CredentialList {...props} selectedId={detail?.id ?? null} />}
      showing={detail === null ? 'list' : 'detail'}
      back={{ href: paths.credentials(searchOf(props.listing, props.selecting)), label: 'Credentials management' }}
    >
      {detail === null ? <NothingSelected {...props} /> : <Selected {...props} detail={detail} />}
    </TwoPanel>
  )
}

function Selected(props: CredentialsPageProps & { detail: CredentialDetail }) {
  const { detail, types, part } = props
  return (
    <CredentialFrame detail={detail} current={part?.tab ?? 'Overview'} invalid={part?.invalid ?? false}>
      {part?.content ?? <CredentialDetailView detail={detail} types={types} />}
    </CredentialFrame>
  )
}

function NothingSelected(props: CredentialsPageProps) {
  const { text, type, attention } = props.listing
  const filtered = Boolean(text) || type !== undefined || attention !== undefined
  const none = props.page.rows.length === 0 && !filtered
  const found = props.page.rows.length > 0
  return (
    <>
      <Title error={props.refused !== undefined}>Credentials management</Title>
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
          No account matches this search.
        </EmptyState>
      ) : (
        <EmptyState title="Choose an account">
          Select one on the left to see its data connections, change it or delete it.
        </EmptyState>
      )}
    </>
  )
}
