import type { Losses } from '../../src/connections/sharing.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { connectionTrail } from './address.tsx'

/** The page that asks before someone loses a connection, or leaves it themselves, and says what stops. */
export function ShareRemovalPage(props: { connection: { id: string; name: string }; losses: Losses; isOwn: boolean }) {
  const { connection, losses, isOwn } = props
  const { userId, name } = losses.person
  const title = isOwn ? `Leave ${connection.name}` : `Remove ${name}`
  return (
    <ConfirmPage
      title={title}
      breadcrumbs={
        <Breadcrumbs trail={connectionTrail(connection.id, connection.name)} current={isOwn ? 'Leave' : title} />
      }
      action={paths.connectionShareRemoval(connection.id, userId)}
      confirm={isOwn ? 'Leave connection' : 'Remove from connection'}
      cancelHref={paths.connectionSharing(connection.id)}
    >
      <p>
        {isOwn ? 'You' : name} will no longer see {connection.name}, nor use it. What is being imported from it is
        ended.
      </p>
      <ul>
        <li>{associationsInWords(losses.associations, isOwn)}</li>
        <li>{datasetsInWords(losses.datasets, isOwn)}</li>
      </ul>
    </ConfirmPage>
  )
}

function associationsInWords(count: number, isOwn: boolean): string {
  const whose = isOwn ? 'you' : 'them'
  if (count === 0) return `No credential of ${isOwn ? 'yours' : 'theirs'} is associated with it.`
  if (count === 1) return `1 credential stays with ${whose} and loses its association with it.`
  return `${count} credentials stay with ${whose} and lose their association with it.`
}

function datasetsInWords(count: number, isOwn: boolean): string {
  const whose = isOwn ? 'yours' : 'theirs'
  if (count === 0) return `No dataset of ${whose} came from it.`
  if (count === 1) return `1 dataset of ${whose} keeps its data and can no longer be refreshed.`
  return `${count} datasets of ${whose} keep their data and can no longer be refreshed.`
}
