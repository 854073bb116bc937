import type { ShareRole } from '../../src/access/policy.ts'
import type { Person } from '../../src/connections/sharing.ts'
import { paths } from '../../src/paths.ts'
import { roleNames } from '../connections/roles.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'

const hints: Readonly<Record<ShareRole, string>> = {
  consumer: 'Reads and downloads its data.',
  editor: 'Also names and describes it, and creates snapshots with an account of their own.',
  owner: 'Also shares and deletes it.',
}

/** The choice of a role on a dataset. */
export function DatasetRoleField(props: { value: string; error?: string | undefined }) {
  const options = (['consumer', 'editor', 'owner'] as const).map((role) => ({
    value: role,
    label: roleNames[role],
    hint: hints[role],
  }))
  return <RadioField name="role" label="Role" value={props.value} error={props.error} options={options} />
}

type Dataset = { readonly id: string; readonly name: string }

/** The page on which an owner changes what someone may do with a dataset. */
export function DatasetShareRolePage(props: { dataset: Dataset; person: Person; error?: string }) {
  const { dataset, person, error } = props
  return (
    <div class="narrow">
      <Title error={error !== undefined}>Role of {person.name}</Title>
      <DatasetBreadcrumbs dataset={dataset} current="Change role" />
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'role', message: error }]} />
      <PageHeader title={`Role of ${person.name}`} subtitle={`${dataset.name} · ${person.email}`} />
      <Form action={paths.datasetShareRole(dataset.id, person.userId)}>
        <DatasetRoleField value={person.role} error={error} />
        <Actions>
          <Button>Change role</Button>
          <CancelLink href={paths.datasetSharing(dataset.id)} />
        </Actions>
      </Form>
    </div>
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
