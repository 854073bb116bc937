import type { ConnectionRow } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { PanelSearch } from '../ui/panel-search.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'
import { AddressLine, SignInOutcome } from './address.tsx'

export type ConnectionsPageProps = {
  readonly rows: readonly ConnectionRow[]
  readonly next: string | null
  readonly search: { readonly q?: string; readonly after?: string }
}

const columns = [
  { label: 'Name' },
  { label: 'Data store' },
  { label: 'Destination' },
  { label: 'Owner' },
  { label: 'Credentials', numeric: true },
  { label: 'Last sign-in' },
]

/** The list of data connections. */
export function ConnectionsPage(props: ConnectionsPageProps) {
  const { rows, search } = props
  const empty = rows.length === 0 && search.q === undefined && search.after === undefined
  return (
    <>
      <Title>Data connections</Title>
      <PageHeader title="Data connections" actions={empty ? undefined : <Add />} />
      {empty ? (
        <EmptyState title="No data connections yet" action={<Add />}>
          A data connection says where a data store is. Credentials are stored separately and associated with it.
        </EmptyState>
      ) : (
        <>
          <PanelSearch action={paths.connections()} label="Search data connections" value={search.q ?? ''} />
          <Rows {...props} />
        </>
      )}
    </>
  )
}

function Rows(props: ConnectionsPageProps) {
  const { rows, next, search } = props
  if (rows.length === 0) return <p>No data connections found.</p>
  const { after: _, ...filter } = search
  return (
    <>
      <Table caption="Data connections" captionHidden columns={columns} rows={rows.map(cells)} />
      <Pagination
        label="Pages of data connections"
        previous={search.after === undefined ? null : paths.connections(filter)}
        next={next === null ? null : paths.connections({ ...filter, after: next })}
      />
    </>
  )
}

function cells(row: ConnectionRow) {
  return [
    <a href={paths.connection(row.id)}>{row.name}</a>,
    row.driverLabel,
    <AddressLine address={row.address} />,
    row.ownerName,
    String(row.credentials),
    <>
      <SignInOutcome at={row.lastSignInAt} code={row.lastSignInCode} />{' '}
      {row.healthWaits ? <Badge tone="warning">health checks wait</Badge> : null}
    </>,
  ]
}

function Add() {
  return (
    <LinkButton href={paths.newConnection()} variant="primary" shortcut="n">
      + Add connection
    </LinkButton>
  )
}
