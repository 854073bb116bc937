import type { DatasetRow } from '../../src/catalog/listing.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Live } from '../ui/live.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { PanelFilter, PanelSearch } from '../ui/panel-search.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { VersionStatus } from './status.tsx'
import { bytesInWords, sourceInWords } from './words.ts'

/** What a person looked for, as the address has it; `after` is where the page continues. */
export type CatalogListing = {
  readonly q: string
  readonly tag: string
  readonly show: string
  readonly sort: string
  readonly after: string
}

export type CatalogPageProps = {
  readonly rows: readonly DatasetRow[]
  readonly next: string | null
  readonly listing: CatalogListing
  /** Every tag that the actor can look for; `key` is what the address takes. */
  readonly tags: readonly { readonly key: string; readonly tag: string }[]
}

const columns = [
  { label: 'Name' },
  { label: 'Tags' },
  { label: 'Data connection' },
  { label: 'Source' },
  { label: 'Status' },
  { label: 'Rows', numeric: true },
  { label: 'Size', numeric: true },
  { label: 'Created' },
]

/** The catalog: the datasets that the actor may see and looked for, the newest first unless told otherwise. */
export function CatalogPage(props: CatalogPageProps) {
  const { rows, listing } = props
  const { after, ...search } = listing
  const untouched = Object.values(listing).every((value) => value === '')
  const empty = rows.length === 0 && untouched
  const going = rows.some(({ version }) => version?.status === 'queued' || version?.status === 'running')
  return (
    <>
      <Title>Catalog</Title>
      <PageHeader
        title="Catalog"
        actions={
          empty ? undefined : (
            <>
              <LinkButton href={paths.combine()}>Combine datasets</LinkButton>
              <Add />
            </>
          )
        }
      />
      {empty ? (
        <EmptyState title="No datasets yet" action={<Add />}>
          A dataset is a table or a query of a data connection, kept here as snapshots that you can look at and
          download, or read anew at each look.
        </EmptyState>
      ) : (
        <>
          <Search {...props} />
          {rows.length === 0 ? <NothingFound /> : null}
          {rows.length === 0 ? null : (
            <Table caption="Datasets" captionHidden columns={columns} rows={rows.map(cells)} />
          )}
          <Pagination
            label="Pages of datasets"
            previous={after === '' ? null : paths.catalog(search)}
            next={props.next === null ? null : paths.catalog({ ...search, after: props.next })}
          />
        </>
      )}
      <p class="hint">
        <a href={paths.deletedDatasets()}>Deleted datasets</a>
      </p>
      {going ? <Live href={paths.catalog(listing)} /> : null}
    </>
  )
}

const shown = [
  { value: '', label: 'All' },
  { value: 'mine', label: 'Mine' },
  { value: 'shared', label: 'Shared with me' },
  { value: 'dynamic', label: 'Dynamic' },
]

const sorts = [
  { value: '', label: 'Newest' },
  { value: 'name', label: 'Name' },
]

function Search(props: CatalogPageProps) {
  const { listing, tags } = props
  const options = [{ value: '', label: 'All' }, ...tags.map(({ key, tag }) => ({ value: key, label: tag }))]
  return (
    <PanelSearch action={paths.catalog()} label="Search datasets" value={listing.q}>
      <PanelFilter name="show" label="Show" value={listing.show} options={shown} />
      {tags.length === 0 ? null : <PanelFilter name="tag" label="Tag" value={listing.tag} options={options} />}
      <PanelFilter name="sort" label="Sort by" value={listing.sort} options={sorts} />
    </PanelSearch>
  )
}

function NothingFound() {
  return (
    <EmptyState title="No datasets found" action={<LinkButton href={paths.catalog()}>Show all datasets</LinkButton>}>
      Nothing in the catalog is like that. Look for something else, or show all of it.
    </EmptyState>
  )
}

function cells(row: DatasetRow) {
  const { id, name, tags, connectionName, connectionWithdrawn, source, createdAt, version } = row
  const done = version?.status === 'completed'
  return [
    <>
      <a href={paths.dataset(id)}>{name}</a> {row.isShared ? <Badge>shared with you</Badge> : null}
    </>,
    tags.join(', '),
    row.isCombined ? 'other datasets' : (connectionName ?? (connectionWithdrawn ? 'not shared with you' : 'deleted')),
    sourceInWords(source),
    row.isDynamic ? (
      <Badge tone="accent">dynamic</Badge>
    ) : version === null ? (
      'no data'
    ) : (
      <VersionStatus version={version} />
    ),
    version !== null && (done || version.status === 'running') ? version.rows.toLocaleString('en') : '',
    version !== null && done ? bytesInWords(version.bytes) : '',
    <Time at={createdAt} />,
  ]
}

function Add() {
  return (
    <LinkButton href={paths.addData()} variant="primary" shortcut="n">
      Add from data connection
    </LinkButton>
  )
}
