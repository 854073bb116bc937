import type { CredentialType } from '../../src/credentials/credential-type.ts'
import type { SharedCredential, SharedPage } from '../../src/credentials/shared-accounts.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'

const columns = [
  { label: 'Account name' },
  { label: 'Type' },
  { label: 'Owner' },
  { label: 'Where you can use it' },
  { label: 'Last used by you' },
  { label: 'Actions', hiddenLabel: true },
]

/** The credentials of others that the actor may use. */
export function SharedCredentialsPage(props: {
  page: SharedPage
  after: string | undefined
  types: readonly CredentialType[]
}) {
  const { page, after, types } = props
  return (
    <>
      <Title>Shared with you</Title>
      <Breadcrumbs trail={[{ label: 'Credentials management', href: paths.credentials() }]} current="Shared with you" />
      <PageHeader
        title="Shared with you"
        subtitle="Credentials of others that you may use. You choose them wherever an account is asked for."
      />
      {page.rows.length === 0 ? (
        <EmptyState title="Nothing is shared with you">
          Whoever owns credentials can let you use them, without showing you what is in them.
        </EmptyState>
      ) : (
        <Table
          caption="Shared with you"
          captionHidden
          columns={columns}
          rows={page.rows.map((row) => cells(row, types))}
        />
      )}
      <Pagination
        label="Pages of what is shared with you"
        previous={after === undefined ? null : paths.sharedCredentials()}
        next={page.next === null ? null : paths.sharedCredentials({ after: page.next })}
      />
    </>
  )
}

function cells(row: SharedCredential, types: readonly CredentialType[]) {
  return [
    row.name,
    types.find(({ id }) => id === row.type)?.label ?? row.type,
    row.ownerName,
    <Places row={row} />,
    row.lastUsedAt === null ? 'not lately' : <Time at={row.lastUsedAt} />,
    <LinkButton href={paths.sharedCredentialReturn(row.id)} label={`Give back ${row.name}`}>
      Give back
    </LinkButton>,
  ]
}

function Places(props: { row: SharedCredential }) {
  const { connections, usable } = props.row
  if (usable === 0) return <>nowhere: none of its connections is shared with you</>
  const more = usable - connections.length
  return (
    <>
      {connections.map(({ id, name }, index) => (
        <>
          {index === 0 ? '' : ', '}
          <a href={paths.connection(id)}>{name}</a>
        </>
      ))}
      {more > 0 ? ` and ${more} more` : ''}
    </>
  )
}
