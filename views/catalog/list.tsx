import type { DatasetRow } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Live } from '../ui/live.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { VersionStatus } from './status.tsx'
import { bytesInWords, sourceInWords } from './words.ts'

const columns = [
  { label: 'Name' },
  { label: 'Data connection' },
  { label: 'Source' },
  { label: 'Status' },
  { label: 'Rows', numeric: true },
  { label: 'Size', numeric: true },
  { label: 'Created' },
]

/** The catalog: every dataset the actor may see, the newest first. */
export function CatalogPage(props: { rows: readonly DatasetRow[]; next: string | null; after: string | undefined }) {
  const { rows, next, after } = props
  const empty = rows.length === 0 && after === undefined
  const going = rows.some(({ version }) => version.status === 'queued' || version.status === 'running')
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
          download.
        </EmptyState>
      ) : (
        <>
          <Table caption="Datasets" captionHidden columns={columns} rows={rows.map(cells)} />
          <Pagination
            label="Pages of datasets"
            previous={after === undefined ? null : paths.catalog()}
            next={next === null ? null : paths.catalog({ after: next })}
          />
        </>
      )}
      {going ? <Live href={paths.catalog(after === undefined ? {} : { after })} /> : null}
    </>
  )
}

function cells({ id, name, isCombined, connectionName, connectionWithdrawn, source, createdAt, version }: DatasetRow) {
  const done = version.status === 'completed'
  return [
    <a href={paths.dataset(id)}>{name}</a>,
    isCombined ? 'other datasets' : (connectionName ?? (connectionWithdrawn ? 'no longer shared with you' : 'deleted')),
    sourceInWords(source),
    <VersionStatus version={version} />,
    done || version.status === 'running' ? version.rows.toLocaleString('en') : '',
    done ? bytesInWords(version.bytes) : '',
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
