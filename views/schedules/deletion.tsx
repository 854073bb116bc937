import { paths } from '../../src/paths.ts'
import { DatasetBreadcrumbs } from '../catalog/dataset-breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'

/** The page that asks before a schedule goes. */
export function ScheduleDeletionPage(props: { dataset: { id: string; name: string } }) {
  const { dataset } = props
  return (
    <ConfirmPage
      title={`Delete the schedule of ${dataset.name}`}
      action={paths.datasetScheduleDeletion(dataset.id)}
      confirm="Delete schedule"
      cancelHref={paths.datasetSchedule(dataset.id)}
      breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current="Delete schedule" />}
    >
      <p>
        The dataset is no longer refreshed by itself, and the list of its runs is deleted. Its versions stay, all of
        them from then on.
      </p>
    </ConfirmPage>
  )
}
