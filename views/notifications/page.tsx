import type { InboxPage, InboxRow } from '../../src/notifications/inbox.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { FormButton } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'

/** What the actor was told: unread first. `after` is where this page begins. */
export function NotificationsPage(props: { page: InboxPage; unread: number; after: string | undefined }) {
  const { page, unread, after } = props
  const { rows, next, newest } = page
  const isEmpty = rows.length === 0 && after === undefined
  return (
    <>
      <Title>Notifications</Title>
      <PageHeader
        title="Notifications"
        subtitle="What happened to what is yours or shared with you. Kept for 90 days."
        actions={
          <>
            {unread === 0 || newest === null ? null : (
              <FormButton action={paths.notificationsReading()} hidden={{ newest }}>
                Mark all as read
              </FormButton>
            )}
            <LinkButton href={paths.notificationChoices()}>Choose e-mails</LinkButton>
          </>
        }
      />
      {isEmpty ? (
        <EmptyState title="Nothing to tell you">
          When a snapshot is ready or fails, credentials expire or are refused, or somebody shares something with you,
          it is said here.
        </EmptyState>
      ) : (
        <ul class="relations" aria-label="Notifications">
          {rows.map((row) => (
            <Line row={row} />
          ))}
        </ul>
      )}
      <Pagination
        label="Pages of notifications"
        previous={after === undefined ? null : paths.notifications()}
        next={next === null ? null : paths.notifications({ after: next })}
      />
    </>
  )
}

function Line(props: { row: InboxRow }) {
  const { id, sentence, path, at, unread } = props.row
  return (
    <li class={unread ? 'relation notification-unread' : 'relation'}>
      <div class="relation-words">
        <p class="notification-sentence">
          {unread ? <Badge tone="accent">new</Badge> : null} {path === null ? sentence : <a href={path}>{sentence}</a>}
        </p>
        <p>
          <Time at={at} />
          {path === null ? ' · It is gone, or you may not see it any more.' : null}
        </p>
      </div>
      {unread ? (
        <div class="actions">
          <FormButton action={paths.notificationReading(id)} label={`Mark as read: ${sentence}`}>
            Mark as read
          </FormButton>
        </div>
      ) : null}
    </li>
  )
}
