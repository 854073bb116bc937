import type { CredentialDependants } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { counted } from './used-by.ts'

/** The page that asks before credentials are deleted, with all that would stop working. */
export function CredentialDeletionPage(props: { id: string; name: string; dependants: CredentialDependants }) {
  const { id, name, dependants } = props
  return (
    <ConfirmPage
      title={`Delete ${name}`}
      breadcrumbs={
        <Breadcrumbs
          trail={[
            { label: 'Credentials management', href: paths.credentials() },
            { label: name, href: paths.credential(id) },
          ]}
          current="Delete"
        />
      }
      action={paths.credentialDeletion(id)}
      confirm="Delete credentials"
      cancelHref={paths.credential(id)}
    >
      <p>What is sealed and its history are deleted, and with them every association. This cannot be undone.</p>
      <Stops dependants={dependants} />
    </ConfirmPage>
  )
}

/** What would stop working without the credential. */
function Stops(props: { dependants: CredentialDependants }) {
  const { associations, datasets, datasetsOfOthers, scheduled, scheduledOfOthers, sharedWith } = props.dependants
  const nothing =
    associations.length + datasets.length + datasetsOfOthers + scheduled.length + scheduledOfOthers + sharedWith === 0
  if (nothing) return <p>Nothing uses these credentials.</p>
  return (
    <>
      <p>This would stop working:</p>
      <ul>
        {associations.map((one) => (
          <li>
            Signing in to <a href={paths.connection(one.connectionId)}>{one.connectionName}</a> with this account
            {one.healthChecks ? ', health checks among it' : ''}
          </li>
        ))}
        {datasets.map((one) => (
          <li>
            New snapshots of <a href={paths.dataset(one.id)}>{one.name}</a> (its present data stays)
          </li>
        ))}
        {datasetsOfOthers === 0 ? null : (
          <li>New snapshots of {counted(datasetsOfOthers, 'dataset')} of others (their present data stays)</li>
        )}
        {scheduled.map((one) => (
          <li>
            The schedule of <a href={paths.datasetSchedule(one.id)}>{one.name}</a>
          </li>
        ))}
        {scheduledOfOthers === 0 ? null : <li>{counted(scheduledOfOthers, 'schedule')} of others</li>}
        {sharedWith === 0 ? null : (
          <li>Its use by {sharedWith === 1 ? '1 person' : `${sharedWith} people`} whom it is shared with</li>
        )}
      </ul>
    </>
  )
}
