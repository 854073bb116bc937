import type { Child } from 'hono/jsx'
import type { BulkJob } from '../../src/bulk/bulk-job.ts'
import type { Preflight, PreflightItem, TransferPreflight } from '../../src/bulk/preflight.ts'
import { paths } from '../../src/paths.ts'
import { counted, datasetsInWords } from '../credentials/used-by.ts'
import { Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { namesInWords } from './words.ts'

/** What a job would do, and to what. */
export function PreflightView(props: { job: BulkJob; preflight: Preflight; transfer: TransferPreflight | null }) {
  const { job, preflight, transfer } = props
  const lines = [
    ...effects[job.action](preflight),
    ...(transfer === null ? [] : meets(job, transfer)),
    ...gone(preflight),
  ]
  return (
    <>
      {lines.length === 0 ? null : (
        <ul>
          {lines.map((line) => (
            <li>{line}</li>
          ))}
        </ul>
      )}
      <Section title="Chosen accounts" id="chosen">
        <Chosen preflight={preflight} />
      </Section>
    </>
  )
}

const effects: Readonly<Record<BulkJob['action'], (preflight: Preflight) => Child[]>> = {
  test: (preflight) => [
    `Each signs in on all of its data connections, one after the other: ${counted(preflight.associations, 'sign-in')} at most. The first that turns an account away is the last that is tried with it.`,
    ...when(
      preflight.withoutConnections,
      `${counted(preflight.withoutConnections, 'account')} without a data connection cannot be tried.`,
    ),
  ],
  delete: (preflight) => [
    'What is sealed and its history are deleted. This cannot be undone.',
    preflight.associations === 0
      ? 'None of them is associated with a data connection.'
      : `${counted(preflight.associations, 'association')} with data connections will be removed: nothing signs in with these accounts any more.`,
    ...datasetsStop(preflight),
    ...when(
      preflight.healthChecks,
      `Health checks of ${counted(preflight.healthChecks, 'data connection')} will stop.`,
    ),
  ],
  transfer: (preflight) => [
    'The new owner uses, changes and deletes them from then on; you no longer see them. What is sealed stays sealed.',
    ...datasetsStop(preflight),
    ...when(
      preflight.healthChecks,
      `Health checks of ${counted(preflight.healthChecks, 'data connection')} with these accounts are switched off.`,
    ),
    ...when(preflight.shares, `${counted(preflight.shares, 'share')} of them for use will end.`),
  ],
  expiry: (preflight) => [
    'It is set for the present version of each. A new password begins without one.',
    ...when(preflight.withExpiry, `${counted(preflight.withExpiry, 'account')} with an expiry will lose that one.`),
  ],
}

function datasetsStop({ datasets, datasetsOfOthers, schedules }: Preflight): Child[] {
  return [
    ...when(
      datasets.count,
      `New snapshots of ${counted(datasets.count, 'dataset')} will need another account (their data stays): ${namesInWords(datasets)}.`,
    ),
    ...when(datasetsOfOthers, `New snapshots of ${counted(datasetsOfOthers, 'dataset')} of others will stop.`),
    ...when(schedules, `${counted(schedules, 'schedule')} of datasets will be disabled by the next run.`),
  ]
}

/** What a transfer meets at the new owner. */
function meets({ newOwner }: BulkJob, { taken, unusable, associationsLost }: TransferPreflight): Child[] {
  const whose = newOwner?.name ?? 'The new owner'
  return [
    ...when(
      taken.count,
      `${whose} already has accounts with these names, so they will not be transferred: ${namesInWords(taken)}.`,
    ),
    ...when(
      unusable.count,
      `${whose} may not use ${counted(unusable.count, 'data connection')}: ${namesInWords(unusable)}. ${counted(associationsLost, 'association')} would have to go.`,
    ),
  ]
}

function gone(preflight: Preflight): Child[] {
  return when(preflight.gone, `${counted(preflight.gone, 'chosen account')} is gone since, or no longer yours.`)
}

function when(count: number, sentence: string): Child[] {
  return count === 0 ? [] : [sentence]
}

const columns = [
  { label: 'Account name' },
  { label: 'Connections', numeric: true },
  { label: 'Datasets', numeric: true },
]

function Chosen(props: { preflight: Preflight }) {
  const { items, present } = props.preflight
  const more = present - items.length
  return (
    <>
      <Table caption="Chosen accounts" captionHidden columns={columns} rows={items.map(cells)} />
      {more > 0 ? <p>And {counted(more, 'account')} more.</p> : null}
    </>
  )
}

function cells(item: PreflightItem): Child[] {
  return [
    <a href={paths.credential(item.id)}>{item.name}</a>,
    String(item.connections),
    datasetsInWords(item.datasets, item.datasetsOfOthers) ?? '0',
  ]
}
