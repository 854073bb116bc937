import type { Lineage } from '../../src/catalog/lineage.ts'
import type { DatasetDetail, VersionDetail } from '../../src/catalog/queries.ts'
import type { Diagnosis, Rows } from '../../src/connector/driver.ts'
import { paths } from '../../src/paths.ts'
import type { ScheduleSummary } from '../../src/schedules/queries.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { Live } from '../ui/live.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetActions } from './dataset-actions.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { DynamicRows } from './dynamic.tsx'
import { LineageSection } from './lineage.tsx'
import { Origin, originInWords } from './origin.tsx'
import { Downloads, type PreviewProps, SnapshotRows } from './preview.tsx'
import { Refused } from './refusal.tsx'
import { RunningVersion } from './running.tsx'
import { CompareLink, Versions } from './versions.tsx'

export type DatasetPageProps = {
  readonly dataset: DatasetDetail
  /** The one account that its buttons use unless another is chosen; null where one must be chosen. */
  readonly only: { readonly id: string; readonly name: string } | null
  /** Whether there are pages of schedules for who looks. */
  readonly schedulable: boolean
  /** Null where there is none, and for all but owners. */
  readonly schedule: ScheduleSummary | null
  /** The first rows of the latest completed version; null where there is none. */
  readonly preview: PreviewProps | null
  readonly lineage: Lineage
  /** What a look at a dynamic dataset came to; absent where nobody looked. */
  readonly looked?: { readonly rows?: Rows; readonly refusal?: Diagnosis }
  /** For tests. */
  readonly now?: Date
}

/** The page of one dataset: where it is from, what goes on, its rows, its versions. */
export function DatasetPage(props: DatasetPageProps) {
  const { dataset, looked } = props
  const [latest] = dataset.versions
  const going = latest !== undefined && isOpen(latest)
  return (
    <>
      <Title error={looked?.refusal !== undefined}>{dataset.name}</Title>
      <DatasetBreadcrumbs current={dataset.name} />
      <PageHeader
        title={dataset.name}
        subtitle={originInWords(dataset)}
        actions={<DatasetActions {...props} going={going} />}
      />
      {dataset.connectionWithdrawn ? <Withdrawn dataset={dataset} /> : null}
      <Origin dataset={dataset} schedule={props.schedule} />
      {dataset.isDynamic ? <DynamicRows {...props} /> : <Stored {...props} />}
      <LineageSection dataset={dataset} lineage={props.lineage} />
      {going ? <Live href={paths.dataset(dataset.id)} /> : null}
    </>
  )
}

function Withdrawn(props: { dataset: DatasetDetail }) {
  if (props.dataset.isDynamic) {
    return (
      <Notice title="You cannot look at its rows.">
        They are read from a data connection that is not shared with you. Ask one of its owners to share it.
      </Notice>
    )
  }
  return (
    <Notice title="You cannot refresh this dataset.">
      Its data stays. The data connection it came from is not shared with you; ask one of its owners to share it.
    </Notice>
  )
}

function Stored(props: DatasetPageProps) {
  const { dataset, preview } = props
  const [latest] = dataset.versions
  return (
    <>
      {latest === undefined ? (
        <EmptyState title="No data yet">No version is left. Create a snapshot to fill this dataset.</EmptyState>
      ) : (
        <Latest dataset={dataset} version={latest} now={props.now ?? new Date()} />
      )}
      {preview === null ? null : (
        <Section title="Preview" id="preview" actions={<Downloads datasetId={dataset.id} version={preview.version} />}>
          <SnapshotRows {...preview} datasetId={dataset.id} />
        </Section>
      )}
      {latest === undefined ? null : (
        <Section title="Versions" id="versions" actions={<CompareLink dataset={dataset} />}>
          <Versions dataset={dataset} />
        </Section>
      )}
    </>
  )
}

/** What the newest version is doing, or why it has no data. Completed ones speak for themselves. */
function Latest(props: { dataset: DatasetDetail; version: VersionDetail; now: Date }) {
  const { dataset, version, now } = props
  if (isOpen(version)) return <RunningVersion dataset={dataset} version={version} now={now} />
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

function isOpen(version: VersionDetail): boolean {
  return version.status === 'queued' || version.status === 'running'
}
