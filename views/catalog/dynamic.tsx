import type { Rows } from '../../src/connector/driver.ts'
import { paths } from '../../src/paths.ts'
import { Actions, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { FormButton } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import type { DatasetPageProps } from './dataset.tsx'
import { Refused } from './refusal.tsx'
import { RowsTable } from './rows.tsx'

/** The rows of a dynamic dataset: read when somebody asks, by a button, because a look uses an account. */
export function DynamicRows(props: DatasetPageProps) {
  const { dataset, looked } = props
  return (
    <Section title="Rows" id="rows">
      {looked === undefined ? (
        <p class="hint">Nothing is stored of a dynamic dataset. Each look signs in and reads its first 20 rows.</p>
      ) : null}
      {looked?.refusal === undefined ? null : <Refused diagnosis={looked.refusal} />}
      {looked?.rows === undefined ? null : <LiveRows rows={looked.rows} />}
      {dataset.connection === null ? null : <ShowRows {...props} />}
    </Section>
  )
}

function ShowRows({ dataset, only, looked }: DatasetPageProps) {
  const label = looked === undefined ? 'Show rows' : 'Show rows again'
  return (
    <Actions>
      {only === null ? (
        <LinkButton href={paths.datasetLook(dataset.id)} variant="primary">
          {label}
        </LinkButton>
      ) : (
        <>
          <FormButton action={paths.datasetLook(dataset.id)} hidden={{ account: only.id }} variant="primary">
            {label}
          </FormButton>
          <span class="muted">
            as <strong>{only.name}</strong>, <a href={paths.datasetLook(dataset.id)}>change</a>
          </span>
        </>
      )}
    </Actions>
  )
}

function LiveRows({ rows: { columns, rows } }: { rows: Rows }) {
  if (rows.length === 0) return <EmptyState title="No rows">The source works and gives no rows.</EmptyState>
  const count = rows.length === 1 ? 'The first row, as it is now.' : `The first ${rows.length} rows, as they are now.`
  return (
    <>
      <p role="status">{count} Nothing was stored.</p>
      <RowsTable caption="Rows" columns={columns} rows={rows} />
    </>
  )
}
