import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { FormButton } from '../ui/form.tsx'
import type { DatasetPageProps } from './dataset.tsx'

/** What the actor's role lets them do with a dataset, the dangerous one last. */
export function DatasetActions(props: DatasetPageProps & { going: boolean }) {
  const { dataset, going } = props
  const { id, role, isDynamic, isCombined, connection } = dataset
  const mayRefresh = connection !== null && !going && (isDynamic || role !== 'consumer')
  return (
    <>
      {mayRefresh ? <CreateSnapshot {...props} /> : null}
      {isCombined && !going && role !== 'consumer' ? (
        <FormButton action={paths.newCombination(id)}>Create snapshot</FormButton>
      ) : null}
      {role === 'consumer' ? null : (
        <LinkButton href={paths.editDataset(id)} shortcut="e">
          Edit
        </LinkButton>
      )}
      <LinkButton href={paths.datasetSharing(id)}>Sharing</LinkButton>
      {(props.schedulable || isCombined) && role === 'owner' ? (
        <LinkButton href={paths.datasetSchedule(id)}>Schedule</LinkButton>
      ) : null}
      {role === 'owner' ? (
        <LinkButton href={paths.datasetDeletion(id)} variant="danger">
          Delete dataset
        </LinkButton>
      ) : null}
    </>
  )
}

/** Of a dynamic dataset the snapshot becomes another one beside it. */
function CreateSnapshot({ dataset, only }: DatasetPageProps) {
  const href = dataset.isDynamic ? paths.datasetSnapshot(dataset.id) : paths.newDatasetVersion(dataset.id)
  if (only === null) {
    return (
      <LinkButton href={href} shortcut="n">
        Create snapshot
      </LinkButton>
    )
  }
  return (
    <>
      <FormButton action={href} hidden={{ account: only.id }}>
        Create snapshot
      </FormButton>
      <span class="muted">
        as <strong>{only.name}</strong>, <a href={href}>change</a>
      </span>
    </>
  )
}
