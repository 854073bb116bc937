import type { Person } from '../../src/access/people.ts'
import type { ConnectionDetail } from '../../src/connections/queries.ts'
import { People } from '../sharing/people.tsx'
import { type ShareForm, ShareSection } from '../sharing/share-section.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { ConnectionFrame } from './frame.tsx'
import { connectionRoleHints, connectionSharingPaths } from './roles.tsx'

type SharingPageProps = {
  readonly connection: ConnectionDetail
  readonly people: readonly Person[]
  readonly ownId: string
  readonly form: ShareForm
  readonly storedCredentials: boolean
}

/** The **Sharing** tab: who may work with the connection and, for its owners, the form that adds someone. */
export function ConnectionSharingPage(props: SharingPageProps) {
  const { connection, people, ownId, form } = props
  const at = connectionSharingPaths(connection.id)
  const isOwner = connection.role === 'owner'
  return (
    <ConnectionFrame
      connection={connection}
      current="Sharing"
      storedCredentials={props.storedCredentials}
      invalid={form.error !== undefined}
    >
      <ErrorSummary errors={form.error === undefined ? [] : [form.error]} />
      <People
        people={people}
        ownId={ownId}
        isOwner={isOwner}
        at={at}
        began="added the connection"
        nobody="Nobody else sees this connection."
      />
      {isOwner ? (
        <ShareSection action={at.sharing} form={form} hints={connectionRoleHints}>
          Sharing a data connection never shares credentials: everyone signs in with credentials of their own, or with
          those that their owner shares with them.
        </ShareSection>
      ) : (
        <p class="hint">Its owners decide who else may use this connection.</p>
      )}
    </ConnectionFrame>
  )
}
