import { paths } from '../../src/paths.ts'
import type { ScheduleDetail, ShownRun } from '../../src/schedules/queries.ts'
import { Badge, type Tone } from '../ui/badge.tsx'
import { Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { timeInZone } from './words.ts'

const tones: Readonly<Record<ShownRun['state'], Tone>> = {
  waiting: 'neutral',
  running: 'accent',
  completed: 'success',
  failed: 'danger',
  cancelled: 'warning',
  missed: 'warning',
}

const columns = [
  { label: 'Due' },
  { label: 'Outcome' },
  { label: 'Version', numeric: true },
  { label: 'Attempts', numeric: true },
  { label: 'Why' },
]

/** What came of the runs of a schedule, missed ones among them. */
export function ScheduleRuns(props: { datasetId: string; schedule: ScheduleDetail }) {
  const { datasetId, schedule } = props
  const { runs, timeZone } = schedule
  const missed = runs.filter(({ state }) => state === 'missed').length
  return (
    <Section title="Runs" id="runs">
      {runs.length === 0 ? (
        <p>None yet.</p>
      ) : (
        <>
          {missed === 0 ? null : <p>{missed === 1 ? '1 of them was missed.' : `${missed} of them were missed.`}</p>}
          <Table
            caption={`Last ${runs.length === 1 ? 'run' : `${runs.length} runs`}, the newest first`}
            columns={columns}
            rows={runs.map((run) => cells(datasetId, timeZone, run))}
          />
        </>
      )}
    </Section>
  )
}

function cells(datasetId: string, timeZone: string, run: ShownRun) {
  const { dueAt, state, trigger, version, attempts, reason } = run
  return [
    <>
      <time datetime={dueAt.toISOString()}>{timeInZone(dueAt, timeZone)}</time>
      {trigger === 'by hand' ? ' (run now)' : ''}
    </>,
    <Badge tone={tones[state]}>{state}</Badge>,
    version === null ? '' : <VersionLink datasetId={datasetId} version={version} state={state} />,
    attempts === 0 ? '' : String(attempts),
    reason ?? '',
  ]
}

function VersionLink(props: { datasetId: string; version: number; state: ShownRun['state'] }) {
  const { datasetId, version, state } = props
  const href = state === 'completed' ? paths.datasetPreview(datasetId, version) : paths.dataset(datasetId)
  return <a href={href}>{version}</a>
}
