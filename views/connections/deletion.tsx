import type { ConnectionDependants } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { Title } from '../ui/title.tsx'
import { connectionTrail } from './address.tsx'

/** The page that asks before a data connection is deleted, and what becomes of its datasets. */
export function ConnectionDeletionPage(props: { id: string; name: string; dependants: ConnectionDependants }) {
  const { id, name, dependants } = props
  const { credentials, credentialsOfOthers, datasets, datasetsOfOthers } = dependants
  return (
    <div class="narrow">
      <Title>Delete {name}</Title>
      <Breadcrumbs trail={connectionTrail(id, name)} current="Delete" />
      <PageHeader title={`Delete ${name}`} />
      <p>The connection is deleted, for everyone it is shared with too. This cannot be undone.</p>
      {credentials.length + credentialsOfOthers === 0 ? null : (
        <>
          <p>These credentials stay, and lose their association with it:</p>
          <ul>
            {credentials.map((one) => (
              <li>
                <a href={paths.credential(one.id)}>{one.name}</a>
              </li>
            ))}
            {credentialsOfOthers > 0 ? <li>{credentialsOfOthers} of other people</li> : null}
          </ul>
        </>
      )}
      {datasetsOfOthers === 0 ? null : (
        <p>
          {datasetsOfOthers === 1
            ? '1 dataset of somebody else keeps its'
            : `${datasetsOfOthers} datasets of other people keep their`}{' '}
          data and can no longer be refreshed.
        </p>
      )}
      <Form action={paths.connectionDeletion(id)}>
        {datasets.length === 0 ? null : <DatasetsChoice datasets={datasets} />}
        <Actions>
          <Button variant="confirm-danger">Delete connection</Button>
          <CancelLink href={paths.connection(id)} />
        </Actions>
      </Form>
    </div>
  )
}

function DatasetsChoice(props: { datasets: ConnectionDependants['datasets'] }) {
  const { datasets } = props
  return (
    <>
      <p>These datasets of yours came from it:</p>
      <ul>
        {datasets.map((one) => (
          <li>
            <a href={paths.dataset(one.id)}>{one.name}</a>
          </li>
        ))}
      </ul>
      <RadioField
        name="datasets"
        label="What becomes of them"
        value="detach"
        options={[
          {
            value: 'detach',
            label: 'Keep them',
            hint: 'Their data stays; they cannot be refreshed, and their schedules are disabled.',
          },
          { value: 'delete', label: 'Delete them too' },
        ]}
      />
    </>
  )
}
