import { paths } from '../../src/paths.ts'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'

/** The page that asks before a dataset goes with everything that was stored of it. */
export function DatasetDeletionPage(props: { dataset: { id: string; name: string }; versions: number }) {
  const { dataset, versions } = props
  return (
    <ConfirmPage
      title={`Delete ${dataset.name}`}
      action={paths.datasetDeletion(dataset.id)}
      confirm="Delete dataset"
      cancelHref={paths.dataset(dataset.id)}
      breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current="Delete dataset" />}
    >
      <p>
        {versions === 1 ? 'Its version' : `All ${versions} versions`} and the stored data will be deleted for good. The
        data connection, its credentials and the source stay as they are.
      </p>
    </ConfirmPage>
  )
}
