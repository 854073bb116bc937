import type { Child } from 'hono/jsx'
import type { Lineage } from '../../src/catalog/lineage.ts'
import type { DatasetDetail, VersionDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Facts } from '../ui/facts.tsx'
import { FormButton } from '../ui/form.tsx'
import { Live } from '../ui/live.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { driftInWords } from './drift.tsx'
import { LineageSection } from './lineage.tsx'
import { Downloads, type PreviewProps, SnapshotRows } from './preview.tsx'
import { Refused } from './refusal.tsx'
import { RunningVersion } from './running.tsx'
import { VersionStatus } from './status.tsx'
import { bytesInWords, durationInWords, sourceInWords } from './words.ts'

export type DatasetPageProps = {
  readonly dataset: DatasetDetail
  /** The one account a new snapshot is made with unless another is chosen; null where one must be chosen. */
  readonly only: { readonly id: string; readonly name: string } | null
  /** The first rows of the latest completed version; null where there is none. */
  readonly preview: PreviewProps | null
  readonly lineage: Lineage
  /** For tests. */
  readonly now?: Date
}

/** The page of one dataset: where it is from, what goes on, its rows, its versions. */
export function DatasetPage(props: DatasetPageProps) {
  const { dataset, preview } = props
  const [latest] = dataset.versions
  const going = latest !== undefined && isOpen(latest)
  return (
    <>
      <Title>{dataset.name}</Title>
      <DatasetBreadcrumbs current={dataset.name} />
      <PageHeader
        title={dataset.name}
        subtitle={
          dataset.isCombined
            ? 'Combined from other datasets'
            : `From ${dataset.connection?.name ?? `a data connection that ${dataset.connectionWithdrawn ? 'is' : 'was'} ${goneInWords(dataset)}`}`
        }
        actions={<DatasetActions {...props} going={going} />}
      />
      {dataset.connectionWithdrawn ? (
        <Notice title="This dataset can no longer be refreshed.">
          Its data stays. The data connection it came from is not shared with you any more; ask one of its owners to
          share it again.
        </Notice>
      ) : null}
      <Origin dataset={dataset} />
      {latest === undefined ? null : <Latest dataset={dataset} version={latest} now={props.now ?? new Date()} />}
      {preview === null ? null : (
        <Section title="Preview" id="preview" actions={<Downloads datasetId={dataset.id} version={preview.version} />}>
          <SnapshotRows {...preview} datasetId={dataset.id} />
        </Section>
      )}
      <Section title="Versions" id="versions" actions={<CompareLink dataset={dataset} />}>
        <Versions dataset={dataset} />
      </Section>
      <LineageSection dataset={dataset} lineage={props.lineage} />
      {going ? <Live href={paths.dataset(dataset.id)} /> : null}
    </>
  )
}

function DatasetActions(props: DatasetPageProps & { going: boolean }) {
  const { dataset, only, going } = props
  return (
    <>
      {dataset.isCombined && !going ? (
        <FormButton action={paths.newCombination(dataset.id)}>Create snapshot</FormButton>
      ) : null}
      {dataset.connection === null || going ? null : only === null ? (
        <LinkButton href={paths.newDatasetVersion(dataset.id)} shortcut="n">
          Create snapshot
        </LinkButton>
      ) : (
        <FormButton action={paths.newDatasetVersion(dataset.id)} hidden={{ account: only.id }}>
          Create snapshot
        </FormButton>
      )}
      {dataset.connection === null || going || only === null ? null : (
        <span class="muted">
          as <strong>{only.name}</strong>, <a href={paths.newDatasetVersion(dataset.id)}>change</a>
        </span>
      )}
      <LinkButton href={paths.datasetDeletion(dataset.id)} variant="danger">
        Delete dataset
      </LinkButton>
    </>
  )
}

function Origin(props: { dataset: DatasetDetail }) {
  const { dataset } = props
  const { connection, account, source, rowLimit } = dataset
  return (
    <>
      <Facts
        facts={[
          {
            label: 'Source',
            value: source.kind === 'table' ? <code>{sourceInWords(source)}</code> : sourceInWords(source),
          },
          dataset.isCombined
            ? null
            : {
                label: 'Data connection',
                value:
                  connection === null ? (
                    goneInWords(dataset)
                  ) : (
                    <a href={paths.connection(connection.id)}>{connection.name}</a>
                  ),
              },
          dataset.isCombined
            ? null
            : {
                label: 'Account',
                value: account === null ? (dataset.versions[0]?.accountName ?? 'none') : account.name,
              },
          rowLimit === null ? null : { label: 'Row limit', value: rowLimit.toLocaleString('en') },
          { label: 'Owner', value: dataset.ownerName },
          { label: 'Created', value: <Time at={dataset.createdAt} /> },
        ]}
      />
      {source.kind === 'query' ? (
        <details class="more" open>
          <summary>Query</summary>
          <pre>{source.query}</pre>
        </details>
      ) : null}
    </>
  )
}

function goneInWords(dataset: DatasetDetail): string {
  return dataset.connectionWithdrawn ? 'no longer shared with you' : 'deleted'
}

/** What the newest version is doing, or why it has no data. Completed ones speak for themselves. */
function Latest(props: { dataset: DatasetDetail; version: VersionDetail; now: Date }) {
  const { dataset, version, now } = props
  if (isOpen(version)) return <RunningVersion datasetId={dataset.id} version={version} now={now} />
  if (version.status === 'completed') return null
  const title = `Version ${version.number} ${version.status === 'failed' ? 'failed' : 'was cancelled'}.`
  if (version.diagnosis !== null) return <Refused diagnosis={version.diagnosis} title={title} />
  if (version.status === 'failed') {
    return (
      <Notice tone="danger" title={title}>
        {version.message}
      </Notice>
    )
  }
  const another = dataset.versions.some(({ status }) => status === 'completed')
  if (another) return <Notice title={title}>{version.message}</Notice>
  return (
    <EmptyState title="No data yet">
      {version.message}{' '}
      {dataset.connection === null && !dataset.isCombined ? '' : 'Create a snapshot to fill this dataset.'}
    </EmptyState>
  )
}

const columns = [
  { label: 'Version', numeric: true },
  { label: 'Status' },
  { label: 'Rows', numeric: true },
  { label: 'Size', numeric: true },
  { label: 'Started' },
  { label: 'Took' },
  { label: 'Account' },
  { label: 'Data' },
]

function Versions(props: { dataset: DatasetDetail }) {
  const { dataset } = props
  const rows = dataset.versions.map((version) => cells(dataset.id, version))
  return <Table caption="Versions" captionHidden columns={columns} rows={rows} />
}

function cells(datasetId: string, version: VersionDetail): Child[] {
  const { number, status, rows, bytes, createdAt, startedAt, finishedAt, accountName } = version
  const done = status === 'completed'
  return [
    String(number),
    <VersionStatus version={version} />,
    done ? rows.toLocaleString('en') : '',
    done ? bytesInWords(bytes) : '',
    <Time at={startedAt ?? createdAt} />,
    startedAt === null || finishedAt === null ? '' : durationInWords(finishedAt.getTime() - startedAt.getTime()),
    accountName,
    done ? <Data datasetId={datasetId} version={version} /> : (version.message ?? ''),
  ]
}

function Data(props: { datasetId: string; version: VersionDetail }) {
  const { datasetId, version } = props
  const { number, drift } = version
  return (
    <>
      <a href={paths.datasetPreview(datasetId, number)}>Rows</a> ·{' '}
      <a href={paths.datasetProfile(datasetId, number)}>Profile</a>
      {drift === null ? null : <> · {driftInWords(drift)}</>}
    </>
  )
}

function CompareLink(props: { dataset: DatasetDetail }) {
  const completed = props.dataset.versions.filter(({ status }) => status === 'completed')
  if (completed.length < 2) return null
  return <LinkButton href={paths.datasetComparison(props.dataset.id)}>Compare versions</LinkButton>
}

function isOpen(version: VersionDetail): boolean {
  return version.status === 'queued' || version.status === 'running'
}
