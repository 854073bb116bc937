import type { AccountPrivileges } from '../../src/connections/privileges.ts'
import { Badge } from '../ui/badge.tsx'
import { absoluteTime } from '../ui/time.tsx'

type Seen = Pick<AccountPrivileges, 'superuser' | 'canWrite'>

/** What an account may do beyond reading, and how to get one that may not. Nothing where it only reads and always did. */
export function PrivilegesSeen(props: { privileges: AccountPrivileges | null }) {
  const { privileges } = props
  if (privileges === null) return null
  const label = privileges.superuser ? 'superuser' : privileges.canWrite ? 'can write' : null
  const changes = changesOf(privileges)
  if (label === null && changes === null) return null
  return (
    <div class="privileges">
      {label === null ? null : (
        <p>
          <Badge tone="warning">{label}</Badge>{' '}
          {privileges.superuser
            ? 'This account is a superuser and can write. Keyward only reads: use an account that can do no more.'
            : 'This account can write. Keyward only reads: use an account that can do no more.'}
        </p>
      )}
      {changes === null ? null : <p>{changes}</p>}
      {privileges.readOnlyStatements === null ? null : (
        <details>
          <summary>Statements for a read-only account</summary>
          <pre tabindex={0}>{privileges.readOnlyStatements}</pre>
        </details>
      )}
    </div>
  )
}

function changesOf({ before, ...now }: AccountPrivileges): string | null {
  if (before === null) return null
  const was = [wrote(before, now), ruled(before, now)].filter((words) => words !== null)
  if (was.length === 0) return null
  return `Changed since ${absoluteTime(new Date(before.at)).slice(0, 10)}: ${was.join(' and ')} before.`
}

function wrote(before: Seen, now: Seen): string | null {
  if (before.canWrite === now.canWrite || before.canWrite === null || now.canWrite === null) return null
  return before.canWrite ? 'could write' : 'could not write'
}

function ruled(before: Seen, now: Seen): string | null {
  if (before.superuser === now.superuser || before.superuser === null || now.superuser === null) return null
  return before.superuser ? 'was a superuser' : 'was no superuser'
}
