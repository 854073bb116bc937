import type { CredentialUser } from '../../src/credentials/sharing.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'

/** The page that asks before someone can no longer use a credential, and says what stops. */
export function CredentialShareRemovalPage(props: {
  credential: { id: string; name: string }
  person: CredentialUser
}) {
  const { credential, person } = props
  const { id, name } = credential
  return (
    <ConfirmPage
      title={`Remove ${person.name}`}
      breadcrumbs={
        <Breadcrumbs
          trail={[
            { label: 'Credentials management', href: paths.credentials() },
            { label: name, href: paths.credential(id) },
            { label: 'Sharing', href: paths.credentialSharing(id) },
          ]}
          current={`Remove ${person.name}`}
        />
      }
      action={paths.credentialShareRemoval(id, person.userId)}
      confirm="Remove"
      cancelHref={paths.credentialSharing(id)}
    >
      <p>
        From that moment each use of {name} by {person.name} is refused. What they are importing with it is ended.
      </p>
      <ul>
        <li>{datasetsInWords(person.datasets)}</li>
        {person.schedules === 0 ? null : (
          <li>
            {person.schedules === 1 ? '1 schedule of theirs signs' : `${person.schedules} schedules of theirs sign`} in
            with it: the next run disables {person.schedules === 1 ? 'it' : 'them'}.
          </li>
        )}
        <li>
          They may have seen or copied data that they read with it. If that must not go on, change the secret too.
        </li>
      </ul>
    </ConfirmPage>
  )
}

function datasetsInWords(count: number): string {
  if (count === 0) return 'No dataset of theirs was made with it.'
  if (count === 1) return '1 dataset of theirs keeps its data; new snapshots need another account.'
  return `${count} datasets of theirs keep their data; new snapshots need another account.`
}
