import type { ConnectionRow } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { PanelSearch } from '../ui/panel-search.tsx'
import { Title } from '../ui/title.tsx'

/** The trail of the steps of **Add from data connection**. */
export const addTrail = [{ label: 'Catalog', href: paths.catalog() }]

/** The first step: which data connection. Choosing one goes on with its account at once. */
export function ChooseConnectionPage(props: { rows: readonly ConnectionRow[]; more: boolean; text: string }) {
  const { rows, text } = props
  return (
    <div class="narrow">
      <Title>Add from data connection</Title>
      <Breadcrumbs trail={addTrail} current="Add from data connection" />
      <PageHeader title="Add from data connection" subtitle="Choose where the data is." />
      {rows.length === 0 && text === '' ? (
        <EmptyState
          title="No data connections yet"
          action={
            <LinkButton href={paths.newConnection()} variant="primary" shortcut="n">
              + Add connection
            </LinkButton>
          }
        >
          A data connection says where a data store is. Add one, then come back here.
        </EmptyState>
      ) : (
        <>
          <PanelSearch action={paths.addData()} label="Search data connections" value={text} />
          {rows.length === 0 ? <p>No data connections found.</p> : <Connections rows={rows} />}
          {props.more ? <p class="hint">There are more than are shown. Search for the one you need.</p> : null}
        </>
      )}
    </div>
  )
}

function Connections(props: { rows: readonly ConnectionRow[] }) {
  return (
    <form method="post" action={paths.addData()} class="account-picker" aria-label="Data connections">
      <ul>
        {props.rows.map((row) => (
          <li>
            <button type="submit" class="account" name="connection" value={row.id}>
              <span class="account-name">{row.name}</span>
              <span class="account-meta">{row.address.address}</span>
            </button>
          </li>
        ))}
      </ul>
    </form>
  )
}
