import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { type RowsProps, RowsTable } from './rows.tsx'
import { rowsInWords } from './words.ts'

/** A page of a version's rows, or the sentence why it cannot be read. */
export type PreviewProps = {
  readonly version: number
  readonly total: number
  readonly page: (RowsProps & { readonly page: number; readonly more: boolean }) | { readonly problem: string }
}

const perPage = 20

/** The page of one version's rows. */
export function RowsPage(props: PreviewProps & { dataset: { id: string; name: string } }) {
  const { dataset, version } = props
  const title = `${dataset.name}, version ${version}`
  return (
    <>
      <Title>Rows of {title}</Title>
      <DatasetBreadcrumbs dataset={dataset} current={`Version ${version}`} />
      <PageHeader
        title={title}
        subtitle={rowsInWords(props.total)}
        actions={<Downloads datasetId={dataset.id} version={version} />}
      />
      <SnapshotRows {...props} datasetId={dataset.id} />
    </>
  )
}

/** The links that download a version. */
export function Downloads(props: { datasetId: string; version: number }) {
  const { datasetId, version } = props
  return (
    <>
      <span class="muted">Download as</span>
      <LinkButton href={paths.datasetDownload(datasetId, version, 'parquet')} download>
        Parquet
      </LinkButton>
      <LinkButton href={paths.datasetDownload(datasetId, version, 'csv')} download>
        CSV
      </LinkButton>
      <LinkButton href={paths.datasetDownload(datasetId, version, 'jsonl')} download>
        JSON lines
      </LinkButton>
    </>
  )
}

/** Twenty rows with ways to the pages before and after. */
export function SnapshotRows(props: PreviewProps & { datasetId: string }) {
  const { page, version, total, datasetId } = props
  if ('problem' in page) return <Notice tone="danger">{page.problem}</Notice>
  if (page.rows.length === 0 && page.page === 1) {
    return <EmptyState title="No rows">The snapshot worked; its source has no rows.</EmptyState>
  }
  const first = (page.page - 1) * perPage + 1
  const to = (number: number) => paths.datasetPreview(datasetId, version, number)
  const summary =
    page.rows.length === 0
      ? 'There are no rows on this page.'
      : `Rows ${first.toLocaleString('en')} to ${(first + page.rows.length - 1).toLocaleString('en')} of ${total.toLocaleString('en')}`
  return (
    <>
      <RowsTable caption={summary} columns={page.columns} rows={page.rows} />
      <Pagination
        label="Pages of rows"
        previous={page.page === 1 ? null : to(page.page - 1)}
        next={page.more ? to(page.page + 1) : null}
        summary={summary}
      />
    </>
  )
}
