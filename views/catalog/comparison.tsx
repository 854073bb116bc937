import type { Changes, Difference } from '../../src/analysis/analysis.ts'
import type { AnalysisState } from '../../src/catalog/analyses.ts'
import type { VersionDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { absoluteTime } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { NoResult } from './analysis-state.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { DriftList, type DriftProps } from './drift.tsx'
import { RowsTable, visible } from './rows.tsx'
import { rowsInWords } from './words.ts'

/** What is compared: two versions by number, and the column that tells rows apart; '' for whole rows. */
export type ComparisonChoice = { readonly from: number; readonly to: number; readonly key: string }

export type ComparisonPageProps = {
  readonly dataset: { readonly id: string; readonly name: string }
  /** Those with data, the newest first. */
  readonly versions: readonly VersionDetail[]
  readonly choice: ComparisonChoice
  /** Null while nothing was chosen. */
  readonly shown: {
    readonly drift: DriftProps | null
    readonly state: AnalysisState<Difference>
  } | null
  readonly errors: Readonly<Record<string, string>>
}

/** The page that says how two versions of a dataset differ. */
export function ComparisonPage(props: ComparisonPageProps) {
  const { dataset, versions, choice, shown, errors } = props
  const title =
    shown === null ? `Compare versions of ${dataset.name}` : `${dataset.name}, version ${choice.from} and ${choice.to}`
  const list = Object.entries(errors).map(([field, message]) => ({ field, message }))
  return (
    <>
      <Title error={list.length > 0}>{title}</Title>
      <DatasetBreadcrumbs dataset={dataset} current="Compare versions" />
      <PageHeader title={title} />
      {versions.length < 2 ? (
        <EmptyState title="Nothing to compare yet">
          Two versions with data are needed. Create another snapshot first.
        </EmptyState>
      ) : (
        <>
          <ErrorSummary errors={list} />
          <Choice {...props} />
          {shown === null ? null : <Shown dataset={dataset} choice={choice} shown={shown} />}
        </>
      )}
    </>
  )
}

function Choice(props: ComparisonPageProps) {
  const { dataset, versions, choice, errors } = props
  const options = versions.map(({ number, rows, createdAt }) => ({
    value: String(number),
    label: `Version ${number}, ${rowsInWords(rows)}, ${absoluteTime(createdAt)}`,
  }))
  const columns = versions.find(({ number }) => number === choice.to)?.columns ?? []
  const keys = columns.slice(0, 500).map(({ name }) => ({ value: name, label: visible(name) }))
  return (
    <Form action={paths.datasetComparison(dataset.id)} label="What to compare">
      <SelectField name="from" label="Before" options={options} value={String(choice.from)} error={errors.from} />
      <SelectField name="to" label="After" options={options} value={String(choice.to)} error={errors.to} />
      <SelectField
        name="key"
        label="Column that tells rows apart"
        hint="With one, a row whose other values differ counts as changed. Without, whole rows are compared."
        options={[{ value: '', label: 'None: compare whole rows' }, ...keys]}
        value={choice.key}
        error={errors.key}
      />
      <Actions>
        <Button>Compare</Button>
        <CancelLink href={paths.dataset(dataset.id)} />
      </Actions>
    </Form>
  )
}

function Shown(
  props: Pick<ComparisonPageProps, 'dataset' | 'choice'> & { shown: NonNullable<ComparisonPageProps['shown']> },
) {
  const { dataset, choice, shown } = props
  const { state, drift } = shown
  const href = paths.datasetComparison(dataset.id, choice)
  return (
    <>
      <Section title="Columns" id="columns">
        {drift === null ? <p>Both versions have the same columns.</p> : <DriftList drift={drift} />}
      </Section>
      <Section title="Rows" id="rows">
        {state.state === 'done' ? (
          <Rows difference={state.value} choice={choice} />
        ) : (
          <NoResult
            state={state}
            what="Comparison"
            explanation="The rows of these two versions were not compared yet."
            action={{ href, label: 'Compare rows' }}
            cancelAction={paths.datasetComparisonCancellation(dataset.id, choice)}
            href={href}
          />
        )}
      </Section>
    </>
  )
}

function Rows(props: { difference: Difference; choice: ComparisonChoice }) {
  const { difference, choice } = props
  if (!difference.ok) return <Notice tone="warning">{reason(difference, choice)}</Notice>
  const { added, gone, changed, columns } = difference
  if (added.count + gone.count + (changed?.count ?? 0) === 0) {
    return <p>Both versions have the same rows in the columns that both have.</p>
  }
  return (
    <>
      <p>
        <strong>{counts(difference)}</strong>
      </p>
      <Examples title="Added" changes={added} columns={columns} />
      <Examples title="Gone" changes={gone} columns={columns} />
      {changed === null ? null : (
        <Examples title="Changed, before and after" changes={changed} columns={columns} pairs />
      )}
    </>
  )
}

function counts({ added, gone, changed }: Extract<Difference, { ok: true }>): string {
  const both = `${rowsInWords(added.count)} added, ${rowsInWords(gone.count)} gone`
  return changed === null ? `${both}.` : `${both}, ${rowsInWords(changed.count)} changed.`
}

function Examples(props: { title: string; changes: Changes; columns: readonly string[]; pairs?: boolean }) {
  const { title, changes, columns, pairs = false } = props
  if (changes.count === 0) return null
  const shown = pairs ? changes.examples.length / 2 : changes.examples.length
  const caption = shown < changes.count ? `${title}: ${shown} of ${changes.count.toLocaleString('en')}` : title
  const side = pairs ? [{ name: 'Version', type: 'VARCHAR' }] : []
  return (
    <>
      <h3>{caption}</h3>
      <RowsTable
        caption={caption}
        columns={[...side, ...columns.map((name) => ({ name, type: 'VARCHAR' }))]}
        rows={changes.examples.map((row, place) => (pairs ? [place % 2 === 0 ? 'before' : 'after', ...row] : row))}
      />
    </>
  )
}

function reason(difference: Extract<Difference, { ok: false }>, { from, to, key }: ComparisonChoice): string {
  if (difference.reason === 'nothing in common')
    return 'These versions have no column in common, so no rows can be compared.'
  if (difference.reason === 'no such key')
    return `Version ${from} and ${to} do not both have the column "${key}". Choose another one.`
  const version = difference.file === 'from' ? from : to
  return `The column "${key}" does not tell rows apart: in version ${version} it is NULL or repeated in ${rowsInWords(difference.rows)}. Choose another column, or compare whole rows.`
}
