import type { ActivityRow } from '../../src/audit/activity.ts'
import { paths } from '../../src/paths.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { actionInWords } from './action-words.ts'
import { EntryOutcome } from './entry.tsx'

const columns = [{ label: 'What' }, { label: 'On' }, { label: 'For' }, { label: 'Outcome' }, { label: 'When' }]

/** What the actor did: their own entries of the audit ledger. */
export function ActivityPage(props: { rows: readonly ActivityRow[]; next: number | null; before: number | null }) {
  const { rows, next, before } = props
  return (
    <>
      <Title>Activity</Title>
      <PageHeader title="Activity" subtitle="What you did here, from the audit ledger." />
      {rows.length === 0 ? (
        <EmptyState title="Nothing yet">Whatever you change or use is listed here.</EmptyState>
      ) : (
        <Table caption="Activity" captionHidden columns={columns} rows={rows.map(cells)} />
      )}
      <Pagination
        label="Pages of activity"
        previous={before === null ? null : paths.activity()}
        next={next === null ? null : paths.activity({ before: String(next) })}
      />
    </>
  )
}

function cells(row: ActivityRow) {
  return [
    actionInWords(row.action),
    <Subject row={row} />,
    row.purpose ?? '',
    <EntryOutcome action={row.action} outcome={row.outcome} />,
    <Time at={row.time} />,
  ]
}

function Subject(props: { row: ActivityRow }) {
  const { resourceType, resourceId, resourceName } = props.row
  if (resourceName === null || resourceId === null) return <>{resourceId === null ? '' : `a ${resourceType}`}</>
  const pages: Record<string, (id: string) => string> = {
    credential: paths.credential,
    connection: paths.connection,
    dataset: paths.dataset,
  }
  const page = pages[resourceType]
  return page === undefined ? <span>{resourceName}</span> : <a href={page(resourceId)}>{resourceName}</a>
}
