import type { VersionRow } from '../../src/credentials/history.ts'
import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { Time } from '../ui/time.tsx'
import { reasonInWords } from './history.tsx'

/** The page that asks before an earlier version becomes the present one again. */
export function RestorationPage(props: { detail: CredentialDetail; version: VersionRow; error?: string }) {
  const { detail, version, error } = props
  const { id, name, associations, revision } = detail
  const back = paths.credentialHistory(id)
  return (
    <ConfirmPage
      title={`Restore version ${version.version}`}
      breadcrumbs={
        <Breadcrumbs
          trail={[
            { label: 'Credentials management', href: paths.credentials() },
            { label: name, href: paths.credential(id) },
            { label: 'History', href: back },
          ]}
          current={`Restore version ${version.version}`}
        />
      }
      action={paths.credentialRestoration(id, version.version)}
      hidden={{ revision: String(revision) }}
      errors={error === undefined ? [] : [{ field: null, message: error }]}
      confirm="Restore"
      cancelHref={back}
      danger={false}
    >
      <p>
        The username and secrets of version {version.version} ({reasonInWords(version)} <Time at={version.createdAt} />
        {version.createdByName === null ? '' : ` by ${version.createdByName}`}) become the present ones of {name} again,
        as a new version.
      </p>
      <ul>
        <li>{connectionsInWords(associations.length)}</li>
        <li>Name, description and associations stay as they are.</li>
        <li>Version {detail.version}, the present one, can be restored for 30 days in its turn.</li>
      </ul>
    </ConfirmPage>
  )
}

function connectionsInWords(count: number): string {
  if (count === 0) return 'No data connection uses these credentials yet.'
  if (count === 1) return 'Its one associated connection signs in with them at once. Nothing is tried before.'
  return `All ${count} associated connections sign in with them at once. Nothing is tried before.`
}
