import type { Child } from 'hono/jsx'
import type { ShownJob } from '../../src/bulk/bulk.ts'
import type { BulkItem, BulkJob, ItemState } from '../../src/bulk/bulk-job.ts'
import { paths } from '../../src/paths.ts'
import { counted } from '../credentials/used-by.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { ErrorSummary, type FormError } from '../ui/error-summary.tsx'
import { FormButton } from '../ui/form.tsx'
import { Live } from '../ui/live.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Progress } from '../ui/progress.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'
import { type BulkTyped, Confirmation } from './confirmation.tsx'
import { PreflightView } from './preflight.tsx'
import { jobInWords } from './words.ts'

/** The page of one bulk job: what it would do, how far it is, what came of it. */
export function BulkJobPage(props: { shown: ShownJob; typed: BulkTyped; errors?: readonly FormError[] }) {
  const { shown, errors = [] } = props
  const { job } = shown
  const title = jobInWords(job.action, totalOf(job))
  return (
    <>
      <Title error={errors.length > 0}>{title}</Title>
      <Breadcrumbs trail={[{ label: 'Credentials management', href: paths.credentials() }]} current={title} />
      <ErrorSummary errors={errors} />
      <PageHeader
        title={title}
        {...(job.newOwner === null ? {} : { subtitle: `To ${job.newOwner.name}, ${job.newOwner.email}` })}
      />
      {shown.preflight === null ? null : (
        <>
          <PreflightView job={job} preflight={shown.preflight} transfer={shown.transfer} />
          <Confirmation {...props} errors={errors} title={title} />
        </>
      )}
      {job.state === 'running' ? <Running job={job} /> : null}
      {job.state === 'finished' ? (
        <>
          <p role="status">{sumOf(job)}</p>
          <LinkButton href={paths.credentials()}>Back to credentials</LinkButton>
        </>
      ) : null}
      {resultOrder.map((state) => (
        <Results job={job} state={state} items={shown.items.filter((item) => item.state === state)} />
      ))}
    </>
  )
}

function Running(props: { job: BulkJob }) {
  const { job } = props
  const total = totalOf(job)
  const over = total - job.counts.waiting
  const words = job.cancelling ? 'Cancelling…' : `${over.toLocaleString('en')} of ${total.toLocaleString('en')}.`
  return (
    <>
      <Progress label="Progress" words={`${words} ${sumOf(job)}`} value={over} maximum={total} />
      {job.cancelling ? null : <FormButton action={paths.bulkCancellation(job.id)}>Cancel</FormButton>}
      <Live href={paths.bulkJob(job.id)} />
    </>
  )
}

/** Returns for example "3 done, 1 failed, 2 not attempted." */
function sumOf({ counts }: BulkJob): string {
  return `${counts.done} done, ${counts.failed} failed, ${counts['not attempted']} not attempted.`
}

function totalOf({ counts }: BulkJob): number {
  return counts.waiting + counts.done + counts.failed + counts['not attempted']
}

/** What needs a look comes first. */
const resultOrder = ['failed', 'not attempted', 'done'] as const
const headings = { failed: 'Failed', 'not attempted': 'Not attempted', done: 'Done' } as const

function Results(props: { job: BulkJob; state: Exclude<ItemState, 'waiting'>; items: readonly BulkItem[] }) {
  const { job, state, items } = props
  if (items.length === 0) return null
  const more = job.counts[state] - items.length
  const withReasons = items.some(({ reason }) => reason !== null)
  const columns = [{ label: 'Account name' }, ...(withReasons ? [{ label: state === 'done' ? 'Note' : 'Why' }] : [])]
  const rows = items.map((item): Child[] => [nameOf(job, item), ...(withReasons ? [item.reason ?? ''] : [])])
  return (
    <Section title={headings[state]} id={state.replace(' ', '-')}>
      <Table caption={headings[state]} captionHidden columns={columns} rows={rows} />
      {more > 0 ? <p>And {counted(more, 'account')} more.</p> : null}
    </Section>
  )
}

/** What was deleted or given away has no page for the actor any more. */
function nameOf(job: BulkJob, { name, credentialId, state }: BulkItem): Child {
  const left = state === 'done' && (job.action === 'delete' || job.action === 'transfer')
  return left ? name : <a href={paths.credential(credentialId)}>{name}</a>
}
