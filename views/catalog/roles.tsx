import type { Person } from '../../src/access/people.ts'
import { paths } from '../../src/paths.ts'
import type { SharingPaths } from '../sharing/people.tsx'
import type { RoleHints } from '../sharing/role-field.tsx'
import { RolePage } from '../sharing/role-page.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'

/** What each role may do with a dataset. */
export const datasetRoleHints: RoleHints = {
  consumer: 'Reads and downloads its data.',
  editor: 'Also names and describes it, and creates snapshots with an account of their own.',
  owner: 'Also shares and deletes it.',
}

/** Where a dataset is shared. */
export function datasetSharingPaths(id: string): SharingPaths {
  return {
    sharing: paths.datasetSharing(id),
    role: (userId) => paths.datasetShareRole(id, userId),
    removal: (userId) => paths.datasetShareRemoval(id, userId),
  }
}

type Dataset = { readonly id: string; readonly name: string }

/** The page on which an owner changes what someone may do with a dataset. */
export function DatasetShareRolePage(props: { dataset: Dataset; person: Person; error: string | undefined }) {
  const { dataset, person, error } = props
  return (
    <RolePage
      name={dataset.name}
      breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current="Change role" />}
      person={person}
      hints={datasetRoleHints}
      at={datasetSharingPaths(dataset.id)}
      error={error}
    />
  )
}

/** The page that asks before someone loses a dataset, or leaves it themselves. */
export function DatasetShareRemovalPage(props: { dataset: Dataset; person: Person; isOwn: boolean }) {
  const { dataset, person, isOwn } = props
  const title = isOwn ? `Leave ${dataset.name}` : `Remove ${person.name}`
  return (
    <ConfirmPage
      title={title}
      breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current={isOwn ? 'Leave' : title} />}
      action={paths.datasetShareRemoval(dataset.id, person.userId)}
      confirm={isOwn ? 'Leave dataset' : 'Remove from dataset'}
      cancelHref={paths.datasetSharing(dataset.id)}
    >
      <p>
        {isOwn ? 'You' : person.name} will no longer see {dataset.name}. What was downloaded stays where it is. A
        snapshot that {isOwn ? 'you are' : 'they are'} having made is ended.
      </p>
    </ConfirmPage>
  )
}
