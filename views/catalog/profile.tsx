import type { ColumnProfile, Profile } from '../../src/analysis/analysis.ts'
import type { AnalysisState } from '../../src/catalog/analyses.ts'
import { paths } from '../../src/paths.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { Facts } from '../ui/facts.tsx'
import { Histogram } from '../ui/histogram.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { Table } from '../ui/table.tsx'
import { absoluteTime } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { NoResult } from './analysis-state.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { visible } from './rows.tsx'
import { rowsInWords } from './words.ts'

type ProfilePageProps = {
  readonly dataset: { readonly id: string; readonly name: string }
  readonly version: number
  readonly state: AnalysisState<Profile>
  /** From 1. */
  readonly page: number
}

const perPage = 25

/** The page that says what the columns of one version are like. */
export function ProfilePage(props: ProfilePageProps) {
  const { dataset, version, state, page } = props
  const title = `Profile of ${dataset.name}, version ${version}`
  const href = paths.datasetProfile(dataset.id, version)
  return (
    <>
      <Title>{title}</Title>
      <DatasetBreadcrumbs dataset={dataset} current={`Profile of version ${version}`} />
      <PageHeader title={title} subtitle={state.state === 'done' ? summary(state.value) : undefined} />
      {state.state === 'done' ? (
        <Columns {...props} profile={state.value} computedAt={state.finishedAt} page={page} />
      ) : (
        <NoResult
          state={state}
          what="Profile"
          explanation="A profile says of each column how many values it has, which are frequent and how they are spread. It is computed once for a version and kept."
          action={{ href, label: 'Compute profile' }}
          cancelAction={paths.datasetProfileCancellation(dataset.id, version)}
          href={href}
        />
      )}
    </>
  )
}

function summary({ rows, columns, skipped }: Profile): string {
  const count = columns.length + skipped
  const first = skipped === 0 ? '' : `; the first ${columns.length} of them are looked at`
  return `${rowsInWords(rows)} × ${count.toLocaleString('en')} ${count === 1 ? 'column' : 'columns'}${first}`
}

function Columns(props: ProfilePageProps & { profile: Profile; computedAt: Date }) {
  const { profile, page, dataset, version, computedAt } = props
  if (profile.rows === 0) {
    return (
      <EmptyState title="No rows">This version has columns and no rows, so there is nothing to say of them.</EmptyState>
    )
  }
  const shown = profile.columns.slice((page - 1) * perPage, page * perPage)
  const to = (number: number) => paths.datasetProfile(dataset.id, version, number)
  return (
    <>
      <p class="muted">Numbers with “about” are estimates. Computed {absoluteTime(computedAt)}, from every row.</p>
      {shown.map((column) => (
        <Column column={column} profile={profile} />
      ))}
      <Pagination
        label="Pages of columns"
        previous={page === 1 ? null : to(page - 1)}
        next={profile.columns.length > page * perPage ? to(page + 1) : null}
        summary={`Columns ${(page - 1) * perPage + 1} to ${(page - 1) * perPage + shown.length} of ${profile.columns.length}`}
      />
    </>
  )
}

function Column(props: { column: ColumnProfile; profile: Profile }) {
  const { column } = props
  const { rows, isCounted = false } = props.profile
  const { nulls, distinct, minimum, maximum, mean, quartiles, top, histogram } = column
  const name = visible(column.name)
  return (
    <Section title={name}>
      <Facts
        facts={[
          { label: 'Type', value: <code>{column.type}</code> },
          { label: 'NULL', value: `${nulls.toLocaleString('en')} (${share(nulls, rows)})` },
          {
            label: 'Different values',
            value: `${isCounted || distinct <= 1 ? '' : 'about '}${distinct.toLocaleString('en')}`,
          },
          minimum === null ? null : { label: 'Least', value: visible(minimum) },
          maximum === null ? null : { label: 'Greatest', value: visible(maximum) },
          mean === null ? null : { label: 'Mean', value: String(Number(mean.toPrecision(8))) },
          quartiles === null ? null : { label: 'Quartiles', value: `about ${quartiles.join(' · ')}` },
        ]}
      />
      <div class="profile-pictures">
        {histogram === null ? null : <Histogram label={name} edges={histogram.edges} counts={histogram.counts} />}
        {top.length === 0 ? null : (
          <Table
            caption={`Most frequent values of ${name}`}
            captionHidden
            columns={[{ label: 'Frequent value' }, { label: 'Rows', numeric: true }, { label: 'Share', numeric: true }]}
            rows={top.map(({ value, count }) => [
              value === '' ? <span class="muted">empty</span> : visible(value),
              count.toLocaleString('en'),
              share(count, rows),
            ])}
          />
        )}
      </div>
    </Section>
  )
}

function share(part: number, whole: number): string {
  if (part === 0) return '0 %'
  const percent = (part / whole) * 100
  if (percent < 0.1) return 'under 0.1 %'
  return part < whole && percent > 99.9 ? 'over 99.9 %' : `${Number(percent.toFixed(1))} %`
}
