import type { SharedCredential } from '../../src/credentials/shared-accounts.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'

/** The page that asks before its receiver gives a shared credential back, and says what stops. */
export function SharedReturnPage(props: { credential: SharedCredential & { readonly datasets: number } }) {
  const { id, name, ownerName, datasets } = props.credential
  const title = `Give back ${name}`
  return (
    <ConfirmPage
      title={title}
      breadcrumbs={
        <Breadcrumbs
          trail={[
            { label: 'Credentials management', href: paths.credentials() },
            { label: 'Shared with you', href: paths.sharedCredentials() },
          ]}
          current={title}
        />
      }
      action={paths.sharedCredentialReturn(id)}
      confirm="Give back"
      cancelHref={paths.sharedCredentials()}
    >
      <p>
        You will no longer use {name}. What you are importing with it is ended. Only {ownerName} can share it with you
        again.
      </p>
      <ul>
        <li>{datasetsInWords(datasets)}</li>
        <li>{ownerName} keeps these credentials, and sees in their history that you gave them back.</li>
      </ul>
    </ConfirmPage>
  )
}

function datasetsInWords(count: number): string {
  if (count === 0) return 'No dataset of yours was made with it.'
  if (count === 1) return '1 dataset of yours keeps its data; new snapshots need another account.'
  return `${count} datasets of yours keep their data; new snapshots need another account.`
}
