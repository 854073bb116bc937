import type { Lineage } from '../../src/catalog/lineage.ts'
import type { DatasetDetail, VersionDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { bytesInWords, rowsInWords } from './words.ts'

type DeletionProps = {
  readonly dataset: Pick<DatasetDetail, 'id' | 'name' | 'versions' | 'isDynamic'>
  /** With how many people it is shared. */
  readonly sharedWith: number
  /** What is made from it. */
  readonly lineage: Pick<Lineage, 'uses' | 'hiddenUses'>
  readonly isScheduled: boolean
}

/** The page that asks before a dataset is deleted, and says what depends on it. */
export function DatasetDeletionPage(props: DeletionProps) {
  const { dataset, sharedWith, lineage, isScheduled } = props
  return (
    <ConfirmPage
      title={`Delete ${dataset.name}`}
      action={paths.datasetDeletion(dataset.id)}
      confirm="Delete dataset"
      cancelHref={paths.dataset(dataset.id)}
      breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current="Delete dataset" />}
    >
      <ul>
        <li>{dataset.isDynamic ? 'Nothing is stored of it: it is dynamic.' : versionsInWords(dataset.versions)}</li>
        <li>{peopleInWords(sharedWith)}</li>
        <li>{usesInWords(lineage)}</li>
        {isScheduled ? <li>Its schedule stops, and goes on if it is restored.</li> : null}
      </ul>
      <p>
        It goes to the deleted datasets, from where it can be restored for 30 days. Then it is deleted for good. The
        data connection, its credentials and the source stay as they are.
      </p>
    </ConfirmPage>
  )
}

function versionsInWords(versions: DatasetDetail['versions']): string {
  const completed = versions.filter(({ status }) => status === 'completed')
  const size = bytesInWords(completed.reduce((sum, { bytes }) => sum + bytes, 0))
  if (completed.length === 0) return 'It has no data.'
  return `${completed.length === 1 ? '1 version' : `${completed.length} versions`} with ${size} of stored data can no longer be read.`
}

function peopleInWords(count: number): string {
  if (count === 0) return 'It is shared with nobody.'
  return `${count === 1 ? '1 person' : `${count} people`} it is shared with can no longer see it.`
}

function usesInWords({ uses, hiddenUses }: DeletionProps['lineage']): string {
  const names = uses.map(({ name }) => name)
  if (hiddenUses > 0) names.push(`${hiddenUses} of other people`)
  if (names.length === 0) return 'No dataset is made from it.'
  return `What is made from it keeps its data and cannot be refreshed: ${names.join(', ')}.`
}

/** The page that asks before one version goes with its data. */
export function VersionDeletionPage(props: {
  dataset: { id: string; name: string }
  version: Pick<VersionDetail, 'number' | 'rows' | 'bytes' | 'status'>
}) {
  const { dataset, version } = props
  const title = `Delete version ${version.number} of ${dataset.name}`
  const holds = `${rowsInWords(version.rows)}, ${bytesInWords(version.bytes)}`
  return (
    <ConfirmPage
      title={title}
      action={paths.datasetVersionDeletion(dataset.id, version.number)}
      confirm="Delete version"
      cancelHref={paths.dataset(dataset.id)}
      breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current={`Delete version ${version.number}`} />}
    >
      <p>
        {version.status === 'completed' ? `Its data (${holds}) is deleted for good.` : 'It has no data.'} The other
        versions stay, and its number is not given again.
      </p>
    </ConfirmPage>
  )
}
