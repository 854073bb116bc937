import { paths } from '../../src/paths.ts'
import type { ScheduleDetail, SchedulePageData } from '../../src/schedules/queries.ts'
import { DatasetBreadcrumbs } from '../catalog/dataset-breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Facts } from '../ui/facts.tsx'
import { FormButton } from '../ui/form.tsx'
import { Live } from '../ui/live.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { absoluteTime, Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { Beside } from './beside.tsx'
import { type ScheduleForm, ScheduleSettings } from './form.tsx'
import { Inputs, WhatIsRead } from './inputs.tsx'
import { ScheduleRuns } from './runs.tsx'
import { ScheduleState } from './state.tsx'
import { ruleInWords, timeInZone } from './words.ts'

export type SchedulePageProps = {
  readonly data: SchedulePageData
  readonly form: ScheduleForm
  /** The next runs of what is typed and not saved; null where nothing was asked. */
  readonly preview: { readonly next: readonly Date[]; readonly timeZone: string } | null
  /** Why what was pressed was not done; null where nothing was. */
  readonly problem: string | null
}

/** The page of a dataset's schedule: when, with what, what came of it, and the form that changes it. */
export function SchedulePage(props: SchedulePageProps) {
  const { data, form, problem } = props
  const { dataset, schedule } = data
  const fields = Object.entries(form.errors ?? {}).map(([field, message]) => ({ field, message }))
  const errors = problem === null ? fields : [{ field: null, message: problem }, ...fields]
  const going = schedule?.runs.some(({ state }) => state === 'running' || state === 'waiting') ?? false
  return (
    <>
      <Title error={errors.length > 0}>Schedule of {dataset.name}</Title>
      <DatasetBreadcrumbs dataset={dataset} current="Schedule" />
      <ErrorSummary errors={errors} />
      <PageHeader
        title="Schedule"
        subtitle={dataset.name}
        actions={schedule === null ? null : <ScheduleActions datasetId={dataset.id} schedule={schedule} />}
      />
      {schedule === null ? null : <Present data={data} schedule={schedule} />}
      {dataset.isDynamic ? <Beside data={data} /> : null}
      <Settings {...props} />
      {schedule === null ? null : <ScheduleRuns datasetId={dataset.id} schedule={schedule} />}
      {going && errors.length === 0 && props.preview === null ? (
        <Live href={paths.datasetSchedule(dataset.id)} />
      ) : null}
    </>
  )
}

function ScheduleActions(props: { datasetId: string; schedule: ScheduleDetail }) {
  const { datasetId, schedule } = props
  return (
    <>
      {schedule.state === 'disabled' ? null : (
        <FormButton action={paths.datasetScheduleRuns(datasetId)}>Run now</FormButton>
      )}
      {schedule.state === 'active' ? (
        <FormButton action={paths.datasetSchedulePause(datasetId)}>Pause</FormButton>
      ) : (
        <FormButton action={paths.datasetScheduleResumption(datasetId)} variant="primary">
          Resume
        </FormButton>
      )}
      <LinkButton href={paths.datasetScheduleDeletion(datasetId)} variant="danger">
        Delete schedule
      </LinkButton>
    </>
  )
}

function Present(props: { data: SchedulePageData; schedule: ScheduleDetail }) {
  const { data, schedule } = props
  const { rule, timeZone, credentialId, setByName, catchUp } = schedule
  const account = data.accounts.find((one) => one.credentialId === credentialId)
  return (
    <>
      <ScheduleState schedule={schedule} />
      <Facts
        facts={[
          { label: 'When', value: `${ruleInWords(rule)} (${timeZone})` },
          data.inputs === null ? { label: 'Account', value: account?.name ?? 'none that can be used' } : null,
          data.inputs === null ? null : { label: 'Reads', value: <Inputs inputs={data.inputs} /> },
          { label: 'Runs as', value: setByName },
          { label: 'Missed runs', value: catchUp === 'once' ? 'made up for with one run' : 'only listed' },
          { label: 'Keeps', value: keptInWords(schedule) },
        ]}
      />
      {schedule.next.length === 0 ? null : (
        <Section title="Next runs" id="next-runs">
          <NextRuns next={schedule.next} timeZone={timeZone} />
        </Section>
      )}
    </>
  )
}

function NextRuns(props: { next: readonly Date[]; timeZone: string }) {
  const { next, timeZone } = props
  const isUtc = timeZone === 'UTC'
  const rows = next.map((at) => [timeInZone(at, timeZone), ...(isUtc ? [] : [absoluteTime(at)]), <Time at={at} />])
  const columns = [{ label: `In ${timeZone}` }, ...(isUtc ? [] : [{ label: 'In UTC' }]), { label: 'From now' }]
  return <Table caption="Next runs" captionHidden columns={columns} rows={rows} />
}

function Settings(props: SchedulePageProps) {
  const { data, form, preview } = props
  const { dataset, schedule, accounts, zones } = data
  const { connection, isCombined } = dataset
  if (connection === null && !isCombined) {
    return (
      <EmptyState title="Nothing to refresh from" level={2}>
        The data connection of this dataset is gone or not shared with you any more, so it cannot be refreshed.
      </EmptyState>
    )
  }
  if (connection !== null && accounts.length === 0) return <NoAccount connectionId={connection.id} />
  return (
    <Section title={titleOf(data)} id="settings">
      {preview === null ? null : (
        <section class="notice notice-neutral" aria-label="Next runs, not saved yet">
          <p>
            <strong>Next runs, not saved yet</strong>
          </p>
          <NextRuns {...preview} />
        </section>
      )}
      {schedule === null ? <WhatIsRead data={data} /> : null}
      <ScheduleSettings datasetId={dataset.id} connection={connection} form={form} accounts={accounts} zones={zones} />
    </Section>
  )
}

function titleOf({ dataset, schedule }: SchedulePageData): string {
  if (dataset.isDynamic) return 'Keep snapshots by themselves'
  return schedule === null ? 'Refresh this dataset by itself' : 'Change the schedule'
}

function NoAccount(props: { connectionId: string }) {
  return (
    <EmptyState
      title="No stored account"
      level={2}
      action={<LinkButton href={paths.newConnectionCredential(props.connectionId)}>Add credentials</LinkButton>}
    >
      A schedule signs in with a stored account, and you have none on this data connection.
    </EmptyState>
  )
}

function keptInWords({ keepVersions, keepDays }: ScheduleDetail): string {
  const versions = keepVersions === null ? null : `the last ${keepVersions.toLocaleString('en')} completed versions`
  const days = keepDays === null ? null : `those of the last ${keepDays.toLocaleString('en')} days`
  return [versions, days].filter(Boolean).join(', of them ') || 'all versions'
}
