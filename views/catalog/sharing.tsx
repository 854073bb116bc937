import type { Person } from '../../src/access/people.ts'
import type { DatasetDetail } from '../../src/catalog/queries.ts'
import { People } from '../sharing/people.tsx'
import { type ShareForm, ShareSection } from '../sharing/share-section.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { datasetRoleHints, datasetSharingPaths } from './roles.tsx'

type SharingPageProps = {
  readonly dataset: Pick<DatasetDetail, 'id' | 'name' | 'role' | 'isDynamic'>
  readonly people: readonly Person[]
  readonly ownId: string
  readonly form: ShareForm
}

/** Who may work with a dataset and, for its owners, the form that adds someone. */
export function DatasetSharingPage(props: SharingPageProps) {
  const { dataset, people, ownId, form } = props
  const at = datasetSharingPaths(dataset.id)
  const isOwner = dataset.role === 'owner'
  return (
    <>
      <Title error={form.error !== undefined}>Sharing of {dataset.name}</Title>
      <DatasetBreadcrumbs dataset={dataset} current="Sharing" />
      <ErrorSummary errors={form.error === undefined ? [] : [form.error]} />
      <PageHeader title="Sharing" subtitle={dataset.name} />
      <People
        people={people}
        ownId={ownId}
        isOwner={isOwner}
        at={at}
        began="made the dataset"
        nobody="Nobody else sees this dataset."
      />
      {isOwner ? (
        <ShareSection action={at.sharing} form={form} hints={datasetRoleHints}>
          {dataset.isDynamic
            ? 'Nothing is stored of a dynamic dataset: they look at it with an account of their own, on a data connection that is shared with them.'
            : 'Sharing a dataset shares its data, never its data connection nor an account.'}
        </ShareSection>
      ) : (
        <p class="hint">Its owners decide who else may see this dataset.</p>
      )}
    </>
  )
}
