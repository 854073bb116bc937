import type { CredentialListing, CredentialRow } from '../../src/credentials/listing.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Actions, LinkButton } from '../ui/button.tsx'
import { ListRow, PanelList } from '../ui/list-row.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { PanelFilter, PanelSearch } from '../ui/panel-search.tsx'
import { relativeTime } from '../ui/time.tsx'
import type { CredentialsPageProps } from './page.tsx'
import { refusalInWords } from './stops.tsx'

const sorts = [
  { value: 'name', label: 'Name' },
  { value: 'used', label: 'Last used' },
  { value: 'created', label: 'Newest' },
]

/** The left panel: add, search, and a page of the actor's credentials. */
export function CredentialList(props: CredentialsPageProps & { selectedId: string | null }) {
  const { listing, page, types, selectedId } = props
  const { after: _, ...search } = searchOf(listing)
  return (
    <>
      <Actions>
        <LinkButton href={paths.newCredential()} variant="primary" shortcut="n">
          + Add new credentials
        </LinkButton>
      </Actions>
      <PanelSearch action={paths.credentials()} label="Search credentials" value={listing.text ?? ''}>
        {types.length > 1 ? (
          <PanelFilter name="type" label="Type" value={listing.type ?? ''} options={typeOptions(types)} />
        ) : null}
        <PanelFilter name="sort" label="Sort by" value={listing.sort ?? 'name'} options={sorts} />
      </PanelSearch>
      <Rows rows={page.rows} types={types} selectedId={selectedId} search={searchOf(listing)} />
      <Pagination
        label="Pages of credentials"
        previous={listing.after === undefined ? null : paths.credentials(search)}
        next={page.next === null ? null : paths.credentials({ ...search, after: page.next })}
      />
      <p class="hint">
        <a href={paths.sharedCredentials()}>Shared with you</a>
      </p>
    </>
  )
}

/** The search of a listing as an address says it. */
export function searchOf(listing: CredentialListing) {
  const { text, type, sort, after } = listing
  return {
    ...(text === undefined ? {} : { q: text }),
    ...(type === undefined ? {} : { type }),
    ...(sort === undefined ? {} : { sort }),
    ...(after === undefined ? {} : { after }),
  }
}

type RowsProps = Pick<CredentialsPageProps, 'types'> & {
  readonly rows: readonly CredentialRow[]
  readonly selectedId: string | null
  readonly search: Parameters<typeof paths.credentials>[0]
}

function Rows(props: RowsProps) {
  if (props.rows.length === 0) return <p class="panel-empty">No credentials found.</p>
  const now = new Date()
  return (
    <PanelList label="Credentials">
      {props.rows.map((row) => (
        <ListRow
          href={paths.credential(row.id, props.search)}
          name={row.name}
          selected={row.id === props.selectedId}
          meta={metaOf(row, props.types, now)}
          badges={badgesOf(row)}
        />
      ))}
    </PanelList>
  )
}

function metaOf(row: CredentialRow, types: RowsProps['types'], now: Date): string {
  const type = row.username ?? types.find((candidate) => candidate.id === row.type)?.label ?? row.type
  const connections = row.connections === 1 ? '1 connection' : `${row.connections} connections`
  const used = row.lastUsedAt === null ? 'never used' : `used ${relativeTime(row.lastUsedAt, now)}`
  const held = row.heldUntil === null ? '' : ` · held, ends ${relativeTime(row.heldUntil, now)}`
  return `${type} · ${connections} · ${used}${held}`
}

function badgesOf(row: CredentialRow) {
  const { pausedCode } = row
  // Why it is paused says more than that it was refused somewhere.
  const attention = row.attention.filter((what) => pausedCode === null || what !== 'refused')
  if (attention.length === 0 && pausedCode === null) return undefined
  return (
    <>
      {pausedCode === null ? null : <Badge tone="danger">paused: {refusalInWords(pausedCode)}</Badge>}
      {attention.map((what) => (
        <Badge tone={what === 'refused' ? 'danger' : 'warning'}>{what}</Badge>
      ))}
    </>
  )
}

function typeOptions(types: RowsProps['types']) {
  return [{ value: '', label: 'All types' }, ...types.map((type) => ({ value: type.id, label: type.label }))]
}
