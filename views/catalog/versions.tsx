import type { Child } from 'hono/jsx'
import type { DatasetDetail, VersionDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { driftInWords } from './drift.tsx'
import { VersionStatus } from './status.tsx'
import { bytesInWords, durationInWords } from './words.ts'

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

/** Every version of a dataset, the newest first, with ways to its rows, to downloads and to its deletion. */
export function Versions(props: { dataset: DatasetDetail }) {
  const { dataset } = props
  const rows = dataset.versions.map((version) => cells(dataset, version))
  return <Table caption="Versions" captionHidden columns={columns} rows={rows} />
}

/** The way to a comparison, where there are two versions to compare. */
export function CompareLink(props: { dataset: DatasetDetail }) {
  const completed = props.dataset.versions.filter(({ status }) => status === 'completed')
  if (completed.length < 2) return null
  return <LinkButton href={paths.datasetComparison(props.dataset.id)}>Compare versions</LinkButton>
}

function cells(dataset: DatasetDetail, version: VersionDetail): Child[] {
  const { number, status, rows, bytes, createdAt, startedAt, finishedAt, accountName, createdByName } = version
  const done = status === 'completed'
  return [
    String(number),
    <VersionStatus version={version} />,
    done ? rows.toLocaleString('en') : '',
    done ? bytesInWords(bytes) : '',
    <Time at={startedAt ?? createdAt} />,
    startedAt === null || finishedAt === null ? '' : durationInWords(finishedAt.getTime() - startedAt.getTime()),
    accountName ?? `of ${createdByName}`,
    <Data dataset={dataset} version={version} />,
  ]
}

function Data({ dataset: { id, role }, version }: { dataset: DatasetDetail; version: VersionDetail }) {
  const { number, status, drift } = version
  const open = status === 'queued' || status === 'running'
  return (
    <>
      {status === 'completed' ? (
        <>
          <a href={paths.datasetPreview(id, number)}>
            Rows<span class="visually-hidden"> of version {number}</span>
          </a>{' '}
          <a href={paths.datasetProfile(id, number)}>
            Profile<span class="visually-hidden"> of version {number}</span>
          </a>{' '}
          {drift === null ? null : driftInWords(drift)}
        </>
      ) : (
        version.message
      )}
      {role === 'owner' && !open ? (
        <a href={paths.datasetVersionDeletion(id, number)}>
          Delete<span class="visually-hidden"> version {number}</span>
        </a>
      ) : null}
    </>
  )
}
