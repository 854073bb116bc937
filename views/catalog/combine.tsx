import type { QueryRows } from '../../src/analysis/analysis.ts'
import type { Combinable } from '../../src/catalog/combine-inputs.ts'
import type { NamedDatasets } from '../../src/catalog/combine-names.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink, DefaultButton, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { RowsTable, visible } from './rows.tsx'
import { rowsInWords } from './words.ts'

export type CombinePageProps = {
  readonly datasets: NamedDatasets<Combinable>
  readonly query: string
  readonly name: string
  /** What was looked for among them; the datasets that it found, the oldest first. */
  readonly search: string
  readonly found: NamedDatasets<Combinable>
  readonly preview: { readonly rows: QueryRows; readonly milliseconds: number } | null
  readonly errors: Readonly<Record<string, string>>
}

const listed = 50

/** The page of queries over datasets. */
export function CombinePage(props: CombinePageProps) {
  const { datasets, errors, query, preview } = props
  const list = Object.entries(errors).map(([field, message]) => ({ field, message }))
  return (
    <>
      <Title error={list.length > 0}>Combine datasets</Title>
      <DatasetBreadcrumbs current="Combine datasets" />
      <PageHeader
        title="Combine datasets"
        subtitle="One query over the latest versions of the datasets that you may use"
      />
      {datasets.length === 0 ? (
        <EmptyState
          title="No datasets to combine yet"
          action={
            <LinkButton href={paths.addData()} variant="primary">
              Add from data connection
            </LinkButton>
          }
        >
          A query reads the stored snapshots of datasets. Add one first.
        </EmptyState>
      ) : (
        <>
          <ErrorSummary errors={list} />
          <form method="post" action={paths.combine()} novalidate class="combine">
            <DefaultButton />
            <div class="combine-query">
              <TextField
                name="query"
                label="SQL query"
                hint='One SELECT in the SQL of DuckDB. A dataset is written by its name in double quotes: SELECT * FROM "orders".'
                value={query}
                error={errors.query}
                multiline
                monospace
                rows={10}
                autofocus={list.length === 0}
              />
              <Actions>
                <Button variant="secondary" name="intent" value="preview">
                  Preview
                </Button>
              </Actions>
              {preview === null ? null : <Previewed {...preview} />}
              <TextField name="name" label="Dataset name" value={props.name} error={errors.name} maximumLength={100} />
              <Actions>
                <Button name="intent" value="save">
                  Save as dataset
                </Button>
                <CancelLink href={paths.catalog()} />
              </Actions>
            </div>
            <DatasetList {...props} />
          </form>
        </>
      )}
    </>
  )
}

function Previewed(props: { rows: QueryRows; milliseconds: number }) {
  const { rows, columns, more } = props.rows
  const took = `${(props.milliseconds / 1000).toFixed(1)} s`
  if (rows.length === 0) return <p role="status">The query works and gives no rows. It took {took}.</p>
  const which = more ? `The first ${rows.length} rows` : rows.length === 1 ? 'The only row' : `All ${rows.length} rows`
  return (
    <>
      <p role="status">
        {which}, in {took}. Nothing was stored.
      </p>
      <RowsTable caption="Preview of the query" columns={columns} rows={rows} />
    </>
  )
}

function DatasetList(props: CombinePageProps) {
  const { datasets, search } = props
  const found = props.found.toReversed()
  return (
    <Section title="Datasets" id="datasets">
      {datasets.length > 10 || search !== '' ? (
        <>
          <TextField name="search" label="Find a dataset" type="search" value={search} />
          <Actions>
            <Button variant="secondary" name="intent" value="search">
              Find
            </Button>
          </Actions>
        </>
      ) : null}
      {found.length === 0 ? <p>No dataset has "{search}" in its name.</p> : null}
      <ul class="combine-list">
        {found.slice(0, listed).map((dataset) => (
          <Listed dataset={dataset} />
        ))}
      </ul>
      {found.length > listed ? <p class="muted">And {found.length - listed} more: find them by name.</p> : null}
    </Section>
  )
}

function Listed(props: { dataset: NamedDatasets<Combinable>[number] }) {
  const { alias, rows, columns, version } = props.dataset
  return (
    <li>
      <div class="combine-name">
        <code>"{visible(alias).replaceAll('"', '""')}"</code>
        <Button variant="secondary" name="insert" value={alias} label={`Insert ${alias}`}>
          Insert
        </Button>
      </div>
      <details>
        <summary>
          {rowsInWords(rows)}, {columns.length} {columns.length === 1 ? 'column' : 'columns'}, version {version}
          <span class="visually-hidden"> of {alias}</span>
        </summary>
        <ul>
          {columns.slice(0, 200).map(({ name, type }) => (
            <li>
              <code>"{visible(name).replaceAll('"', '""')}"</code> <span class="muted">{type}</span>
            </li>
          ))}
        </ul>
      </details>
    </li>
  )
}
