import type { HistoryEntry, HistoryKind, Paged, VersionRow } from '../../src/credentials/history.ts'
import { paths } from '../../src/paths.ts'
import { actionInWords } from '../activity/action-words.ts'
import { EntryOutcome } from '../activity/entry.tsx'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Section } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Table } from '../ui/table.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { absoluteTime, Time } from '../ui/time.tsx'

export type HistoryProps = {
  readonly id: string
  readonly versions: Paged<VersionRow>
  readonly entries: Paged<HistoryEntry>
  readonly kind: HistoryKind
  /** Where the pages shown began; null for the first of each. */
  readonly before: number | null
  readonly versionsBefore: number | null
}

/** The **History** tab: the versions of a credential, and what was done with it. */
export function CredentialHistory(props: HistoryProps) {
  return (
    <>
      <Versions {...props} />
      <Entries {...props} />
    </>
  )
}

const versionColumns = [
  { label: 'Version' },
  { label: 'Why' },
  { label: 'Who' },
  { label: 'When' },
  { label: 'Present until' },
  { label: 'Expires' },
  { label: 'Restore', hiddenLabel: true },
]

function Versions(props: HistoryProps) {
  const { id, versions, versionsBefore, kind } = props
  return (
    <Section title="Versions" id="versions">
      <p class="hint">
        What was replaced can be restored for 30 days. Then it is erased, and no one can open it any more. No version
        shows what is sealed in it.
      </p>
      <Table
        caption="Versions"
        captionHidden
        columns={versionColumns}
        rows={versions.rows.map((row) => versionCells(id, row))}
      />
      <Pagination
        label="Pages of versions"
        previous={versionsBefore === null ? null : paths.credentialHistory(id, { kind })}
        next={versions.next === null ? null : paths.credentialHistory(id, { kind, versions: String(versions.next) })}
      />
    </Section>
  )
}

function versionCells(id: string, row: VersionRow) {
  return [
    <>
      {row.version} <VersionState state={row.state} />
    </>,
    reasonInWords(row),
    row.createdByName ?? 'Keyward',
    <Time at={row.createdAt} />,
    row.replacedAt === null ? '' : <Time at={row.replacedAt} />,
    row.expiresAt === null ? '' : <Time at={row.expiresAt} />,
    row.restorableUntil === null ? (
      ''
    ) : (
      <>
        <LinkButton href={paths.credentialRestoration(id, row.version)}>
          Restore<span class="visually-hidden"> version {row.version}</span>
        </LinkButton>{' '}
        <span class="hint">until {absoluteTime(row.restorableUntil).slice(0, 10)}</span>
      </>
    ),
  ]
}

function VersionState(props: { state: VersionRow['state'] }) {
  if (props.state === 'present') return <Badge tone="accent">present</Badge>
  return props.state === 'erased' ? <Badge>erased</Badge> : null
}

/** Returns for example "restored from version 2". */
export function reasonInWords({ reason, restoredFrom }: Pick<VersionRow, 'reason' | 'restoredFrom'>): string {
  return restoredFrom === null ? reason : `${reason} from version ${restoredFrom}`
}

const kindNames: Readonly<Record<HistoryKind, string>> = { all: 'All', uses: 'Uses', changes: 'Changes' }

const entryColumns = [
  { label: 'What' },
  { label: 'Who' },
  { label: 'Details' },
  { label: 'For' },
  { label: 'Outcome' },
  { label: 'When' },
  { label: 'Run' },
]

function Entries(props: HistoryProps) {
  const { id, entries, kind, before } = props
  const kinds = (Object.keys(kindNames) as HistoryKind[]).map((one) => ({
    ...{ label: kindNames[one], href: paths.credentialHistory(id, { kind: one }), current: one === kind },
  }))
  const download = (
    <LinkButton href={paths.credentialHistoryCsv(id, kind)} download>
      Download CSV
    </LinkButton>
  )
  return (
    <Section title="Uses and changes" id="entries" actions={download}>
      <p class="hint">From the audit ledger, attempts that were refused included.</p>
      <Tabs label="What to list" tabs={kinds} />
      {entries.rows.length === 0 ? (
        <EmptyState level={3} title="Nothing here">
          {entries.next === null ? nothing[kind] : 'There is none among the latest 10,000 entries. Older ones follow.'}
        </EmptyState>
      ) : (
        <Table caption="Uses and changes" captionHidden columns={entryColumns} rows={entries.rows.map(entryCells)} />
      )}
      <Pagination
        label="Pages of uses and changes"
        previous={before === null ? null : paths.credentialHistory(id, { kind })}
        next={entries.next === null ? null : paths.credentialHistory(id, { kind, before: String(entries.next) })}
      />
    </Section>
  )
}

const nothing: Readonly<Record<HistoryKind, string>> = {
  all: 'There is nothing older.',
  uses: 'These credentials were not used, as far as this page goes back.',
  changes: 'These credentials were not changed, as far as this page goes back.',
}

function entryCells(entry: HistoryEntry) {
  const { action, actorName, actorKind, purpose, outcome, time, runId } = entry
  return [
    actionInWords(action),
    actorName ?? (actorKind === 'system' ? 'Keyward' : 'somebody else'),
    detailsInWords(entry),
    purpose ?? '',
    <EntryOutcome action={action} outcome={outcome} />,
    <Time at={time} />,
    runId === null ? '' : <code>{runId}</code>,
  ]
}

/** Returns for example "version 4 · renamed", "on Sales · destination changed" or "with Ben". */
function detailsInWords(entry: HistoryEntry): string {
  const { version, restoredFrom, renamed, connectionName, sharedWith, reason } = entry
  const details = [
    version === null ? null : `version ${version}`,
    restoredFrom === null ? null : `from version ${restoredFrom}`,
    renamed ? 'renamed' : null,
    connectionName === null ? null : `on ${connectionName}`,
    sharedWith === null ? null : `with ${sharedWith}`,
    reason,
  ]
  return details.filter((detail) => detail !== null).join(' · ')
}
