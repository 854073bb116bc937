import type { ConnectionActivityRow } from '../../src/connections/activity.ts'
import type { ConnectionDetail } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { actionInWords } from '../activity/action-words.ts'
import { EntryOutcome } from '../activity/entry.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Section } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { ConnectionFrame } from './frame.tsx'

const columns = [
  { label: 'What' },
  { label: 'Who' },
  { label: 'With' },
  { label: 'For' },
  { label: 'Outcome' },
  { label: 'When' },
]

/** The **Activity** tab: what the ledger holds of a connection. Consumers see what they did themselves. */
export function ConnectionActivityPage(props: {
  connection: ConnectionDetail
  rows: readonly ConnectionActivityRow[]
  next: number | null
  before: number | null
  storedCredentials: boolean
}) {
  const { connection, rows, next, before } = props
  const { id, role } = connection
  return (
    <ConnectionFrame connection={connection} current="Activity" storedCredentials={props.storedCredentials}>
      <Section title="Activity">
        <p class="hint">
          {role === 'consumer' ? 'What you did with this connection' : 'What was done with this connection'}, from the
          audit ledger.
        </p>
        {rows.length === 0 ? (
          <EmptyState level={3} title="Nothing yet">
            {before === null ? 'Whatever is changed or used is listed here.' : 'There is nothing older.'}
          </EmptyState>
        ) : (
          <Table caption="Activity" captionHidden columns={columns} rows={rows.map(cells)} />
        )}
        <Pagination
          label="Pages of activity"
          previous={before === null ? null : paths.connectionActivity(id)}
          next={next === null ? null : paths.connectionActivity(id, { before: String(next) })}
        />
      </Section>
    </ConnectionFrame>
  )
}

function cells(row: ConnectionActivityRow) {
  return [
    actionInWords(row.action),
    row.actorName ?? (row.actorKind === 'system' ? 'Keyward' : 'somebody else'),
    withInWords(row),
    row.purpose ?? '',
    <EntryOutcome action={row.action} outcome={row.outcome} />,
    <Time at={row.time} />,
  ]
}

/** The account of an own use, or whom a share was about: "Ben (consumer)". */
function withInWords(row: ConnectionActivityRow): string {
  if (row.sharedWith !== null) return row.sharedRole === null ? row.sharedWith : `${row.sharedWith} (${row.sharedRole})`
  if (row.resourceType !== 'credential') return ''
  return row.credentialName ?? 'an account of theirs'
}
